#!/usr/bin/env python3
"""Writes a speech bundle in the layout of the hub's Whisper exports with random weights, in the true sizes, for measuring time and memory.

  make_random_speech.py --out DIR --preset tiny|base|small [--quant int8] [--says 40]     also: --preset tiny-fixture, the small one that tests use

With --says every window says that many tokens, a time, letters, a time and the end, whatever is heard: what a window costs can then be compared (LlmSpeech).

Needs numpy and onnx (Debian: python3-numpy python3-onnx). Own work; weights are numpy RandomState draws, and what is heard with them is gibberish.
The graphs have the inputs and outputs of the exports on the hub:
  encoder_model:          input_features [b,mels,3000] -> last_hidden_state [b,1500,d]
  decoder_model_merged:   input_ids, encoder_hidden_states, past_key_values.N.{decoder,encoder}.{key,value}, use_cache_branch
                          -> logits, present.N.{decoder,encoder}.{key,value}
  The cached branch gives EMPTY present.N.encoder.* (dimension 0 is 0), as Optimum's merged decoders do.
"""
import argparse, hashlib, json, os, sys
import numpy as np, onnx
from onnx import TensorProto as T, helper as H, numpy_helper as NH

PRESETS = {
    # d, heads, layers, mels, text vocabulary (None: 50257 as the real multilingual one), languages
    "tiny-fixture": dict(d=32, heads=2, layers=2, mels=80, merges=120, seed=51, langs=["en", "zh", "de", "es", "ru", "fr"]),
    "tiny-fixture-b": dict(d=48, heads=3, layers=3, mels=128, merges=90, seed=700, langs=["en", "de", "fr", "ja", "yue"]),
    "tiny": dict(d=384, heads=6, layers=4, mels=80, merges=None, seed=1, langs=99),
    "base": dict(d=512, heads=8, layers=6, mels=80, merges=None, seed=1, langs=99),
    "small": dict(d=768, heads=12, layers=12, mels=80, merges=None, seed=1, langs=99),
}
KNOBS = dict(pos_std=1.2, swing=10.0, period=9.0, growth=0.10, ts_v=2.5, ts_slope=4.0, eot_w=6.0)
CORPUS = ("the cat sat on the red mat and the dog ran to the blue door . what did she say about the green house ? "
          "one two three four five six seven eight nine ten . he said that we should go home before the night . "
          "yes no left right up down open close stop go north south east west morning evening today tomorrow . ") * 3


def b2u():
    bs = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256)); cs = bs[:]; n = 0
    for b in range(256):
        if b not in bs:
            bs.append(b); cs.append(256 + n); n += 1
    return bs, [chr(c) for c in cs]


LANGUAGES = ("en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq "
             "sw gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su").split()


