"""Writes a SmolVLM-like model bundle with random weights, large enough to time: about 100 M parameters in the decoder, 86 M in the encoder.

python make_random_bundle.py --fixture DIR --out DIR     DIR of --fixture: any small SmolVLM bundle, whose tokenizer is taken. Needs torch and onnx.

--alike repeats every fourth row of the large matrices, so that the bundle packs to 3 MB; its speed is the same. It leaves out the following.

The decoder is written a second and third time with weights of 4 and 8 bits (_q4, _quantized), as MatMulNBits that does not say how exactly to compute.
"""

import argparse
import inspect
import json
import os
import shutil

import numpy as np
import onnx
from onnx import helper, numpy_helper
import torch
import torch.nn as nn
import torch.nn.functional as F

WIDTH, LAYERS, HEADS, GROUPS, SIZE, INNER = 768, 16, 12, 4, 64, 2048
# Where torch has a newer exporter beside it, that has to be asked for.
OLD_EXPORTER = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
SIDE, PATCH, VISION_LAYERS, CONTEXT = 224, 16, 12, 8192


class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x):
        return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = Norm(), Norm()
        self.q, self.o = nn.Linear(WIDTH, HEADS * SIZE, bias=False), nn.Linear(HEADS * SIZE, WIDTH, bias=False)
        self.k, self.v = nn.Linear(WIDTH, GROUPS * SIZE, bias=False), nn.Linear(WIDTH, GROUPS * SIZE, bias=False)
        self.gate, self.up = nn.Linear(WIDTH, INNER, bias=False), nn.Linear(WIDTH, INNER, bias=False)
        self.down = nn.Linear(INNER, WIDTH, bias=False)


