"""Draws the training curves that the README shows."""

import argparse
import json
import os

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def lines(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--run", required=True)
    options.add_argument("--out", required=True)
    o = options.parse_args()
    log = os.path.join(o.run, "encoder.jsonl")
    encoder = lines(log) if os.path.exists(log) else []  # a run may take another run's encoder
    # A resumed run repeats the steps after its checkpoint: the later line counts.
    decoder = list({line["steps"]: line for line in lines(os.path.join(o.run, "decoder.jsonl"))}.values())
    decoder.sort(key=lambda line: line["steps"])
    panels = 3 if encoder else 2
    figure, axes = plt.subplots(1, panels, figsize=(13 / 3 * panels, 3.6))
    if encoder:
        x = [e["frames"] / 1000 for e in encoder]
        axes[0].plot(x, [100 * e["kind"] for e in encoder], label="kind")
        axes[0].plot(x, [100 * e["colour"] for e in encoder], label="colour")
        axes[0].set(title="encoder: what is in the quarter", xlabel="thousand frames", ylabel="% right in a batch")
        axes[0].legend()
    answers, slots = axes[-2:]
    x = [d["movies"] / 1000 for d in decoder]
    answers.semilogy(x, [d["loss"] for d in decoder])
    answers.set(title="decoder: answer tokens", xlabel="thousand movies", ylabel="cross entropy")
    names = ["scene number", "kind", "colour", "kind 2", "colour 2", "action", "action 2", "kind before", "colour before", "kind 2 before", "colour 2 before"]
    for i in (0, 1, 5, 7):
        slots.plot(x, [d["aux"][i] for d in decoder], label=names[i])
    slots.set(title="decoder: auxiliary losses on slots", xlabel="thousand movies", ylabel="cross entropy")
    slots.legend()
    for axis in axes:
        axis.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(o.out, dpi=80)


if __name__ == "__main__":
    main()
