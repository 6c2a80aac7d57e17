"""Holds memory.py to the recorded goldens: python test_memory.py GOLDENS_FOLDER"""

import json
import os
import sys

import numpy as np

import memory


def array(root, case, key):
    a = case["arrays"][key]
    return np.fromfile(os.path.join(root, a["file"]), "<f4").reshape(a["shape"])


def main(root):
    checked = 0
    for name in sorted(os.listdir(root)):
        if not name.endswith(".json"):
            continue
        case = json.load(open(os.path.join(root, name)))
        if case["kind"] != "paper-consolidate" or not case.get("weighted", case.get("settings", {}).get("weighted")):
            continue
        frames = array(root, case, "features")
        wanted = array(root, case, "memory")
        means, sizes, _ = memory.consolidate(frames[None], len(wanted))
        error = np.abs(means[0] - wanted).max() / np.abs(wanted).max()
        assert error < 1e-5, (name, error)
        slots, counts = [f.astype(np.float64) for f in frames], [1] * len(frames)
        memory.merge_to(slots, counts, len(wanted))
        assert np.abs(np.stack(slots) - wanted).max() / np.abs(wanted).max() < 1e-5, name
        assert counts == [int(s) for s in sizes[0]]
        print("ok", name, error)
        checked += 1
    assert checked, "no golden found"


if __name__ == "__main__":
    main(sys.argv[1])
