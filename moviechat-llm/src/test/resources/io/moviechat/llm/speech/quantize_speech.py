#!/usr/bin/env python3
"""Writes a speech bundle's graphs in smaller precisions: quantize_speech.py --bundle DIR [--out DIR]. Needs numpy and onnx (Debian: python3-numpy python3-onnx).

  _fp16       all floats are float16, inputs and outputs too
  _quantized  products with 8-bit weights, a scale for each column; the other side is quantized as it comes (DynamicQuantizeLinear, MatMulInteger)
  _q4         products with 4-bit weights in blocks of 32, a scale for each (MatMulNBits of ONNX Runtime)
These are the ways of the exports on the hub; what a published one does besides (fused operators, other blocks) is not in them.
"""
import argparse
import copy
import os

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper as H
from onnx import numpy_helper as NH

BLOCK = 32


def graphs(graph):
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from graphs(attribute.g)


def halved(tensor):
    values = np.clip(NH.to_array(tensor), -65504, 65504).astype(np.float16)
    return NH.from_array(values, tensor.name)


def fp16(model):
    for graph in graphs(model.graph):
        for tensor in graph.initializer:
            if tensor.data_type == T.FLOAT:
                tensor.CopyFrom(halved(tensor))
        for node in graph.node:
            for attribute in node.attribute:
                if node.op_type == "Cast" and attribute.name == "to" and attribute.i == T.FLOAT:
                    attribute.i = T.FLOAT16
                if attribute.type == onnx.AttributeProto.TENSOR and attribute.t.data_type == T.FLOAT:
                    attribute.t.CopyFrom(halved(attribute.t))
        for info in [*graph.input, *graph.output, *graph.value_info]:
            if info.type.tensor_type.elem_type == T.FLOAT:
                info.type.tensor_type.elem_type = T.FLOAT16


def products(model, replace):
    """Replaces each product with a weight of two sides; what takes a weight's place is made once."""
    weights = {tensor.name: tensor for graph in graphs(model.graph) for tensor in graph.initializer}
    made = {}
    for graph in graphs(model.graph):
        nodes = []
        for node in graph.node:
            weight = weights.get(node.input[1]) if node.op_type == "MatMul" else None
            if weight is None or len(weight.dims) != 2:
                nodes.append(node)
            else:
                nodes.extend(replace(node, NH.to_array(weight), weight.name, made))
        del graph.node[:]
        graph.node.extend(nodes)
    model.graph.initializer.extend(made.values())
    used = {name for graph in graphs(model.graph) for node in graph.node for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def keep(made, name, values):
    made.setdefault(name, NH.from_array(np.ascontiguousarray(values), name))
    return name


def q8(node, weight, name, made):
    scale = np.abs(weight).max(0) / 127 + 1e-12
    quantized = keep(made, name + "_q8", np.clip(np.rint(weight / scale), -127, 127).astype(np.int8))
    scales = keep(made, name + "_scales", scale.astype(np.float32))
    at = node.output[0]
    return [
        H.make_node("DynamicQuantizeLinear", [node.input[0]], [at + "_q", at + "_s", at + "_z"]),
        H.make_node("MatMulInteger", [at + "_q", quantized, at + "_z"], [at + "_i"]),
        H.make_node("Cast", [at + "_i"], [at + "_f"], to=T.FLOAT),
        H.make_node("Mul", [at + "_s", scales], [at + "_ss"]),
        H.make_node("Mul", [at + "_f", at + "_ss"], [at]),
    ]


def q4(node, weight, name, made):
    rows, columns = weight.shape
    blocks = -(-rows // BLOCK)
    padded = np.zeros((blocks * BLOCK, columns), np.float32)
    padded[:rows] = weight
    padded = padded.T.reshape(columns, blocks, BLOCK)
    largest = np.take_along_axis(padded, np.abs(padded).argmax(2)[:, :, None], 2)[:, :, 0]
    scale = largest / -8  # the largest one becomes -8, of -8 to 7
    safe = np.where(scale == 0, 1, scale)
    codes = np.clip(np.rint(padded / safe[:, :, None]) + 8, 0, 15).astype(np.uint8)
    packed = codes[:, :, 0::2] | codes[:, :, 1::2] << 4
    inputs = [node.input[0], keep(made, name + "_q4", packed), keep(made, name + "_scales", scale.reshape(-1).astype(np.float32))]
    return [H.make_node("MatMulNBits", inputs, [node.output[0]], domain="com.microsoft", K=rows, N=columns, bits=4, block_size=BLOCK, accuracy_level=0)]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--bundle", required=True)
    arguments.add_argument("--out")
    options = arguments.parse_args()
    out = options.out or os.path.join(options.bundle, "onnx")
    os.makedirs(out, exist_ok=True)
    for name in ("encoder_model", "decoder_model_merged"):
        whole = onnx.load(os.path.join(options.bundle, "onnx", name + ".onnx"))
        for suffix, change in (("_fp16", fp16), ("_quantized", lambda m: products(m, q8)), ("_q4", lambda m: products(m, q4))):
            model = copy.deepcopy(whole)
            change(model)
            if suffix == "_q4":
                model.opset_import.append(H.make_opsetid("com.microsoft", 1))
            path = os.path.join(out, name + suffix + ".onnx")
            onnx.save(model, path)
            print(path, os.path.getsize(path))


main()
