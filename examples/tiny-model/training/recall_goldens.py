"""Writes cases for moviechat-memory's RecallTest: what recall.py makes of random stores. python recall_goldens.py FILE.json"""

import json
import sys

import numpy as np

import recall


def case(random, slots, tokens, width, limit, kind):
    centres = random.normal(size=(6, tokens, width))
    values = (centres[np.sort(random.integers(0, 6, slots))] + 0.4 * random.normal(size=(slots, tokens, width))).astype(np.float32)
    counts = random.integers(1, 40, slots)
    relevance = np.zeros(slots, np.float32)
    if kind == "few":
        relevance[random.integers(0, slots, 3)] = random.random(3)
    elif kind == "all":
        relevance = random.random(slots).astype(np.float32)
    few, sizes = recall.recall(values, counts, recall.spread(relevance), limit)
    return dict(
        tokens=tokens, width=width, limit=limit, frames=counts.tolist(), relevance=[round(float(v), 7) for v in relevance],
        values=[round(float(v), 7) for v in values.ravel()], expected_frames=sizes.tolist(), expected_values=[round(float(v), 7) for v in few.ravel()],
    )


def main(path):
    random = np.random.default_rng(7)
    shapes = [(30, 4, 5, 8, "none"), (30, 4, 5, 8, "few"), (50, 1, 7, 12, "all"), (24, 8, 3, 23, "few"), (17, 2, 6, 1, "few")]
    with open(path, "w") as file:
        json.dump([case(random, *shape) for shape in shapes], file)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