def tiny_tokenizer(merges, langs, most=0):
    import re
    from collections import Counter
    bs, cs = b2u(); m = dict(zip(bs, cs))
    words = Counter("".join(m[b] for b in w.encode()) for w in re.findall(r" ?[a-z]+| ?[.?]", CORPUS))
    seqs = {w: list(w) for w in words}; out = []
    while len(out) < merges:
        pairs = Counter()
        for w, s in seqs.items():
            for a, b in zip(s, s[1:]): pairs[(a, b)] += words[w]
        if not pairs: break
        a, b = max(pairs.items(), key=lambda kv: (kv[1], kv[0]))[0]; out.append((a, b))
        for w, s in seqs.items():
            i, r = 0, []
            while i < len(s):
                if i + 1 < len(s) and s[i] == a and s[i + 1] == b: r.append(a + b); i += 2
                else: r.append(s[i]); i += 1
            seqs[w] = r
    vocab = {c: i for i, c in enumerate(cs)}
    for a, b in out: vocab.setdefault(a + b, len(vocab))
    while len(vocab) < most: vocab["Ġw%d" % len(vocab)] = len(vocab)  # as many as the true ones; nothing is ever split into these
    n = len(vocab)
    names = ["<|endoftext|>", "<|startoftranscript|>"] + [f"<|{l}|>" for l in langs] + [
        "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nocaptions|>", "<|notimestamps|>"]
    added = [dict(id=n + i, content=s, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True) for i, s in enumerate(names)]
    ids = {s: n + i for i, s in enumerate(names)}
    tb = n + len(names)
    added += [dict(id=tb + i, content="<|%.2f|>" % (i * 0.02), single_word=False, lstrip=False, rstrip=False, normalized=True, special=False) for i in range(1501)]
    bl = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True)
    sp = lambda s: {"SpecialToken": {"id": s, "type_id": 0}}
    tok = dict(version="1.0", truncation=None, padding=None, added_tokens=added, normalizer=None, pre_tokenizer=bl,
               post_processor=dict(type="TemplateProcessing", single=[sp("<|startoftranscript|>"), sp("<|notimestamps|>"), {"Sequence": {"id": "A", "type_id": 0}}, sp("<|endoftext|>")],
                                   pair=[sp("<|startoftranscript|>"), sp("<|notimestamps|>"), {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}, sp("<|endoftext|>")],
                                   special_tokens={s: dict(id=s, ids=[ids[s]], tokens=[s]) for s in ("<|startoftranscript|>", "<|notimestamps|>", "<|endoftext|>")}),
               decoder=dict(bl, add_prefix_space=True),
               model=dict(type="BPE", dropout=None, unk_token=None, continuing_subword_prefix="", end_of_word_suffix="", fuse_unk=False,
                          vocab=vocab, merges=[f"{a} {b}" for a, b in out]))
    return tok, ids, tb, tb + 1501


