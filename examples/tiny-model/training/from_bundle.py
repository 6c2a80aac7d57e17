"""The way back: encoder.pt, decoder.pt and the tokenizer of a run folder, from a bundle, so that training can go on from shipped weights.

The heads of the auxiliary losses are not in a bundle: `train_decoder.py --resume` lets new ones settle first.
"""

import argparse
import os
import re
import shutil

import numpy as np
import onnx
import torch
from onnx import numpy_helper

import tokenizer as tokenizers
from model import Decoder, Encoder


def weights(path):
    """Tensors by their torch names. Matrices lost theirs in the export: their MatMul node, named after the module, gives it back."""
    graph = onnx.load(path).graph
    tensors = {t.name.removesuffix(".half"): torch.from_numpy(numpy_helper.to_array(t).astype(np.float32)) for t in graph.initializer}
    named = {name: tensor for name, tensor in tensors.items() if not name.startswith("onnx::")}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in tensors:
            named[node.name.strip("/").removesuffix("/MatMul").replace("/", ".") + ".weight"] = tensors[node.input[1]].T.contiguous()
    return named


def encoder(bundle):
    found = Encoder()
    found.load_state_dict({name.removeprefix("encoder."): tensor for name, tensor in weights(os.path.join(bundle, "onnx/vision_encoder.onnx")).items()})
    return found


def grow(decoder, state):
    """A decoder with more layers than the bundle gets them in the middle, with outputs that start at zero: it answers as before."""
    held = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("layers."))
    more, fresh = decoder.LAYERS - held, decoder.state_dict()
    middle = (held + 1) // 2
    for i in reversed(range(middle, decoder.LAYERS)):
        for name in [n for n in fresh if n.startswith(f"layers.{i}.")]:
            rest = name.split(".", 2)[2]
            if i >= middle + more:
                state[name] = state[f"layers.{i - more}.{rest}"]
            else:
                state[name] = torch.zeros_like(fresh[name]) if rest in ("o.weight", "down.weight") else fresh[name]


def decoder(bundle):
    state = {}
    for name, tensor in weights(os.path.join(bundle, "onnx/decoder_model_merged.onnx")).items():
        # The second layer's modules are called q_1, k_1 and so on.
        layer = re.fullmatch(r"(q|k|v|o|gate|up|down)(?:_(\d+))?\.weight", name)
        state[f"layers.{layer[2] or 0}.{layer[1]}.weight" if layer else name.removeprefix("decoder.")] = tensor
    state["embed.weight"] = state["head.weight"]
    words = weights(os.path.join(bundle, "onnx/embed_tokens.onnx"))["embed.weight"]
    # The one number between the two tables, which half floats round each for itself.
    scale = float((words * state["embed.weight"]).sum() / state["embed.weight"].square().sum())
    state["input_scale"] = torch.tensor(round(scale, 2))
    found = Decoder(len(words))
    grow(found, state)
    found.load_state_dict(state)
    assert torch.allclose(found.words(torch.arange(len(words))), words, rtol=2e-3, atol=1e-3)
    return found


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--bundle", required=True)
    options.add_argument("--run", required=True)
    o = options.parse_args()
    os.makedirs(o.run, exist_ok=True)
    for name in ("encoder.pt", "decoder.pt"):
        if os.path.exists(os.path.join(o.run, name)):
            raise SystemExit(f"{o.run} already holds {name}: choose a new folder")
    shutil.copy(os.path.join(o.bundle, "tokenizer.json"), o.run)
    tokenizers.load(os.path.join(o.run, "tokenizer.json"))
    torch.save(dict(encoder=encoder(o.bundle).state_dict()), os.path.join(o.run, "encoder.pt"))
    state = decoder(o.bundle).state_dict()
    torch.save(dict(decoder=state, mean=state, steps=0, seconds=0.0, movies=0), os.path.join(o.run, "decoder.pt"))
    print("encoder.pt, decoder.pt and tokenizer.json in", o.run)


if __name__ == "__main__":
    main()
