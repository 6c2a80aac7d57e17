"""Word error rates of a bundle through the command line, as a user hears a film: `moviechat transcribe`, voice detection and all.

product.py --bundle DIR [--sounds 20]: sounds of 80 seconds, of sentences that films of the small world say (no loose words), with seeds that training never saw.
"""

import argparse
import json
import os
import random
import re
import subprocess
import tempfile
import wave

import numpy as np

import sounds
import words
from evaluate import distance, interval

SECONDS = 80
LAUNCHER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "moviechat")

# Held-out voice, held-out rate, decibels between speech and noise, kinds of noise.
SETS = [
    ("held-out voices, pink 25 dB", True, False, 25, ("pink",)), ("held-out voices and rates, pink 25 dB", True, True, 25, ("pink",)),
    ("held-out voices and rates, pink 10 dB", True, True, 10, ("pink",)), ("held-out voices and rates, white 10 dB", True, True, 10, ("white",)),
    ("held-out voices and rates, babble 10 dB", True, True, 10, ("babble",)),
]


def line(r):
    """A sentence with a grammar."""
    templates, mark = r.choice([(words.STATEMENTS, "."), (words.COMMANDS, "."), (words.QUESTIONS, "?")])
    return words.fill(r.choice(templates), r), mark


def sound(r, g, held_voice, held_rate, snr, kinds):
    n = SECONDS * sounds.RATE
    x, lines, at = np.zeros(n), [], int(r.uniform(0.5, 3) * sounds.RATE)
    while True:
        said = sounds.utterance(r, held_voice, held_rate, text=line(r))
        if at + len(said.samples) > n - sounds.RATE:
            return sounds.finish(sounds.Window(x, lines), r, g, snr, kinds, level=-22), lines
        x[at : at + len(said.samples)] += said.samples
        lines.append((at / sounds.RATE, said.words))
        at += len(said.samples) + int(r.uniform(0.8, 4) * sounds.RATE)


def transcribe(x, bundle, folder):
    film, out = os.path.join(folder, "sound.wav"), os.path.join(folder, "sound.srt")
    with wave.open(film, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sounds.RATE)
        file.writeframes((x * 32767).astype("<i2").tobytes())
    subprocess.run([LAUNCHER, "transcribe", "--video", film, "--speech", bundle, "--out", out], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(out) as file:
        cues = re.findall(r"(\d+):(\d+):(\d+),(\d+) --> .*\n((?:.+\n?)+)", file.read())
    return [(int(h) * 3600 + int(m) * 60 + int(s) + int(ms) / 1000, words.normal(text)) for h, m, s, ms, text in cues]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--bundle", required=True)
    options.add_argument("--sounds", type=int, default=20, help="of 80 seconds, for each set")
    options.add_argument("--json")
    o = options.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, *how in SETS:
            errors, totals, exact, lines, cues = [], [], 0, 0, 0
            for i in range(o.sounds):
                x, truth = sound(random.Random(f"product {name} {i}"), np.random.default_rng((79, i)), *how)
                heard = transcribe(x, o.bundle, folder)
                wanted = [w for _, said in truth for w in said]
                errors.append(distance(wanted, [w for _, said in heard for w in said]))
                totals.append(len(wanted))
                lines += len(truth)
                cues += len(heard)
                exact += sum(any(said == got and abs(at - start) < 1 for start, got in heard) for at, said in truth)
            low, high = interval(errors, totals)
            rate = sum(errors) / sum(totals)
            results[name] = dict(wer=rate, low=low, high=high, words=sum(totals), lines=lines, exact=exact, cues=cues)
            print(f"{name}: WER {100 * rate:.1f} % ({100 * low:.1f}-{100 * high:.1f}), {sum(totals)} words; lines word for word within a second {exact} of {lines}, cues {cues}", flush=True)
    if o.json:
        with open(o.json, "w") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