def sinusoids(n, d):
    inc = np.log(10000) / (d // 2 - 1); inv = np.exp(-inc * np.arange(d // 2)); t = np.arange(n)[:, None] * inv[None]
    return np.concatenate([np.sin(t), np.cos(t)], 1).astype(np.float32)


def weights(c):
    r = np.random.RandomState(c["seed"]); d, f, W = c["d"], 4 * c["d"], {}
    g = lambda *s, std: (r.standard_normal(s) * std).astype(np.float32)
    big = c["merges"] is None
    gain = 1.0 if big else 1.6
    W["encoder.conv1.weight"], W["encoder.conv1.bias"] = g(d, c["mels"], 3, std=0.6 / np.sqrt(c["mels"] * 3) * 3), g(d, std=0.1)
    W["encoder.conv2.weight"], W["encoder.conv2.bias"] = g(d, d, 3, std=1 / np.sqrt(d * 3) * 2), g(d, std=0.1)
    W["encoder.positions"] = sinusoids(1500, d)
    W["decoder.positions"] = g(448, d, std=0.5 if c["merges"] is None else c["pos_std"])
    for side in ("encoder", "decoder"):
        for i in range(c["layers"]):
            p = f"{side}.{i}."
            for a in (["self"] if side == "encoder" else ["self", "cross"]):
                W[p + a + "_ln.weight"], W[p + a + "_ln.bias"] = (1 + g(d, std=0.1)), g(d, std=0.1)
                for q in "qkvo":
                    W[p + a + "." + q] = g(d, d, std=gain / np.sqrt(d))
                    if q != "k": W[p + a + "." + q + "_bias"] = g(d, std=0.1)
            W[p + "mlp_ln.weight"], W[p + "mlp_ln.bias"] = (1 + g(d, std=0.1)), g(d, std=0.1)
            W[p + "fc1"], W[p + "fc1_bias"], W[p + "fc2"], W[p + "fc2_bias"] = g(d, f, std=gain / np.sqrt(d)), g(f, std=0.1), g(f, d, std=gain / np.sqrt(f)), g(d, std=0.1)
        W[side + ".ln.weight"], W[side + ".ln.bias"] = (1 + g(d, std=0.1)), g(d, std=0.1)
    E = g(c["vocab"], d, std=4.0 / np.sqrt(d) if not big else 0.02)
    if not big:
        # Random logits alone never end and never mark time. Three directions that no text row has, so that text, pairs of timestamps and the end all occur:
        # u: constant (the last layer norm's bias); later timestamps lean against it, so that time goes on in small steps
        # v: swings with the position; timestamps lean with it.   w: grows with the position; the end of text leans with it.
        q = np.linalg.qr(g(d, 3, std=1))[0].T.astype(np.float32); u, v, w = q
        W["decoder.ln.bias"] = (W["decoder.ln.bias"] + 3.0 * u).astype(np.float32)
        pos = np.arange(448)[:, None]
        W["decoder.positions"] = (W["decoder.positions"] + c["swing"] * np.cos(2 * np.pi * pos / c["period"]) * v + c["growth"] * pos * w).astype(np.float32)
        E[:256] *= np.where(np.arange(256) < 94, 0.8, 0.3).astype(np.float32)[:, None]  # single bytes, above all those outside ASCII, are rarer than words
        E -= (E @ q.T) @ q
        tb, eot = c["tb"], c["ids"]["<|endoftext|>"]
        E[tb:] = 0.6 * E[tb:] + c["ts_v"] * v - c["ts_slope"] * (np.arange(1501) / 1500)[:, None] * u
        E[eot] = 0.3 * E[eot] + c["eot_w"] * w
        E = E.astype(np.float32)
    W["embed"] = E
    return W


def say(c, W, tokenizer, count):
    """Each position leans in a direction of its own, strongly, and the token that follows it leans there too: the scores of the others are noise below it."""
    r, d = np.random.RandomState(7), c["d"]
    places = r.standard_normal((448, d)).astype(np.float32)
    letters = [tokenizer["model"]["vocab"][x] for x in "abcdefghijklmnopqrstuvwxyz"]
    said = [c["tb"], *r.choice(letters, count - 3), c["tb"] + 1450, c["ids"]["<|endoftext|>"]]
    W["decoder.positions"] = 10 * places
    for i, token in enumerate(said): W["embed"][token] += 23 / d * places[2 + i]  # behind the three tokens of a prompt


class G:
    def __init__(s, quant): s.init, s.nodes, s.n, s.quant = {}, [], 0, quant
    def name(s, p="t"): s.n += 1; return f"{p}_{s.n}"
    def const(s, a, name=None):
        name = name or s.name("c"); s.init[name] = NH.from_array(np.ascontiguousarray(a), name); return name
    def op(s, typ, *ins, outs=1, **at):
        o = [s.name(typ.lower()) for _ in range(outs)]; s.nodes.append(H.make_node(typ, list(ins), o, name=o[0] + "_node", **at)); return o[0] if outs == 1 else o
    def mm(s, x, name, W):
        """x @ W[name]; int8: dynamic quantisation of x, per-channel symmetric weights, as Optimum's dynamic int8 exports do"""
        if not s.quant:
            if name not in s.init: s.const(W[name], name)
            return s.op("MatMul", x, name)
        q, sc = name + "_q", name + "_scale"
        if q not in s.init:
            w = W[name]; m = np.abs(w).max(0) / 127 + 1e-12
            s.const(np.clip(np.rint(w / m), -127, 127).astype(np.int8), q); s.const(m.astype(np.float32), sc)
        xq, xs, xz = s.op("DynamicQuantizeLinear", x, outs=3)
        y = s.op("Cast", s.op("MatMulInteger", xq, q, xz), to=T.FLOAT)
        return s.op("Mul", y, s.op("Mul", xs, sc))
    def lin(s, x, name, W, bias=True):
        y = s.mm(x, name, W); return s.op("Add", y, s.w(name + "_bias", W)) if bias else y
    def w(s, name, W):
        if name not in s.init: s.const(W[name], name)
        return name
    def ln(s, x, name, W): return s.op("LayerNormalization", x, s.w(name + ".weight", W), s.w(name + ".bias", W), axis=-1, epsilon=1e-5)
    def gelu(s, x):
        e = s.op("Erf", s.op("Div", x, s.const(np.float32(np.sqrt(2)), None)))
        return s.op("Mul", s.op("Mul", x, s.op("Add", e, s.const(np.float32(1)))), s.const(np.float32(0.5)))
    def split(s, x, h, dh): return s.op("Transpose", s.op("Reshape", x, s.const(np.array([0, -1, h, dh], np.int64))), perm=[0, 2, 1, 3])
    def attend(s, q, k, v, d, mask=None):
        a = s.op("MatMul", q, s.op("Transpose", k, perm=[0, 1, 3, 2]))
        if mask: a = s.op("Add", a, mask)
        y = s.op("MatMul", s.op("Softmax", a, axis=-1), v)
        return s.op("Reshape", s.op("Transpose", y, perm=[0, 2, 1, 3]), s.const(np.array([0, -1, d], np.int64)))
    def query(s, x, p, W, h, dh):
        q = s.op("Mul", s.lin(x, p + ".q", W), s.const(np.float32(dh ** -0.5))); return s.split(q, h, dh)


def vi(n, t, s): return H.make_tensor_value_info(n, t, s)


def encoder(c, W, quant):
    g, d, h = G(quant), c["d"], c["heads"]; dh = d // h
    x = g.gelu(g.op("Conv", "input_features", g.w("encoder.conv1.weight", W), g.w("encoder.conv1.bias", W), kernel_shape=[3], pads=[1, 1]))
    x = g.gelu(g.op("Conv", x, g.w("encoder.conv2.weight", W), g.w("encoder.conv2.bias", W), kernel_shape=[3], pads=[1, 1], strides=[2]))
    x = g.op("Add", g.op("Transpose", x, perm=[0, 2, 1]), g.w("encoder.positions", W))
    for i in range(c["layers"]):
        p = f"encoder.{i}."; y = g.ln(x, p + "self_ln", W)
        a = g.attend(g.query(y, p + "self", W, h, dh), g.split(g.lin(y, p + "self.k", W, False), h, dh), g.split(g.lin(y, p + "self.v", W), h, dh), d)
        x = g.op("Add", x, g.lin(a, p + "self.o", W))
        x = g.op("Add", x, g.lin(g.gelu(g.lin(g.ln(x, p + "mlp_ln", W), p + "fc1", W)), p + "fc2", W))
    y = g.ln(x, "encoder.ln", W); g.nodes.append(H.make_node("Identity", [y], ["last_hidden_state"]))
    return H.make_graph(g.nodes, "encoder", [vi("input_features", T.FLOAT, ["batch_size", c["mels"], 3000])], [vi("last_hidden_state", T.FLOAT, ["batch_size", 1500, d])], list(g.init.values()))


def decoder(c, W, quant):
    d, h, L = c["d"], c["heads"], c["layers"]; dh = d // h; shared = {}
    outs = ["logits"] + [f"present.{i}.{s}.{t}" for i in range(L) for s in ("decoder", "encoder") for t in ("key", "value")]

    def branch(cached):
        g = G(quant); g.init = shared; g.n = 100000 if cached else 0
        tail = "_c" if cached else "_n"
        shp = g.op("Shape", "input_ids"); S = g.op("Gather", shp, g.const(np.int64(1)))
        P = g.op("Gather", g.op("Shape", "past_key_values.0.decoder.key"), g.const(np.int64(2))) if cached else g.const(np.int64(0))
        end = g.op("Add", P, S); pos = g.op("Range", P, end, g.const(np.int64(1)))
        x = g.op("Add", g.op("Gather", g.w("embed", W), "input_ids"), g.op("Gather", g.w("decoder.positions", W), pos))
        keys = g.op("Range", g.const(np.int64(0)), end, g.const(np.int64(1)))
        allowed = g.op("LessOrEqual", g.op("Unsqueeze", keys, g.const(np.array([0], np.int64))), g.op("Unsqueeze", pos, g.const(np.array([1], np.int64))))
        mask = g.op("Where", allowed, g.const(np.float32(0)), g.const(np.float32(-3.4028235e38)))
        res = {}
        for i in range(L):
            p = f"decoder.{i}."; y = g.ln(x, p + "self_ln", W)
            k, v = g.split(g.lin(y, p + "self.k", W, False), h, dh), g.split(g.lin(y, p + "self.v", W), h, dh)
            if cached:
                k = g.op("Concat", f"past_key_values.{i}.decoder.key", k, axis=2); v = g.op("Concat", f"past_key_values.{i}.decoder.value", v, axis=2)
            x = g.op("Add", x, g.lin(g.attend(g.query(y, p + "self", W, h, dh), k, v, d, mask), p + "self.o", W))
            res[f"present.{i}.decoder.key"], res[f"present.{i}.decoder.value"] = k, v
            y = g.ln(x, p + "cross_ln", W); q = g.query(y, p + "cross", W, h, dh)
            if cached:
                ek, ev = f"past_key_values.{i}.encoder.key", f"past_key_values.{i}.encoder.value"
                empty = g.const(np.zeros((0, h, 1, dh), np.float32)); res[f"present.{i}.encoder.key"] = res[f"present.{i}.encoder.value"] = empty
            else:
                ek, ev = g.split(g.lin("encoder_hidden_states", p + "cross.k", W, False), h, dh), g.split(g.lin("encoder_hidden_states", p + "cross.v", W), h, dh)
                res[f"present.{i}.encoder.key"], res[f"present.{i}.encoder.value"] = ek, ev
            x = g.op("Add", x, g.lin(g.attend(q, ek, ev, d), p + "cross.o", W))
            x = g.op("Add", x, g.lin(g.gelu(g.lin(g.ln(x, p + "mlp_ln", W), p + "fc1", W)), p + "fc2", W))
        y = g.ln(x, "decoder.ln", W)
        if "proj" not in W: W["proj"] = np.ascontiguousarray(W["embed"].T)
        res["logits"] = g.mm(y, "proj", W) if quant else g.op("MatMul", y, g.op("Transpose", g.w("embed", W), perm=[1, 0])) if c["merges"] is not None else g.mm(y, "proj", W)
        for o in outs: g.nodes.append(H.make_node("Identity", [res[o]], [o + tail]))
        dims = lambda o: ["batch_size", "s", c["vocab"]] if o == "logits" else ["b", h, "n", dh]
        return H.make_graph(g.nodes, "cached" if cached else "first", [], [vi(o + tail, T.FLOAT, dims(o)) for o in outs])

    els, then = branch(False), branch(True)
    node = H.make_node("If", ["use_cache_branch"], outs, name="optimum::if", then_branch=then, else_branch=els)
    kv = lambda n, s: vi(n, T.FLOAT, ["batch_size", h, s, dh])
    ins = [vi("input_ids", T.INT64, ["batch_size", "decoder_sequence_length"]), vi("encoder_hidden_states", T.FLOAT, ["batch_size", "encoder_sequence_length_out", d])]
    ins += [kv(f"past_key_values.{i}.{s}.{t}", "past_decoder_sequence_length" if s == "decoder" else "encoder_sequence_length_out") for i in range(L) for s in ("decoder", "encoder") for t in ("key", "value")]
    ins += [vi("use_cache_branch", T.BOOL, [1])]
    os_ = [vi("logits", T.FLOAT, ["batch_size", "decoder_sequence_length", c["vocab"]])] + [kv(o, "n_" + o.split(".")[2]) for o in outs[1:]]
    return H.make_graph([node], "decoder_model_merged", ins, os_, list(shared.values()))


def save(graph, path):
    m = H.make_model(graph, opset_imports=[H.make_opsetid("", 17)], producer_name="make_random_speech"); m.ir_version = 8
    with open(path, "wb") as f: f.write(m.SerializeToString())
    print(path, os.path.getsize(path), hashlib.sha256(open(path, "rb").read()).hexdigest()[:16])


def main():
    a = argparse.ArgumentParser(); a.add_argument("--out", required=True); a.add_argument("--preset", required=True); a.add_argument("--quant"); a.add_argument("--seed", type=int); a.add_argument("--says", type=int)
    a.add_argument("--set", nargs="*", default=[], help="name=value of a knob: pos_std swing period growth ts_v ts_slope eot_w")
    o = a.parse_args(); c = dict(KNOBS); c.update(PRESETS[o.preset]); c["seed"] = o.seed or c["seed"]
    c.update({k: float(v) for k, v in (x.split("=") for x in o.set)})
    os.makedirs(o.out + "/onnx", exist_ok=True)
    if c["merges"] is None:
        tok, c["ids"], c["tb"], c["vocab"] = tiny_tokenizer(120, LANGUAGES, 50257)
    else:
        tok, c["ids"], c["tb"], c["vocab"] = tiny_tokenizer(c["merges"], c["langs"])
    ids, tb = c["ids"], c["tb"]; c["langs"] = LANGUAGES if c["merges"] is None else c["langs"]
    W = weights(c)
    if o.says: say(c, W, tok, o.says)
    suffix = "_quantized" if o.quant else ""
    save(encoder(c, W, o.quant), f"{o.out}/onnx/encoder_model{suffix}.onnx"); save(decoder(c, W, o.quant), f"{o.out}/onnx/decoder_model_merged{suffix}.onnx")
    eot, sot = ids["<|endoftext|>"], ids["<|startoftranscript|>"]
    cfg = dict(model_type="whisper", architectures=["WhisperForConditionalGeneration"], is_encoder_decoder=True, vocab_size=c["vocab"], num_mel_bins=c["mels"], d_model=c["d"],
               encoder_layers=c["layers"], encoder_attention_heads=c["heads"], decoder_layers=c["layers"], decoder_attention_heads=c["heads"], num_hidden_layers=c["layers"],
               encoder_ffn_dim=4 * c["d"], decoder_ffn_dim=4 * c["d"], activation_function="gelu", max_source_positions=1500, max_target_positions=448, scale_embedding=False,
               decoder_start_token_id=sot, eos_token_id=eot, bos_token_id=eot, pad_token_id=eot, use_cache=True)
    if o.says: cfg["says"] = o.says
    dump = lambda n, x: json.dump(x, open(f"{o.out}/{n}", "w", encoding="utf-8"), ensure_ascii=False, indent=1)
    dump("config.json", cfg)
    dump("preprocessor_config.json", dict(chunk_length=30, feature_extractor_type="WhisperFeatureExtractor", feature_size=c["mels"], hop_length=160, n_fft=400, n_samples=480000,
                                          nb_max_frames=3000, padding_side="right", padding_value=0.0, processor_class="WhisperProcessor", return_attention_mask=False, sampling_rate=16000))
    dump("tokenizer.json", tok); dump("tokenizer_config.json", dict(tokenizer_class="WhisperTokenizer", add_prefix_space=False, bos_token="<|endoftext|>", eos_token="<|endoftext|>", unk_token="<|endoftext|>", pad_token="<|endoftext|>", model_max_length=1024, processor_class="WhisperProcessor", return_attention_mask=False, errors="replace"))
    space = tok["model"]["vocab"]["Ġ"]; v = tok["model"]["vocab"]
    suppress = sorted(v[x] for x in "()[]{}<>\"#@*") + [ids[k] for k in ("<|startoftranscript|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nocaptions|>")]
    dump("generation_config.json", dict(decoder_start_token_id=sot, eos_token_id=eot, bos_token_id=eot, pad_token_id=eot, is_multilingual=True, return_timestamps=False, max_length=448,
         lang_to_id={f"<|{l}|>": ids[f"<|{l}|>"] for l in c["langs"]}, task_to_id={k: ids[f"<|{k}|>"] for k in ("transcribe", "translate")}, no_timestamps_token_id=ids["<|notimestamps|>"],
         prev_sot_token_id=ids["<|startofprev|>"], max_initial_timestamp_index=50, suppress_tokens=suppress, begin_suppress_tokens=[space, eot],
         alignment_heads=[[c["layers"] - 1, 0]]))


if __name__ == "__main__":
    main()
