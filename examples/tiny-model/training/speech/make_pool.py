"""Writes a pool of training windows: features as half floats, what is said as JSON. Goes on where it stopped; several may run with different names."""

import argparse
import json
import os
import random

import numpy as np

import sounds

BLOCK = 64


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--run", required=True)
    options.add_argument("--seconds", type=int, required=True, help="length of a window")
    options.add_argument("--windows", type=int, required=True)
    options.add_argument("--seed", type=int, default=1)
    o = options.parse_args()
    folder = os.path.join(o.run, f"pool{o.seconds}")
    os.makedirs(folder, exist_ok=True)
    for block in range(o.windows // BLOCK):
        path = os.path.join(folder, f"{o.seed}-{block:05d}")
        if os.path.exists(path + ".json"):
            continue
        r, g = random.Random(f"{o.seed} {o.seconds} {block}"), np.random.default_rng((o.seed, o.seconds, block))
        features = np.empty((BLOCK, 80, o.seconds * 100), np.float16)
        labels = []
        for i in range(BLOCK):
            x, segments = sounds.training_window(o.seconds, r, g)
            features[i] = sounds.log_mel(x)
            labels.append(segments)
        np.save(path + ".npy", features)
        with open(path + ".json.new", "w") as file:
            json.dump(labels, file)
        os.rename(path + ".json.new", path + ".json")


if __name__ == "__main__":
    main()
