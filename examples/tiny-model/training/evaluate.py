"""Exact match by question type. An answer counts if every token, the end included, is the greedy choice: that is what greedy generation gives."""

import argparse
import itertools
import json
import os
import sys

import numpy as np
import torch

import movies
import tokenizer as tokenizers
from make_bank import Bank
from model import WIDTH, Decoder
from train_decoder import collate, forward


def exact(decoder, batch):
    """For each example, one (type, right) per question; of a conversation the last turn counts."""
    x = collate(batch)
    with torch.no_grad():
        states, _ = forward(decoder, x)
        choice = decoder.head(states).argmax(-1).numpy()
    results = []
    for i, e in enumerate(batch):
        for b, kind in enumerate(e["types"]):
            at = np.nonzero((e["block"] == b) & (e["labels"] >= 0))[0]
            gaps = np.nonzero(np.diff(at) > 1)[0]
            if len(gaps):
                at = at[gaps[-1] + 1 :]
            results.append((kind, bool((choice[i][at] == e["labels"][at]).all())))
    return results


def run(decoder, bank, tokenizer, stream, count, settings, batch=6):
    table = {}
    chosen = itertools.islice(stream, count)
    while True:
        examples = []
        for movie in itertools.islice(chosen, batch):
            if movie["questions"]:
                e = movies.example(bank, tokenizer, movie, settings)
                at = "@" if movie["at"] >= 0 else ""
                e["types"] = [at + q[0] for q in movie["questions"]]
                examples.append(e)
        if not examples:
            return table
        for kind, right in exact(decoder, examples):
            cell = table.setdefault(kind, [0, 0])
            cell[0] += right
            cell[1] += 1


def load(run_folder, name="decoder.pt"):
    tokenizer = tokenizers.load(os.path.join(run_folder, "tokenizer.json"))
    decoder = Decoder(len(tokenizer))
    state = torch.load(os.path.join(run_folder, name))
    decoder.load_state_dict(state.get("mean", state["decoder"]))
    return decoder.eval(), tokenizer


def show(name, table):
    total = sum(c[1] for c in table.values())
    right = sum(c[0] for c in table.values())
    cells = " ".join(f"{k}:{100 * c[0] / c[1]:.0f}({c[1]})" for k, c in sorted(table.items()))
    print(f"{name} all {100 * right / max(1, total):.1f} ({total})  {cells}", flush=True)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--run", required=True)
    options.add_argument("--classes", required=True)
    options.add_argument("--bank", default="val")
    options.add_argument("--bank-seed", type=int, default=202)
    options.add_argument("--split", default="SEEN")
    options.add_argument("--movies", type=int, default=60)
    options.add_argument("--scenes", default="1,2,4,8")
    options.add_argument("--long", type=int, default=0)
    o = options.parse_args()
    torch.set_num_threads(1)
    decoder, tokenizer = load(o.run)
    bank = Bank(o.run, o.bank)
    for n in [int(s) for s in o.scenes.split(",") if s]:
        stream = movies.stream(o.classes, 77 + n, o.bank_seed, len(bank), n, n, 0, 2500, 30, o.split)
        show(f"{n} scenes", run(decoder, bank, tokenizer, stream, o.movies, (16, 4, 64, "merged")))
    if o.long:
        for kind in ("merged", "uniform", "recent"):
            stream = movies.stream(o.classes, 99, o.bank_seed, len(bank), 1, 1, 100, 2500, 0, o.split)
            show(f"long {kind}", run(decoder, bank, tokenizer, stream, o.long, (16, 4, 64, kind), batch=2))


if __name__ == "__main__":
    main()