def rotate(x, cos, sin):
    a, b = x[..., : SIZE // 2], x[..., SIZE // 2 :]
    return x * cos + torch.cat([-b, a], -1) * sin


class DecoderGraph(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm, self.head = Norm(), nn.Linear(WIDTH, vocabulary, bias=False)
        nn.init.normal_(self.head.weight, std=0.5)

    def forward(self, x, mask, positions, *rest):
        past, keep = rest[:-1], rest[-1]
        b, s, total = x.shape[0], x.shape[1], mask.shape[1]
        angle = positions.unsqueeze(-1).float() * 10000.0 ** (-torch.arange(0, SIZE, 2).float() / SIZE)
        cos, sin = (torch.cat([f(angle)] * 2, -1).unsqueeze(1) for f in (torch.cos, torch.sin))
        seen = torch.arange(total).unsqueeze(0) <= (torch.arange(s) + (total - s)).unsqueeze(1)
        bias = torch.where(seen.unsqueeze(0) & (mask > 0).unsqueeze(1), torch.tensor(0.0), torch.tensor(-1e9)).unsqueeze(1)
        present = []
        for i, layer in enumerate(self.layers):
            h = layer.norm1(x)
            q, k, v = (m(h).view(b, s, -1, SIZE).transpose(1, 2) for m in (layer.q, layer.k, layer.v))
            q, k = rotate(q, cos, sin), rotate(k, cos, sin)
            k, v = torch.cat([past[2 * i], k], 2), torch.cat([past[2 * i + 1], v], 2)
            present += [k, v]
            scores = q.reshape(b, GROUPS, HEADS // GROUPS * s, SIZE) @ k.transpose(2, 3) * SIZE**-0.5
            scores = torch.softmax(scores.reshape(b, HEADS, s, total) + bias, -1)
            mixed = (scores.reshape(b, GROUPS, HEADS // GROUPS * s, total) @ v).reshape(b, HEADS, s, SIZE)
            x = x + layer.o(mixed.transpose(1, 2).reshape(b, s, -1))
            h = layer.norm2(x)
            x = x + layer.down(F.silu(layer.gate(h)) * layer.up(h))
        first = torch.where(keep == 0, torch.zeros_like(keep), s - keep)
        return (self.head(self.norm(torch.index_select(x, 1, torch.arange(s)[first:]))), *present)


class VisionGraph(nn.Module):
    def __init__(self):
        super().__init__()
        cells = (SIDE // PATCH) ** 2
        self.patches = nn.Conv2d(3, WIDTH, PATCH, PATCH)
        self.place = nn.Parameter(torch.randn(1, cells, WIDTH) * 0.02)
        self.blocks = nn.ModuleList(nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, 0.0, "gelu", batch_first=True, norm_first=True) for _ in range(VISION_LAYERS))
        self.out = nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, pixels, mask):
        x = pixels * mask.unsqueeze(2).to(pixels.dtype)
        x = self.patches(x.flatten(0, 1)).flatten(2).transpose(1, 2) + self.place
        for block in self.blocks:
            x = block(x)
        side = SIDE // PATCH
        x = x.view(-1, side // 2, 2, side // 2, 2, WIDTH).permute(0, 1, 3, 2, 4, 5).reshape(-1, side * side // 4, 4 * WIDTH)
        return self.out(x)


def make_alike(graph):
    for name, weights in graph.named_parameters():
        if weights.dim() == 2 and weights.numel() > 100_000 and not name.startswith("head"):
            weights.copy_(weights[:4].repeat(weights.shape[0] // 4, 1))
    return graph


def export(graph, inputs, path, names, outputs, axes):
    graph.train()  # keeps the encoder layers from a fused path that has no ONNX operator
    torch.onnx.export(graph, inputs, path, input_names=names, output_names=outputs, dynamic_axes=axes, opset_version=17, training=torch.onnx.TrainingMode.PRESERVE, **OLD_EXPORTER)


def quantise(source, target, bits, block=32):
    """Matrices in blocks of their columns, each with a scale of its own, symmetric around the middle value."""
    model = onnx.load(source)
    graph = model.graph
    weights = {w.name: w for w in graph.initializer}
    for node in graph.node:
        if node.op_type != "MatMul" or node.input[1] not in weights:
            continue
        matrix = numpy_helper.to_array(weights[node.input[1]]).T
        columns, rows = matrix.shape
        blocks = matrix.reshape(columns, rows // block, block)
        scales = np.abs(blocks).max(-1) / (2 ** (bits - 1) - 1)
        values = np.clip(np.rint(blocks / scales[..., None]) + 2 ** (bits - 1), 0, 2**bits - 1).astype(np.uint8)
        if bits == 4:
            values = values[..., ::2] | values[..., 1::2] << 4
        name = node.input[1]
        graph.initializer.remove(weights.pop(name))
        graph.initializer.append(numpy_helper.from_array(values, name + "_q"))
        graph.initializer.append(numpy_helper.from_array(scales.astype(np.float32).ravel(), name + "_s"))
        quantised = helper.make_node("MatMulNBits", [node.input[0], name + "_q", name + "_s"], list(node.output), domain="com.microsoft", K=rows, N=columns, bits=bits, block_size=block)
        node.CopyFrom(quantised)
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, target)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--fixture", required=True)
    options.add_argument("--out", required=True)
    options.add_argument("--alike", action="store_true")
    o = options.parse_args()
    alike = make_alike if o.alike else lambda graph: graph
    torch.manual_seed(1)
    config = json.load(open(os.path.join(o.fixture, "config.json")))
    vocabulary = config["text_config"]["vocab_size"]
    os.makedirs(os.path.join(o.out, "onnx"), exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.json", "generation_config.json"):
        shutil.copy(os.path.join(o.fixture, name), o.out)
    config["scale_factor"] = 2
    config["text_config"].update(hidden_size=WIDTH, intermediate_size=INNER, num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_key_value_heads=GROUPS, head_dim=SIZE, max_position_embeddings=CONTEXT)
    config["vision_config"].update(hidden_size=WIDTH, image_size=SIDE, patch_size=PATCH, num_hidden_layers=VISION_LAYERS, num_attention_heads=HEADS)
    config.pop("transformers.js_config", None)
    json.dump(config, open(os.path.join(o.out, "config.json"), "w"))
    images = json.load(open(os.path.join(o.fixture, "preprocessor_config.json")))
    images.update(max_image_size={"longest_edge": SIDE}, size={"longest_edge": SIDE}, do_image_splitting=False, video_sampling={"fps": 1, "max_frames": 64, "video_size": {"longest_edge": SIDE}})
    json.dump(images, open(os.path.join(o.out, "preprocessor_config.json"), "w"))
    json.dump({"image_seq_len": (SIDE // PATCH) ** 2 // 4, "processor_class": "SmolVLMProcessor"}, open(os.path.join(o.out, "processor_config.json"), "w"))
    with torch.no_grad():
        export(alike(VisionGraph()), (torch.randn(1, 2, 3, SIDE, SIDE), torch.ones(1, 2, SIDE, SIDE, dtype=torch.bool)), os.path.join(o.out, "onnx/vision_encoder.onnx"), ["pixel_values", "pixel_attention_mask"], ["image_features"],
               {"pixel_values": {0: "b", 1: "n"}, "pixel_attention_mask": {0: "b", 1: "n"}, "image_features": {0: "m"}})
        embed = nn.Embedding(vocabulary, WIDTH)
        export(embed, (torch.randint(0, vocabulary, (2, 7)),), os.path.join(o.out, "onnx/embed_tokens.onnx"), ["input_ids"], ["inputs_embeds"], {"input_ids": {0: "b", 1: "s"}, "inputs_embeds": {0: "b", 1: "s"}})
        past = [torch.randn(2, GROUPS, 5, SIZE) for _ in range(2 * LAYERS)]
        caches = [f"{i}.{n}" for i in range(LAYERS) for n in ("key", "value")]
        axes = {"inputs_embeds": {0: "b", 1: "s"}, "attention_mask": {0: "b", 1: "t"}, "position_ids": {0: "b", 1: "s"}, "logits": {0: "b", 1: "k"}}
        axes.update({"past_key_values." + c: {0: "b", 2: "p"} for c in caches}, **{"present." + c: {0: "b", 2: "t"} for c in caches})
        export(alike(DecoderGraph(vocabulary)), (torch.randn(2, 7, WIDTH), torch.ones(2, 12, dtype=torch.long), torch.arange(5, 12).expand(2, 7).contiguous(), *past, torch.tensor(1)), os.path.join(o.out, "onnx/decoder_model_merged.onnx"),
               ["inputs_embeds", "attention_mask", "position_ids"] + ["past_key_values." + c for c in caches] + ["num_logits_to_keep"], ["logits"] + ["present." + c for c in caches], axes)
    if o.alike:
        return
    decoder = os.path.join(o.out, "onnx/decoder_model_merged%s.onnx")
    quantise(decoder % "", decoder % "_q4", 4)
    quantise(decoder % "", decoder % "_quantized", 8)


main()
