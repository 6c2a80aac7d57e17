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
from train_decoder import collate, forward, tensors


def exact(decoder, batch):
    """For each example, one (type, right) per question; of a conversation the last turn counts."""
    x = tensors(collate(batch), "cpu")
    with torch.no_grad():
        states, _, _ = forward(decoder, x)
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


def load(run_folder, name="decoder.pt", raw=False):
    tokenizer = tokenizers.load(os.path.join(run_folder, "tokenizer.json"))
    decoder = Decoder(len(tokenizer))
    state = torch.load(os.path.join(run_folder, name), map_location="cpu")
    decoder.load_state_dict(state["decoder"] if raw else state.get("mean", state["decoder"]))
    return decoder.eval(), tokenizer


def show(name, table):
    total = sum(c[1] for c in table.values())
    right = sum(c[0] for c in table.values())
    cells = " ".join(f"{k}:{100 * c[0] / c[1]:.0f}({c[1]})" for k, c in sorted(table.items()))
    print(f"{name} all {100 * right / max(1, total):.1f} ({total})  {cells}", flush=True)


def write(path, tables):
    types = sorted({t for table in tables.values() for t in table}, key=lambda t: (t.startswith("@"), t))
    with open(path, "w") as file:
        file.write("| question | " + " | ".join(tables) + " |\n|---|" + "---|" * len(tables) + "\n")
        for t in types:
            cells = [f"{100 * table[t][0] / table[t][1]:.0f} ({table[t][1]})" if t in table else "-" for table in tables.values()]
            file.write(f"| {t.lower().replace('_', ' ')} | " + " | ".join(cells) + " |\n")
        cells = [f"{100 * sum(c[0] for c in table.values()) / sum(c[1] for c in table.values()):.0f}" for table in tables.values()]
        file.write("| all | " + " | ".join(cells) + " |\n")


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
    options.add_argument("--raw", action="store_true", help="the last step's weights, not the mean of the last few hundred")
    options.add_argument("--markdown", help="file for the table")
    o = options.parse_args()
    torch.set_num_threads(1)
    decoder, tokenizer = load(o.run, raw=o.raw)
    tables = {}
    bank = Bank(o.run, o.bank)
    for n in [int(s) for s in o.scenes.split(",") if s]:
        stream = movies.stream(o.classes, 77 + n, o.bank_seed, len(bank), n, n, 0, 2500, 30, o.split)
        tables[f"{n} scenes"] = run(decoder, bank, tokenizer, stream, o.movies, (16, 4, 64, "merged"))
        show(f"{n} scenes", tables[f"{n} scenes"])
    if o.long:
        for kind in ("merged", "uniform", "recent"):
            stream = movies.stream(o.classes, 99, o.bank_seed, len(bank), 1, 1, 100, 2500, 0, o.split)
            tables[f"long {kind}"] = run(decoder, bank, tokenizer, stream, o.long, (16, 4, 64, kind), batch=2)
            show(f"long {kind}", tables[f"long {kind}"])
    if o.markdown:
        write(o.markdown, tables)


if __name__ == "__main__":
    main()
