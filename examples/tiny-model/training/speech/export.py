"""The bundle: Whisper's ONNX graphs as the hub has them, tokenizer and configs. Matrices are kept as bytes with a scale for each output.

ONNX Runtime turns bytes back into floats once, when it loads the graphs; the arithmetic is in floats.
"""

import argparse
import json
import os
import shutil

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

import tokens
from evaluate import load
from model import DECODER, ENCODER, FRAMES, HEADS, MELS, SIZE, TARGET, WIDTH

OPSET = 17


class Graph:
    """Nodes of one graph; constants go to `shared`, so that both branches of the decoder use the same ones."""

    def __init__(self, prefix, shared):
        self.prefix, self.shared, self.nodes, self.count = prefix, shared, [], 0

    def op(self, kind, *inputs, outputs=None, **attributes):
        self.count += 1
        name = f"{self.prefix}{kind}_{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), outputs or [name], name=name, **attributes))
        return (outputs or [name])[0]

    def constant(self, name, value):
        return self.shared.constant(name, np.asarray(value))

    def number(self, value):
        return self.constant(f"number {value}", np.float32(value))

    def linear(self, x, name, layer):
        y = self.op("MatMul", x, self.shared.matrix(name, layer.weight.t()))
        return y if layer.bias is None else self.op("Add", y, self.constant(name + ".bias", layer.bias.numpy()))

    def norm(self, x, name, layer):
        return self.op("LayerNormalization", x, self.constant(name + ".weight", layer.weight.numpy()), self.constant(name + ".bias", layer.bias.numpy()), axis=-1, epsilon=1e-5)

    def gelu(self, x):
        bell = self.op("Erf", self.op("Div", x, self.number(np.sqrt(2))))
        return self.op("Mul", self.op("Mul", x, self.op("Add", bell, self.number(1))), self.number(0.5))

    def split(self, x):
        return self.op("Transpose", self.op("Reshape", x, self.constant("heads", np.array([0, -1, HEADS, SIZE]))), perm=[0, 2, 1, 3])

    def attention(self, x, keys, values, name, layer, mask=None):
        q = self.split(self.op("Mul", self.linear(x, name + ".q", layer.q), self.number(SIZE**-0.5)))
        scores = self.op("MatMul", q, self.op("Transpose", keys, perm=[0, 1, 3, 2]))
        if mask:
            scores = self.op("Add", scores, mask)
        mixed = self.op("Transpose", self.op("MatMul", self.op("Softmax", scores, axis=-1), values), perm=[0, 2, 1, 3])
        return self.linear(self.op("Reshape", mixed, self.constant("width", np.array([0, -1, WIDTH]))), name + ".o", layer.o)

    def add(self, x, y):
        return self.op("Add", x, y)

    def narrow(self, x, name, layer):
        wide = self.gelu(self.linear(self.norm(x, name + ".norm", layer.norm), name + ".wide", layer.wide))
        return self.add(x, self.linear(wide, name + ".narrow", layer.narrow))


