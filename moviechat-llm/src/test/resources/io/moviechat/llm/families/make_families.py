"""Makes the bundles of this folder: tiny, random, in the layouts of LLaVA-1.5, LLaVA-interleave and FastVLM.

python make_families.py DIR     Needs numpy, onnx and Pillow. Deterministic.

The vision encoder is one convolution, so that its rows can be calculated here without it: row y * side + x is the patch at (y, x) times the
weights. Pixel values come from Pillow and NumPy. Embeddings and decoder are those of fixtures/vlm-tiny-llava-onevision; a test puts them
together.
"""

import json
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

WIDTH = 64
CLIP = ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])
HALF = ([0.5] * 3, [0.5] * 3)
PLAIN = ([0.0] * 3, [1.0] * 3)
QWEN = {"hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 1024, "vocab_size": 704}
MARKED = {"image_token_index": 639, "eos_token_id": 638}


def vision(path, side, patch, weight):
    rows = (side // patch) ** 2
    nodes = [
        helper.make_node("Conv", ["pixel_values", "weight"], ["cells"], strides=[patch, patch], kernel_shape=[patch, patch]),
        helper.make_node("Reshape", ["cells", "shape"], ["flat"]),
        helper.make_node("Transpose", ["flat"], ["image_features"], perm=[0, 2, 1]),
    ]
    graph = helper.make_graph(
        nodes, "vision",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3, side, side])],
        [helper.make_tensor_value_info("image_features", TensorProto.FLOAT, ["n", rows, WIDTH])],
        [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(np.array([0, WIDTH, -1], np.int64), "shape")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def llama_tokenizer():
    """Letters as tokens, in the manner of Llama's files: a begin token, blanks as bars, one before the text but none after a special token."""
    special = ["<unk>", "<s>", "</s>", "<image>"]
    letters = ["\u2581", "\n"] + [chr(c) for c in range(33, 127)]
    vocabulary = {token: i for i, token in enumerate(special + letters)}
    begin = {"id": "<s>", "ids": [1], "tokens": ["<s>"]}
    return {
        "version": "1.0",
        "added_tokens": [{"id": i, "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} for i, t in enumerate(special)],
        "normalizer": None,
        "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": False},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": begin},
        },
        "decoder": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": False},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "fuse_unk": True, "byte_fallback": False, "vocab": vocabulary, "merges": []},
    }


def bundle(root, name, config, preprocessor, side, patch, normal, picture, seed):
    folder = os.path.join(root, name)
    os.makedirs(os.path.join(folder, "onnx"), exist_ok=True)
    weight = (np.random.default_rng(seed).standard_normal((WIDTH, 3, patch, patch)) * 0.1).astype(np.float32)
    vision(os.path.join(folder, "onnx/vision_encoder.onnx"), side, patch, weight)
    mean, std = normal
    images = dict(preprocessor, do_convert_rgb=True, do_resize=True, do_rescale=True, rescale_factor=1 / 255, do_normalize=True, image_mean=mean, image_std=std, resample=3)
    for file, content in (("config.json", config), ("preprocessor_config.json", images)):
        with open(os.path.join(folder, file), "w") as out:
            json.dump(content, out, indent=1)
    width, height = picture.size
    if "crop_size" in preprocessor:
        edge, short = preprocessor["size"]["shortest_edge"], min(width, height)
        scaled = picture.resize((int(edge * width / short), int(edge * height / short)), Image.Resampling.BICUBIC)
        left, top = (scaled.width - side) // 2, (scaled.height - side) // 2
        scaled = scaled.crop((left, top, left + side, top + side))
    else:
        scaled = picture.resize((side, side), Image.Resampling.BICUBIC)
    pixels = ((np.asarray(scaled, np.float64) / 255 - mean) / std).transpose(2, 0, 1)
    cells = side // patch
    patches = pixels.reshape(3, cells, patch, cells, patch)
    features = np.einsum("cyixj,dcij->yxd", patches, weight.astype(np.float64)).reshape(cells * cells, WIDTH)
    pixels.astype("<f4").tofile(os.path.join(folder, "pixels.f32"))
    features.astype("<f4").tofile(os.path.join(folder, "features.f32"))


def main():
    root = sys.argv[1]
    noise = np.random.default_rng(7).integers(0, 256, (6, 8, 3), np.uint8)
    picture = Image.fromarray(noise).resize((50, 34), Image.Resampling.BICUBIC)
    with open(os.path.join(root, "frame-50x34.rgb"), "wb") as out:
        out.write(picture.tobytes())
    cut = {"do_center_crop": True, "size": {"shortest_edge": 28}, "crop_size": {"height": 28, "width": 28}}
    text = dict(QWEN, model_type="llama")
    bundle(root, "llava-1.5", {"model_type": "llava", "image_token_index": 3, "eos_token_id": 2, "vision_feature_layer": -2, "vision_feature_select_strategy": "default", "text_config": text}, cut, 28, 7, CLIP, picture, 1)
    with open(os.path.join(root, "llava-1.5/tokenizer.json"), "w") as out:
        json.dump(llama_tokenizer(), out)
    with open(os.path.join(root, "llava-1.5/processor_config.json"), "w") as out:
        json.dump({"patch_size": 7, "num_additional_image_tokens": 1, "vision_feature_select_strategy": "default", "image_token": "<image>"}, out)
    text = dict(QWEN, model_type="qwen2")
    bundle(root, "llava-interleave", dict(MARKED, model_type="llava", text_config=text), {"size": {"height": 28, "width": 28}}, 28, 7, HALF, picture, 2)
    cut = {"do_center_crop": True, "size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    bundle(root, "fastvlm", dict(QWEN, **MARKED, model_type="llava_qwen2"), cut, 32, 8, PLAIN, picture, 3)


main()
