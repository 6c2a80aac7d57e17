"""Stage 4: the bundle. Three ONNX graphs in the layout of SmolVLM exports, tokenizer, configs; checked against torch."""

import argparse
import json
import os
import shutil
import warnings

import numpy as np
import onnx
import torch
import torch.nn as nn
from onnx import numpy_helper

import tokenizer as tokenizers
from evaluate import load
from model import ROWS, SIDE, WIDTH, Encoder, rotate, rotary

CHAT_TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}{% if message['content'][0]['type'] == 'image' %}{{':'}}"
    "{% else %}{{': '}}{% endif %}{% for line in message['content'] %}{% if line['type'] == 'text' %}{{line['text']}}{% elif line['type'] == "
    "'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
CONTEXT = 4096
OPSET = 17


class VisionGraph(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, pixel_values, pixel_attention_mask):
        pixels = pixel_values * pixel_attention_mask.unsqueeze(2).to(pixel_values.dtype)
        return self.encoder(pixels.flatten(0, 1))


class EmbedGraph(nn.Module):
    def __init__(self, decoder):
        super().__init__()
        self.embed = nn.Embedding.from_pretrained(decoder.embed.weight.detach() * decoder.input_scale)

    def forward(self, input_ids):
        return self.embed(input_ids)


class DecoderGraph(nn.Module):
    def __init__(self, decoder):
        super().__init__()
        self.decoder = decoder

    def forward(self, inputs_embeds, attention_mask, position_ids, *rest):
        past, num_logits_to_keep = rest[:-1], rest[-1]
        d = self.decoder
        size, groups, heads = d.SIZE, d.GROUPS, d.HEADS
        b, s = inputs_embeds.shape[0], inputs_embeds.shape[1]
        cos, sin = (a.unsqueeze(1) for a in rotary(position_ids, size))
        total = attention_mask.shape[1]
        keys = torch.arange(total)
        queries = torch.arange(s) + (total - s)
        allowed = (keys.unsqueeze(0) <= queries.unsqueeze(1)).unsqueeze(0) & (attention_mask > 0).unsqueeze(1)
        bias = torch.where(allowed, torch.tensor(0.0), torch.tensor(-1e9)).unsqueeze(1)
        x = inputs_embeds
        present = []
        for i, layer in enumerate(d.layers):
            h = layer.norm1(x)
            k, v = layer.keys_values(h, cos, sin)
            k, v = torch.cat([past[2 * i], k], 2), torch.cat([past[2 * i + 1], v], 2)
            present += [k, v]
            q = layer.queries(h, cos, sin)
            scores = q.reshape(b, groups, heads // groups * s, size) @ k.transpose(2, 3)
            scores = scores.reshape(b, heads, s, total) + bias
            mixed = torch.softmax(scores, -1).reshape(b, groups, heads // groups * s, total) @ v
            x = layer.close(x, mixed.reshape(b, heads, s, size))
        first = torch.where(num_logits_to_keep == 0, torch.zeros_like(num_logits_to_keep), s - num_logits_to_keep)
        kept = torch.index_select(x, 1, torch.arange(s)[first:])
        return (d.head(d.norm(kept)), *present)


def write_json(folder, name, value):
    with open(os.path.join(folder, name), "w") as file:
        json.dump(value, file, indent=2, ensure_ascii=False)
        file.write("\n")


def export_graph(graph, inputs, path, input_names, output_names, axes):
    import inspect

    extra = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph, inputs, path, input_names=input_names, output_names=output_names, dynamic_axes=axes, opset_version=OPSET, do_constant_folding=True, **extra
        )


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--run", required=True)
    options.add_argument("--out", required=True)
    options.add_argument("--raw", action="store_true", help="the last step's weights, not the mean of the last few hundred")
    o = options.parse_args()
    torch.set_num_threads(1)
    decoder, tokenizer = load(o.run, raw=o.raw)
    encoder = Encoder()
    encoder.load_state_dict(torch.load(os.path.join(o.run, "encoder.pt"), map_location="cpu")["encoder"])
    encoder.eval()
    new = o.out + ".new"
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(os.path.join(new, "onnx"))
    layers, groups, size = decoder.LAYERS, decoder.GROUPS, decoder.SIZE
    with torch.no_grad():
        pixels, mask = torch.randn(1, 2, 3, SIDE, SIDE), torch.ones(1, 2, SIDE, SIDE, dtype=torch.bool)
        export_graph(
            VisionGraph(encoder), (pixels, mask), os.path.join(new, "onnx/vision_encoder.onnx"),
            ["pixel_values", "pixel_attention_mask"], ["image_features"],
            {"pixel_values": {0: "batch_size", 1: "num_images"}, "pixel_attention_mask": {0: "batch_size", 1: "num_images"}, "image_features": {0: "num_image_features"}},
        )
        ids = torch.randint(0, len(tokenizer), (2, 7))
        export_graph(
            EmbedGraph(decoder), (ids,), os.path.join(new, "onnx/embed_tokens.onnx"), ["input_ids"], ["inputs_embeds"],
            {"input_ids": {0: "batch_size", 1: "sequence_length"}, "inputs_embeds": {0: "batch_size", 1: "sequence_length"}},
        )
        past = tuple(torch.randn(2, groups, 5, size) for _ in range(2 * layers))
        inputs = (torch.randn(2, 7, WIDTH), torch.ones(2, 12, dtype=torch.long), torch.arange(5, 12).expand(2, 7).contiguous(), *past, torch.tensor(1))
        names = ["inputs_embeds", "attention_mask", "position_ids"] + [f"past_key_values.{i}.{n}" for i in range(layers) for n in ("key", "value")] + ["num_logits_to_keep"]
        outputs = ["logits"] + [f"present.{i}.{n}" for i in range(layers) for n in ("key", "value")]
        axes = {"inputs_embeds": {0: "batch_size", 1: "sequence_length"}, "attention_mask": {0: "batch_size", 1: "total_sequence_length"}, "position_ids": {0: "batch_size", 1: "sequence_length"}, "logits": {0: "batch_size", 1: "num_logits"}}
        for n in names[3:-1]:
            axes[n] = {0: "batch_size", 2: "past_sequence_length"}
        for n in outputs[1:]:
            axes[n] = {0: "batch_size", 2: "total_sequence_length"}
        export_graph(DecoderGraph(decoder), inputs, os.path.join(new, "onnx/decoder_model_merged.onnx"), names, outputs, axes)
    tokenizers.save(tokenizer, os.path.join(new, "tokenizer.json"))
    v = len(tokenizer)
    special = tokenizer.vocabulary
    write_json(new, "config.json", {
        "architectures": ["SmolVLMForConditionalGeneration"], "model_type": "smolvlm", "image_token_id": special["<image>"], "pad_token_id": special["<|im_end|>"],
        "scale_factor": 2, "tie_word_embeddings": True, "vocab_size": v,
        "text_config": {
            "model_type": "llama", "architectures": ["VLlama3ForCausalLM"], "hidden_size": WIDTH, "intermediate_size": decoder.INNER, "num_hidden_layers": layers,
            "num_attention_heads": decoder.HEADS, "num_key_value_heads": groups, "head_dim": size, "max_position_embeddings": CONTEXT, "rms_norm_eps": 1e-5,
            "rope_theta": 10000.0, "vocab_size": v, "tie_word_embeddings": True, "hidden_act": "silu", "use_cache": True,
        },
        "vision_config": {"model_type": "smolvlm_vision", "hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 3, "num_attention_heads": 4, "image_size": SIDE, "patch_size": 16},
    })
    write_json(new, "generation_config.json", {"bos_token_id": special["<|im_start|>"], "eos_token_id": special["<end_of_utterance>"], "pad_token_id": special["<|im_end|>"], "max_new_tokens": 64})
    write_json(new, "preprocessor_config.json", {
        "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
        "rescale_factor": 1 / 255, "do_image_splitting": False, "do_pad": True, "image_processor_type": "SmolVLMImageProcessor", "processor_class": "SmolVLMProcessor",
        "resample": 1, "max_image_size": {"longest_edge": SIDE}, "size": {"longest_edge": SIDE},
        "video_sampling": {"fps": 4, "max_frames": 64, "video_size": {"longest_edge": SIDE}},
    })
    write_json(new, "processor_config.json", {"image_seq_len": ROWS, "processor_class": "SmolVLMProcessor"})
    write_json(new, "tokenizer_config.json", {
        "add_prefix_space": False, "bos_token": "<|im_start|>", "eos_token": "<end_of_utterance>", "pad_token": "<|im_end|>", "unk_token": None,
        "clean_up_tokenization_spaces": False, "model_max_length": CONTEXT, "tokenizer_class": "GPT2Tokenizer", "chat_template": CHAT_TEMPLATE,
    })
    write_json(new, "chat_template.json", {"chat_template": CHAT_TEMPLATE})
    write_json(new, "moviechat.json", {
        "memory": {"strategy": "moviechat-start-empty", "shortTermFrames": 16, "consolidateTo": 4, "longTermSlots": 64},
        "sampling": {"intervalMillis": 250},
        "systemPrompt": None,
        "note": "The embedded model knows only its own small world of coloured shapes and figures. For real videos get a real model: moviechat model pull (docs/models.md).",
    })
    check(new, encoder, decoder)
    halves(new)
    shutil.rmtree(o.out, ignore_errors=True)
    os.rename(new, o.out)
    size = sum(os.path.getsize(os.path.join(f, n)) for f, _, names in os.walk(o.out) for n in names)
    print(f"bundle of {size / 1e6:.2f} MB in {o.out}")


def halve(path):
    """Keeps matrices as half floats: half the file, and ONNX Runtime turns them back once, when it loads the graph."""
    model = onnx.load(path)
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        value = numpy_helper.to_array(tensor)
        if value.dtype == np.float32 and value.ndim > 1:
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(value.astype(np.float16), name + ".half"))
            casts.append(onnx.helper.make_node("Cast", [name + ".half"], [name], name="whole/" + name, to=onnx.TensorProto.FLOAT))
    nodes = casts + list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def halves(folder):
    """Halves the matrices of all graphs; says how far their outputs move."""
    try:
        import onnxruntime as ort
    except ImportError:
        ort = None
    random = np.random.default_rng(7)
    for graph in ("vision_encoder", "embed_tokens", "decoder_model_merged"):
        path = os.path.join(folder, "onnx", graph + ".onnx")
        outputs = []
        for turn in range(2):
            if ort:
                session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
                if not turn:
                    feed = {i.name: example_input(random, i) for i in session.get_inputs()}
                outputs.append(session.run(None, feed)[0])
            if not turn:
                halve(path)
        if ort:
            print(f"{graph} in half floats: outputs up to {np.abs(outputs[0]).max():.2f} move by {np.abs(outputs[1] - outputs[0]).max():.4f} at most")


def example_input(random, declared):
    """Something that an input of one of the graphs could be: 32 tokens or one frame, nothing before."""
    if declared.name == "num_logits_to_keep":
        return np.array(0)
    if declared.name == "position_ids":
        return np.arange(32)[None]
    past = declared.name.startswith("past_key_values")
    sizes = [n if isinstance(n, int) else 0 if past and axis == 2 else 1 if axis == 0 or declared.name.startswith("pixel") else 32 for axis, n in enumerate(declared.shape)]
    if declared.type == "tensor(bool)" or declared.name == "attention_mask":
        return np.ones(sizes, bool if declared.type == "tensor(bool)" else np.int64)
    if declared.name == "input_ids":
        return random.integers(0, 900, sizes)
    return random.normal(size=sizes).astype(np.float32)


def check(folder, encoder, decoder):
    """ONNX Runtime against torch, where it is installed: whole prompt at once, and token by token."""
    try:
        import onnxruntime as ort
    except ImportError:
        print("onnxruntime is not installed: graphs not compared with torch")
        return
    open_graph = lambda n: ort.InferenceSession(os.path.join(folder, "onnx", n), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        vision = open_graph("vision_encoder.onnx")
        for n in (1, 3):
            pixels = torch.rand(1, n, 3, SIDE, SIDE) * 2 - 1
            got = vision.run(None, {"pixel_values": pixels.numpy(), "pixel_attention_mask": np.ones((1, n, SIDE, SIDE), bool)})[0]
            assert np.abs(got - encoder(pixels[0]).numpy()).max() < 1e-4
        graph = DecoderGraph(decoder)
        session = open_graph("decoder_model_merged.onnx")
        s, layers = 40, decoder.LAYERS
        x = torch.randn(1, s, WIDTH)

        def torch_run(x, start, past, keep):
            n = x.shape[1]
            return graph(x, torch.ones(1, start + n, dtype=torch.long), torch.arange(start, start + n)[None], *past, torch.tensor(keep))

        def ort_run(x, start, past, keep):
            n = x.shape[1]
            feed = {"inputs_embeds": x.numpy(), "attention_mask": np.ones((1, start + n), np.int64), "position_ids": np.arange(start, start + n)[None], "num_logits_to_keep": np.array(keep)}
            for i in range(layers):
                feed[f"past_key_values.{i}.key"], feed[f"past_key_values.{i}.value"] = past[2 * i], past[2 * i + 1]
            return session.run(None, feed)

        empty = [torch.zeros(1, decoder.GROUPS, 0, decoder.SIZE) for _ in range(2 * layers)]
        whole = torch_run(x, 0, empty, 0)
        whole_ort = ort_run(x, 0, [e.numpy() for e in empty], 0)
        assert np.abs(whole[0].numpy() - whole_ort[0]).max() < 1e-3
        first = ort_run(x[:, :30], 0, [e.numpy() for e in empty], 1)
        assert first[0].shape[1] == 1
        worst, past = np.abs(first[0][0, -1] - whole[0][0, 29].numpy()).max(), first[1:]
        for i in range(30, s):
            step = ort_run(x[:, i : i + 1], i, past, 1)
            worst = max(worst, np.abs(step[0][0, -1] - whole[0][0, i].numpy()).max())
            past = step[1:]
        assert worst < 1e-3, worst
        # The training pass sees the same thing.
        decoder.train()
        p = 25
        bias = torch.where(torch.ones(s - p, s, dtype=torch.bool).tril(p), 0.0, -1e4)[None, None]
        states, _, _ = decoder.train_forward(x[:, :p], x[:, p:], torch.arange(p)[None], torch.arange(p, s)[None], bias)
        decoder.eval()
        trained = np.abs(decoder.head(states).numpy() - whole[0][:, p:].numpy()).max()
        assert trained < 1e-3, trained
        print(f"graphs agree with torch: {worst:.1e}, with the training pass {trained:.1e}")


if __name__ == "__main__":
    main()
