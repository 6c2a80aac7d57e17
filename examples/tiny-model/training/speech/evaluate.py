"""Word error rates by voice, rate and noise, with intervals; cues where nobody speaks. On windows that training never saw (seeds of their own)."""

import argparse
import json
import os
import random

import numpy as np
import torch

import decoding
import model as models
import sounds
import tokens
import train
import words

SECONDS = 30


def load(run, raw=False):
    tokenizer = tokens.Tokenizer()
    net = models.Speech(tokenizer.stamp, tokens.STAMPS, train.Sounds().classes())
    held = torch.load(os.path.join(run, "speech.pt"))
    net.load_state_dict(held["net" if raw else "mean"])
    return net.eval(), tokenizer, held["steps"]


def distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        before, row[0] = row[0], i + 1
        for j, y in enumerate(b):
            before, row[j + 1] = row[j + 1], min(row[j + 1] + 1, row[j] + 1, before + (x != y))
    return row[-1]


def interval(errors, totals, seed=1):
    """95 % by bootstrap over windows."""
    g = np.random.default_rng(seed)
    errors, totals = np.array(errors), np.array(totals)
    picks = g.integers(0, len(errors), (2000, len(errors)))
    rates = errors[picks].sum(1) / totals[picks].sum(1)
    return np.percentile(rates, 2.5), np.percentile(rates, 97.5)


def wilson(k, n):
    p, z = k / n, 1.96
    middle, half = p + z * z / 2 / n, z * np.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def speech(name, count, held_voice, held_rate, snr, kinds):
    for i in range(count):
        r, g = random.Random(f"check {name} {i}"), np.random.default_rng((77, i))
        window = sounds.speech_window(SECONDS, r, held_voice, held_rate, density=r.choice([0.4, 1.0, 2.5]), cut=False)
        if snr is None:
            x = window.samples * 10 ** (-20 / 20)
        else:
            x = sounds.finish(window, r, g, snr, kinds, level=-22)
        yield x, window.segments


def silence(count):
    for i in range(count):
        r, g = random.Random(f"silence {i}"), np.random.default_rng((78, i))
        yield sounds.quiet_window(SECONDS, r, g), []


SETS = [
    ("seen voices, seen rates, clean", False, False, None, None), ("held-out voices, seen rates, clean", True, False, None, None),
    ("seen voices, held-out rates, clean", False, True, None, None), ("held-out voices, held-out rates, clean", True, True, None, None),
    ("held-out voices, held-out rates, white 10 dB", True, True, 10, ("white",)), ("held-out voices, held-out rates, pink 10 dB", True, True, 10, ("pink",)),
    ("held-out voices, held-out rates, babble 10 dB", True, True, 10, ("babble",)),
]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--run", required=True)
    options.add_argument("--windows", type=int, default=20, help="of 30 seconds, for each set")
    options.add_argument("--show", type=int, default=0, help="windows of each set to print")
    options.add_argument("--raw", action="store_true")
    options.add_argument("--json")
    o = options.parse_args()
    torch.set_num_threads(1)
    net, tokenizer, steps = load(o.run, o.raw)
    print("steps", steps)
    results = {}
    for name, held_voice, held_rate, snr, kinds in SETS:
        errors, totals, offs, cues, shown = [], [], [], 0, 0
        windows = list(speech(name, o.windows, held_voice, held_rate, snr, kinds))
        for at in range(0, len(windows), 5):
            part = windows[at : at + 5]
            features = torch.from_numpy(np.stack([sounds.log_mel(x) for x, _ in part])).float()
            said, _ = decoding.decode(net, features, tokenizer)
            for ids, (_, truth) in zip(said, part):
                got = decoding.segments(ids, tokenizer)
                wanted = [w for s in truth for w in s[2]]
                heard = words.normal(" ".join(g[2] for g in got))
                errors.append(distance(wanted, heard))
                totals.append(len(wanted))
                cues += len(truth)
                for s in truth:  # the nearest cue that says the same
                    same = [g for g in got if words.normal(g[2]) == s[2]]
                    if same:
                        best = min(same, key=lambda g: abs(g[0] - s[0]))
                        offs.append(max(abs(best[0] - s[0]), abs(best[1] - s[1])))
                if shown < o.show:
                    shown += 1
                    for s in truth:
                        print("   ", f"{s[0]:.2f} {s[1]:.2f}", " ".join(s[2]))
                    print("    ->", [(round(a, 2), round(b, 2), c) for a, b, c in got])
        low, high = interval(errors, totals)
        rate = sum(errors) / sum(totals)
        offs = np.array(offs or [9])
        results[name] = dict(wer=rate, low=low, high=high, words=sum(totals), cues=cues, exact=len(offs) / cues, within=float((offs < 0.2).mean()), off=float(np.median(offs)))
        print(f"{name}: WER {100 * rate:.1f} % ({100 * low:.1f}-{100 * high:.1f}), {sum(totals)} words; cues word for word {100 * len(offs) / cues:.0f} % of {cues}, of these both ends within 0.2 s {100 * (offs < 0.2).mean():.0f} %, median {np.median(offs):.2f} s", flush=True)
    quiet, wrong, marked = list(silence(3 * o.windows)), 0, 0
    for at in range(0, len(quiet), 5):
        features = torch.from_numpy(np.stack([sounds.log_mel(x) for x, _ in quiet[at : at + 5]])).float()
        said, silent = decoding.decode(net, features, tokenizer)
        for ids, p in zip(said, silent):
            got = decoding.segments(ids, tokenizer)
            wrong += bool(got)
            marked += p > 0.6
            if got and o.show:
                print("    invented:", got)
    low, high = wilson(wrong, len(quiet))
    results["silence"] = dict(wrong=wrong, windows=len(quiet), low=low, high=high, marked=int(marked))
    print(f"nobody speaks: cues in {wrong} of {len(quiet)} windows ({100 * low:.1f}-{100 * high:.1f} %); marked as silent {marked}")
    if o.json:
        with open(o.json, "w") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
