#!/usr/bin/env python3
"""Writes a text bundle of the PP-OCR layout that reads coloured cells: make_ocr_fixture.py --out DIR. Needs numpy and onnx (Debian: python3-numpy python3-onnx).

No weight is trained: each is written down here, so that what a picture says can be drawn. On black, a cell in a corner of the cube of colours is a letter:
R, G, B red, green and blue, C, M, Y what two of them mix to, W white. Cells of a line stand apart by a sixth of their height.
  det: cells joined, and shrunk as trained detectors do   [1,3,h,w] -> [1,1,h,w]
  cls: blue on the left and red on the right: upside down [1,3,48,192] -> [1,2]
  rec: nearest colour in each 8 columns                   [1,3,48,w] -> [1,w/8,8]
"""
import argparse
import os

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper as H
from onnx import numpy_helper as NH

MEANS, DEVIATIONS = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
# Blue, green, red: the order of OpenCV, in which pictures are given.
COLOURS = {"": (-1, -1, -1), "R": (-1, -1, 1), "G": (-1, 1, -1), "B": (1, -1, -1), "C": (1, 1, -1), "M": (1, -1, 1), "Y": (-1, 1, 1), "W": (1, 1, 1)}


def save(path, nodes, inputs, outputs, weights, metadata=()):
    weights = [NH.from_array(np.asarray(value, dtype=kind), name) for name, value, kind in weights]
    graph = H.make_graph(nodes, "g", inputs, outputs, weights)
    model = H.make_model(graph, opset_imports=[H.make_opsetid("", 13)], ir_version=7, producer_name="make_ocr_fixture")
    for key, value in metadata:
        model.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--out", required=True)
    out = arguments.parse_args().out
    os.makedirs(out, exist_ok=True)
    f, i = np.float32, np.int64
    save(
        os.path.join(out, "tiny_det.onnx"),
        [
            H.make_node("Conv", ["x", "w", "b"], ["light"], kernel_shape=[1, 1]),
            H.make_node("MaxPool", ["light"], ["wide"], kernel_shape=[9, 9], pads=[4, 4, 4, 4]),
            H.make_node("Neg", ["wide"], ["dark"]),
            H.make_node("MaxPool", ["dark"], ["far"], kernel_shape=[23, 23], pads=[11, 11, 11, 11]),
            H.make_node("Neg", ["far"], ["inner"]),
            H.make_node("Sigmoid", ["inner"], ["map"]),
        ],
        [H.make_tensor_value_info("x", T.FLOAT, ["n", 3, "h", "w"])],
        [H.make_tensor_value_info("map", T.FLOAT, ["n", 1, "h", "w"])],
        # 40 * (mean of the colours in [0, 1] - 0.2), the normalisation undone
        [("w", (40 / 3 * DEVIATIONS).reshape(1, 3, 1, 1), f), ("b", [40 * (MEANS.mean() - 0.2)], f)],
    )
    save(
        os.path.join(out, "tiny_cls.onnx"),
        [
            H.make_node("AveragePool", ["x"], ["thirds"], kernel_shape=[48, 64], strides=[48, 64]),
            H.make_node("Reshape", ["thirds", "flat"], ["nine"]),
            H.make_node("Gemm", ["nine", "w"], ["scores"]),
            H.make_node("Softmax", ["scores"], ["angles"], axis=1),
        ],
        [H.make_tensor_value_info("x", T.FLOAT, ["n", 3, 48, 192])],
        [H.make_tensor_value_info("angles", T.FLOAT, ["n", 2])],
        # blue: left, middle, right; green; red
        [("flat", [-1, 9], i), ("w", np.array([[0, 4], [0, 0], [0, -4], [0, 0], [0, 0], [0, 0], [0, -4], [0, 0], [0, 4]]), f)],
    )
    weights = np.array(list(COLOURS.values()), dtype=f) * 8
    save(
        os.path.join(out, "tiny_rec.onnx"),
        [
            H.make_node("AveragePool", ["x"], ["steps"], kernel_shape=[48, 8], strides=[48, 8]),
            H.make_node("Squeeze", ["steps", "rows"], ["columns"]),
            H.make_node("Transpose", ["columns"], ["sequence"], perm=[0, 2, 1]),
            H.make_node("MatMul", ["sequence", "w"], ["nearness"]),
            H.make_node("Add", ["nearness", "b"], ["scores"]),
            H.make_node("Softmax", ["scores"], ["characters"], axis=2),
        ],
        [H.make_tensor_value_info("x", T.FLOAT, ["n", 3, 48, "w"])],
        [H.make_tensor_value_info("characters", T.FLOAT, ["n", "steps", len(COLOURS)])],
        # Doubt, grey for one, is no letter.
        [("rows", [2], i), ("w", weights.T, f), ("b", [8] + [0] * (len(COLOURS) - 1), f)],
        [("character", "\n".join(list(COLOURS)[1:]))],
    )


main()