class Constants:
    def __init__(self):
        self.tensors, self.nodes = {}, []

    def constant(self, name, value):
        if name not in self.tensors:
            self.tensors[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def matrix(self, name, value, axis=-1):
        """Bytes and a scale for each index of `axis`."""
        if name + ".bytes" not in self.tensors:
            x = value.detach().numpy().astype(np.float32)
            others = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
            scale = np.maximum(np.abs(x).max(others, keepdims=True) / 127, 1e-12)
            self.constant(name + ".bytes", np.rint(x / scale).astype(np.int8))
            self.constant(name + ".scale", scale.astype(np.float32))
            self.nodes.append(helper.make_node("Cast", [name + ".bytes"], [name + ".cast"], name=name + ".cast", to=TensorProto.FLOAT))
            self.nodes.append(helper.make_node("Mul", [name + ".cast", name + ".scale"], [name], name=name))
        return name


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def encoder(net):
    shared = Constants()
    g = Graph("", shared)
    x = "input_features"
    for name, layer, stride in (("conv1", net.conv1, 1), ("conv2", net.conv2, 2)):
        weight = shared.matrix(name, layer.weight, 0)
        x = g.gelu(g.op("Conv", x, weight, g.constant(name + ".bias", layer.bias.numpy()), kernel_shape=[3], pads=[1, 1], strides=[stride]))
    rates = torch.exp(-np.log(10000) / (WIDTH // 2 - 1) * torch.arange(WIDTH // 2)).numpy()
    angles = g.op("Mul", g.constant("positions", np.arange(FRAMES, dtype=np.float32)[:, None]), g.constant("rates", rates[None]))
    waves = g.op("Mul", g.op("Concat", g.op("Sin", angles), g.op("Cos", angles), axis=1), g.number(float(net.place)))
    x = g.add(g.op("Transpose", x, perm=[0, 2, 1]), waves)
    for i, layer in enumerate(net.encoder):
        name = f"encoder.{i}"
        y = g.norm(x, name + ".own_norm", layer.own_norm)
        keys, values = g.split(g.linear(y, name + ".own.k", layer.own.k)), g.split(g.linear(y, name + ".own.v", layer.own.v))
        x = g.add(x, g.attention(y, keys, values, name + ".own", layer.own))
        x = g.narrow(x, name, layer)
    x = g.norm(x, "encoder.norm", net.encoder_norm)
    g.op("Identity", x, outputs=["last_hidden_state"])
    return helper.make_graph(
        shared.nodes + g.nodes, "encoder_model", [value("input_features", TensorProto.FLOAT, ["batch_size", MELS, 2 * FRAMES])],
        [value("last_hidden_state", TensorProto.FLOAT, ["batch_size", FRAMES, WIDTH])], list(shared.tensors.values()),
    )


def decoder(net, vocabulary):
    shared = Constants()
    kinds = [(s, t) for s in ("decoder", "encoder") for t in ("key", "value")]
    names = ["logits"] + [f"present.{i}.{s}.{t}" for i in range(DECODER) for s, t in kinds]
    rows = shared.matrix("rows", net.rows(), 0)
    order = shared.matrix("order", net.order, 0)

    def branch(cached):
        tail = "_cached" if cached else "_first"
        g = Graph(tail[1:] + "/", shared)
        zero, one = g.constant("zero", np.int64(0)), g.constant("one", np.int64(1))
        length = g.op("Gather", g.op("Shape", "input_ids"), one)
        past = g.op("Gather", g.op("Shape", "past_key_values.0.decoder.key"), g.constant("two", np.int64(2))) if cached else zero
        total = g.op("Add", past, length)
        places = g.op("Range", past, total, one)
        x = g.add(g.op("Mul", g.op("Gather", rows, "input_ids"), g.number(float(net.into))), g.op("Gather", order, places))
        keys = g.op("Unsqueeze", g.op("Range", zero, total, one), g.constant("axis 0", np.array([0])))
        seen = g.op("LessOrEqual", keys, g.op("Unsqueeze", places, g.constant("axis 1", np.array([1]))))
        mask = g.op("Where", seen, g.number(0), g.number(-1e9))
        results = {}
        for i, layer in enumerate(net.decoder):
            name = f"decoder.{i}"
            y = g.norm(x, name + ".own_norm", layer.own_norm)
            k, v = g.split(g.linear(y, name + ".own.k", layer.own.k)), g.split(g.linear(y, name + ".own.v", layer.own.v))
            if cached:
                k = g.op("Concat", f"past_key_values.{i}.decoder.key", k, axis=2)
                v = g.op("Concat", f"past_key_values.{i}.decoder.value", v, axis=2)
            results[f"present.{i}.decoder.key"], results[f"present.{i}.decoder.value"] = k, v
            x = g.add(x, g.attention(y, k, v, name + ".own", layer.own, mask))
            y = g.norm(x, name + ".cross_norm", layer.cross_norm)
            if cached:
                k, v = (f"past_key_values.{i}.encoder.{t}" for t in ("key", "value"))
                none = g.constant("none", np.zeros((0, HEADS, 1, SIZE), np.float32))
                results[f"present.{i}.encoder.key"] = results[f"present.{i}.encoder.value"] = none
            else:
                k, v = (g.split(g.linear("encoder_hidden_states", f"{name}.cross.{n}", l)) for n, l in (("k", layer.cross.k), ("v", layer.cross.v)))
                results[f"present.{i}.encoder.key"], results[f"present.{i}.encoder.value"] = k, v
            x = g.add(x, g.attention(y, k, v, name + ".cross", layer.cross))
            x = g.narrow(x, name, layer)
        x = g.norm(x, "decoder.norm", net.decoder_norm)
        results["logits"] = g.op("MatMul", x, g.op("Transpose", rows, perm=[1, 0]))
        for n in names:
            g.op("Identity", results[n], outputs=[n + tail])
        shape = lambda n: ["batch_size", "length", vocabulary] if n == "logits" else ["a", HEADS, "b", SIZE]
        return helper.make_graph(g.nodes, "cached" if cached else "first", [], [value(n + tail, TensorProto.FLOAT, shape(n)) for n in names])

    first, cached = branch(False), branch(True)
    choice = helper.make_node("If", ["use_cache_branch"], names, name="optimum::if", then_branch=cached, else_branch=first)
    length = lambda s: "past_decoder_sequence_length" if s == "decoder" else "encoder_sequence_length_out"
    inputs = [
        value("input_ids", TensorProto.INT64, ["batch_size", "decoder_sequence_length"]),
        value("encoder_hidden_states", TensorProto.FLOAT, ["batch_size", "encoder_sequence_length_out", WIDTH]),
        *(value(f"past_key_values.{i}.{s}.{t}", TensorProto.FLOAT, ["batch_size", HEADS, length(s), SIZE]) for i in range(DECODER) for s, t in kinds),
        value("use_cache_branch", TensorProto.BOOL, [1]),
    ]
    outputs = [value("logits", TensorProto.FLOAT, ["batch_size", "decoder_sequence_length", vocabulary])]
    outputs += [value(n, TensorProto.FLOAT, ["batch_size_out", HEADS, f"{n.split('.')[2]}_length_out", SIZE]) for n in names[1:]]
    return helper.make_graph(shared.nodes + [choice], "decoder_model_merged", inputs, outputs, list(shared.tensors.values()))


def write(graph, path):
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="moviechat")
    made.ir_version = 8
    onnx.checker.check_model(made)
    onnx.save(made, path)


def rounded(net):
    """The weights as the bundle has them, for comparing."""
    def bytes_of(x, axis):
        others = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
        scale = x.abs().amax(others, keepdim=True) / 127
        return (x / scale.clamp(min=1e-12)).round() * scale

    for part in net.modules():
        if isinstance(part, (torch.nn.Linear, torch.nn.Conv1d)) and part not in (net.time, net.sounds):
            part.weight.copy_(bytes_of(part.weight, 0))
    net.order.copy_(bytes_of(net.order, 0))
    return bytes_of(net.rows(), 0)


def configs(folder, t):
    def dump(name, content):
        with open(os.path.join(folder, name), "w") as file:
            json.dump(content, file, indent=1, ensure_ascii=False)
            file.write("\n")

    ends = dict(bos_token_id=t.end, decoder_start_token_id=t.start, eos_token_id=t.end, pad_token_id=t.end)
    dump("config.json", dict(
        ends, model_type="whisper", architectures=["WhisperForConditionalGeneration"], is_encoder_decoder=True, activation_function="gelu", d_model=WIDTH, vocab_size=len(t),
        num_mel_bins=MELS, encoder_layers=ENCODER, decoder_layers=DECODER, num_hidden_layers=ENCODER, encoder_attention_heads=HEADS, decoder_attention_heads=HEADS,
        encoder_ffn_dim=4 * WIDTH, decoder_ffn_dim=4 * WIDTH, max_source_positions=FRAMES, max_target_positions=TARGET, scale_embedding=False, use_cache=True,
    ))
    suppressed = sorted(t.vocabulary[c] for c in "()[]{}<>\"#@*") + [i for n, i in t.special.items() if n not in ("<|endoftext|>", "<|en|>", "<|notimestamps|>")]
    dump("generation_config.json", dict(
        ends, is_multilingual=True, lang_to_id={"<|en|>": t.english}, task_to_id=dict(transcribe=t.transcribe, translate=t.special["<|translate|>"]),
        no_timestamps_token_id=t.plain, prev_sot_token_id=t.previous, max_initial_timestamp_index=FRAMES, max_length=TARGET, return_timestamps=False,
        suppress_tokens=suppressed, begin_suppress_tokens=[t.vocabulary["\u0120"], t.end],
    ))
    dump("preprocessor_config.json", dict(
        chunk_length=30, feature_extractor_type="WhisperFeatureExtractor", feature_size=MELS, hop_length=160, n_fft=400, n_samples=480000, nb_max_frames=3000,
        padding_side="right", padding_value=0.0, processor_class="WhisperProcessor", return_attention_mask=False, sampling_rate=16000,
    ))
    dump("tokenizer_config.json", dict(
        tokenizer_class="WhisperTokenizer", add_prefix_space=False, bos_token="<|endoftext|>", eos_token="<|endoftext|>", pad_token="<|endoftext|>", unk_token="<|endoftext|>",
        clean_up_tokenization_spaces=False, errors="replace", model_max_length=TARGET, processor_class="WhisperProcessor", return_attention_mask=False,
    ))
    tokens.save(t, os.path.join(folder, "tokenizer.json"))


def reference(net, rows, tokenizer, folder):
    """What torch gives for one window, in floats; check.mjs compares the graphs with it."""
    torch.manual_seed(3)
    features = torch.rand(1, MELS, 2 * FRAMES) * 2 - 0.6
    ids = torch.tensor([[tokenizer.start, tokenizer.english, tokenizer.transcribe, tokenizer.stamp + 5] + tokenizer.encode(" The red fish swims left.") + [tokenizer.stamp + 90]])
    heard = net.encode(features)
    logits = net.decode(ids, heard, rows)
    os.makedirs(folder, exist_ok=True)
    for name, x in (("features", features), ("heard", heard), ("logits", logits)):
        x.numpy().astype("<f4").tofile(os.path.join(folder, name + ".f32"))
    with open(os.path.join(folder, "ids.json"), "w") as file:
        json.dump(ids[0].tolist(), file)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--run", required=True)
    options.add_argument("--out", required=True)
    options.add_argument("--reference", help="a folder for check.mjs")
    options.add_argument("--raw", action="store_true")
    o = options.parse_args()
    torch.set_num_threads(1)
    net, tokenizer, _ = load(o.run, o.raw)
    new = o.out + ".new"
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(os.path.join(new, "onnx"))
    with torch.no_grad():
        write(encoder(net), os.path.join(new, "onnx/encoder_model.onnx"))
        write(decoder(net, len(tokenizer)), os.path.join(new, "onnx/decoder_model_merged.onnx"))
        configs(new, tokenizer)
        if o.reference:
            reference(net, rounded(net), tokenizer, o.reference)
    shutil.rmtree(o.out, ignore_errors=True)
    os.rename(new, o.out)
    size = sum(os.path.getsize(os.path.join(f, n)) for f, _, names in os.walk(o.out) for n in names)
    print(f"bundle of {size / 1e6:.2f} MB in {o.out}")


if __name__ == "__main__":
    main()
