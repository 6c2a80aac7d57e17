"""The mean of two decoders of one training: what went on from shipped weights, brought back half way to them, keeps what both know.

    average.py SHIPPED.pt TUNED.pt OUT.pt [SHARE_OF_TUNED]
"""

import sys

import torch


def weights(path):
    state = torch.load(path, map_location="cpu")
    return state.get("mean", state["decoder"])


def main(shipped, tuned, out, share=0.5):
    kept, learnt = weights(shipped), weights(tuned)
    mean = {name: kept[name].lerp(learnt[name], float(share)) for name in learnt}
    torch.save(dict(decoder=mean), out)


if __name__ == "__main__":
    main(*sys.argv[1:])
