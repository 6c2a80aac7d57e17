"""Trains the speech model on the pool that make_pool.py writes (it may still be writing). Goes on from RUN/speech.pt."""

import argparse
import glob
import json
import math
import os
import random
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

import model as models
import tokens
import voices
import words

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from muon import Muon

IGNORED = -100
LOOK = 20  # states, 0.4 seconds: how far from its place in the sound a word may be looked for


class Sounds:
    """Phonemes as classes; 0 is the blank."""

    def __init__(self):
        self.of = {w: voices.phonemes(w) for w in words.vocabulary()}
        self.number = {p: i + 1 for i, p in enumerate(sorted({p for said in self.of.values() for p in said}))}

    def classes(self):
        return len(self.number) + 1

    def ids(self, said):
        return [self.number[p] for w in said for p in self.of[w]]


def targets(segments, tokenizer, offset, last, timed):
    """Ids after the prompt, and the state at which each is heard or -1. offset: encoder position of the window's first sample; last: the largest time."""
    t = tokenizer
    if not segments:
        ids = ([t.stamp + 0] if timed else []) + [t.end]
        return ids, [-1.0] * len(ids)
    stamp = lambda seconds: t.stamp + min(last, offset + round(seconds * 50))
    ids, places = [], []
    for start, end, said, first, mark in segments:
        if timed:
            ids.append(stamp(start))
            places.append(start * 50)
        if end is not None:
            text = t.encode(words.written(said, first, mark))
            ids += text
            # Words are taken to follow each other evenly: near enough to show where to look.
            places += [50 * (start + (i + 0.5) / len(text) * (end - start)) for i in range(len(text))]
            if timed:
                ids.append(stamp(end))
                places.append(end * 50)
    return ids + [t.end], places + [-1.0]


class Pool:
    """Blocks of windows, a few open at a time, read in turns."""

    def __init__(self, folder, r, open_blocks=6):
        self.folder, self.r, self.open_blocks, self.blocks, self.used = folder, r, open_blocks, [], {}

    def names(self):
        return sorted(p[:-5] for p in glob.glob(os.path.join(self.folder, "*.json")))

    def draw(self):
        while len(self.blocks) < self.open_blocks:
            names = self.names()
            fewest = min(self.used.get(n, 0) for n in names)
            name = self.r.choice([n for n in names if self.used.get(n, 0) <= fewest])
            self.used[name] = fewest + 1
            with open(name + ".json") as file:
                labels = json.load(file)
            features = np.load(name + ".npy")
            order = list(range(len(labels)))
            self.r.shuffle(order)
            self.blocks.append((features, labels, order))
        which = self.r.randrange(len(self.blocks))
        features, labels, order = self.blocks[which]
        i = order.pop()
        if not order:
            del self.blocks[which]
        return features[i], labels[i]


def hide(x, r):
    """SpecAugment, mildly: a few bands and moments are made equal to the window's mean."""
    if r.random() < 0.6:
        mean = x.mean()
        for _ in range(r.randint(0, 2)):
            width = r.randint(1, 10)
            at = r.randrange(80 - width)
            x[at : at + width] = mean
        for _ in range(r.randint(0, 3)):
            width = r.randint(1, 20)
            at = r.randrange(x.shape[1] - width)
            x[:, at : at + width] = mean
    return x


def batch(pool, n, tokenizer, sounds, r, augment=True):
    t, features, inputs, wanted, offsets, spoken, heard_at = tokenizer, [], [], [], [], [], []
    for _ in range(n):
        x, segments = pool.draw()
        x = x.astype(np.float32)
        features.append(hide(x, r) if augment else x)
        frames = x.shape[1] // 2
        offset = 0 if not augment or r.random() < 0.3 else r.randint(0, models.FRAMES - frames)
        timed = not augment or r.random() < 0.9
        prompt = [t.start, t.english, t.transcribe] + ([] if timed else [t.plain])
        # Times stay within the window, so that an end at its border is the border.
        ids, places = targets(segments, t, offset, offset + frames, timed)
        labels = [t.english if segments else t.silence] + [IGNORED] * (len(prompt) - 2) + ids
        seen = prompt + ids[:-1]
        if augment:
            seen = [r.randrange(t.text) if i < t.text and r.random() < 0.06 else i for i in seen]
        inputs.append(seen)
        wanted.append(labels)
        offsets.append(offset)
        heard_at.append([-1.0] * (len(prompt) - 1) + places)
        spoken.append(sounds.ids([w for s in segments for w in s[2]]))
    longest = max(map(len, inputs))
    pad = lambda rows, value: torch.tensor([row + [value] * (longest - len(row)) for row in rows])
    return torch.from_numpy(np.stack(features)), torch.tensor(offsets), pad(inputs, t.end), pad(wanted, IGNORED), pad(heard_at, -1.0), spoken


def losses(net, data, tokenizer):
    features, offsets, inputs, wanted, places, spoken = data
    looks = []
    with torch.autocast("cpu", dtype=torch.bfloat16):
        heard = net.encode(features, offsets)
        logits = net.decode(inputs, heard, looks=looks)
        said = net.sounds(heard)
    logits = logits.float()
    answer = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=IGNORED)
    lengths = torch.tensor([len(s) for s in spoken])
    classes = F.log_softmax(said.float(), -1).transpose(0, 1)
    flat = torch.tensor([i for s in spoken for i in s], dtype=torch.long)
    ctc = F.ctc_loss(classes, flat, torch.full((len(spoken),), classes.shape[0]), lengths, zero_infinity=True, reduction="sum") / max(1, int(lengths.sum()))
    near = ((torch.arange(heard.shape[1]) - places[:, :, None]).abs() <= LOOK) & (places[:, :, None] >= 0)
    guide = sum(-((look.float() * near).sum(-1)[places >= 0] + 1e-4).log().mean() for look in looks) / len(looks)
    with torch.no_grad():
        right = logits.argmax(-1) == wanted
        text = (wanted >= 0) & (wanted < tokenizer.end)
        times = wanted >= tokenizer.stamp
        shares = right[text].float().mean(), right[times].float().mean(), (logits.argmax(-1) - wanted).abs().le(2)[times].float().mean()
        shares += (heard.float().var(1).mean(), guide)
    return answer, ctc, guide, shares


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--run", required=True)
    options.add_argument("--minutes", type=float, required=True, help="of this run's schedule, all parts together")
    options.add_argument("--long", type=float, default=0.75, help="share of the time after which windows are of 30 seconds")
    options.add_argument("--rate", type=float, default=1.5e-3)
    options.add_argument("--batch", type=int, default=16)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--restart", action="store_true", help="a new schedule on the present weights")
    o = options.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(o.seed)
    tokenizer, sounds = tokens.Tokenizer(), Sounds()
    net = models.Speech(tokenizer.stamp, tokens.STAMPS, sounds.classes())
    matrices = [p for n, p in net.named_parameters() if p.ndim == 2 and n.startswith(("encoder.", "decoder.", "time."))]
    own = {id(p) for p in matrices}
    optimisers = [Muon(matrices, o.rate), torch.optim.AdamW([p for p in net.parameters() if id(p) not in own], o.rate, betas=(0.9, 0.98), weight_decay=0.01)]
    mean = {k: v.clone() for k, v in net.state_dict().items()}
    steps, before = 0, 0.0
    path = os.path.join(o.run, "speech.pt")
    if os.path.exists(path):
        held = torch.load(path)
        net.load_state_dict(held["net"])
        mean = held["mean"]
        for optimiser, state in zip(optimisers, held["optimisers"]):
            optimiser.load_state_dict(state)
        steps, before = held["steps"], 0.0 if o.restart else held["seconds"]
    print("parameters", sum(p.numel() for p in net.parameters()), flush=True)
    r = random.Random(o.seed * 1000 + steps)
    short, long = Pool(os.path.join(o.run, "pool8"), r), Pool(os.path.join(o.run, "pool30"), r, 3)
    start = last = time.time()
    sums, first = np.zeros(8), steps
    while True:
        now = time.time()
        progress = (before + now - start) / (60 * o.minutes)
        if progress >= 1:
            break
        warm = min(1.0, (steps + 1) / 100) if not o.restart else min(1.0, (steps - first + 1) / 50)
        rate = o.rate * warm * (1 if progress < 0.5 else 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (progress - 0.5) / 0.5)))
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate
        whole = progress > o.long and steps % 4 != 0 and long.names()
        data = batch(long if whole else short, o.batch // 4 if whole else o.batch, tokenizer, sounds, r)
        answer, ctc, guide, shares = losses(net, data, tokenizer)
        for optimiser in optimisers:
            optimiser.zero_grad(set_to_none=True)
        (answer + (0.6 if progress < 0.6 else 0.3) * ctc + (0.3 if progress < 0.8 else 0.0) * guide).backward()
        norm = torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0, error_if_nonfinite=True)
        for optimiser in optimisers:
            optimiser.step()
        steps += 1
        keep = min(0.995, steps / (steps + 20))
        with torch.no_grad():
            for name, value in net.state_dict().items():
                mean[name].lerp_(value, 1 - keep)
        sums += [float(answer), float(ctc)] + [0.0 if math.isnan(s) else float(s) for s in shares] + [float(norm)]
        if steps % 50 == 0:
            now = time.time()
            line = dict(steps=steps, seconds=round(before + now - start), rate=round(rate, 6), answer=sums[0] / 50, sounds=sums[1] / 50, words=sums[2] / 50, times=sums[3] / 50, near=sums[4] / 50, moving=sums[5] / 50, looks=sums[6] / 50, norm=sums[7] / 50, step=(now - last) / 50)
            line = {k: round(v, 4) for k, v in line.items()}
            print(line, flush=True)
            with open(os.path.join(o.run, "speech.log"), "a") as file:
                file.write(json.dumps(line) + "\n")
            sums, last = np.zeros(8), now
        if steps % 200 == 0 or progress >= 1:
            save(path, net, mean, optimisers, steps, before + now - start)
    save(path, net, mean, optimisers, steps, before + time.time() - start)


def save(path, net, mean, optimisers, steps, seconds):
    torch.save(dict(net=net.state_dict(), mean=mean, optimisers=[x.state_dict() for x in optimisers], steps=steps, seconds=seconds), path + ".new")
    os.rename(path + ".new", path)


if __name__ == "__main__":
    main()
