"""What the original network answers from memories of other sizes than the recorded ones.

An independent program in numpy (float64), written from the README of the goldens alone. It is held to the
recorded outputs first (long memory, both projections, the greedy answer); then it prints the token ids of
further greedy answers as JSON: src/test/resources/original-answers.json.

    python3 original_answers.py ../../../../../moviechat-llm/src/test/resources/checkpoint-tiny
"""
import json, sys, zipfile, pickle, struct
from pathlib import Path
import numpy as np

ROOT = Path(sys.argv[1])
E = json.loads((ROOT / "expected.json").read_text())
C = E["config"]

def arr(name):
    d = E["arrays"][name]
    t = np.uint8 if d["type"] == "uint8" else "<f4"
    return np.fromfile(ROOT / d["file"], t).reshape(d["shape"])

# ---- torch.save, zip layout; only what these files hold
class U(pickle.Unpickler):
    def __init__(s, f, z, base):
        super().__init__(f); s.z = z; s.base = base
    def find_class(s, m, n):
        if n == "_rebuild_tensor_v2":
            return lambda st, off, size, stride, *a: np.lib.stride_tricks.as_strided(
                st[off:], size, [x * st.itemsize for x in stride]).copy() if len(size) else st[off]
        if m == "collections": 
            from collections import OrderedDict; return OrderedDict
        if n.endswith("Storage"): return n
        raise ValueError((m, n))
    def persistent_load(s, pid):
        t = {"FloatStorage": "<f4", "HalfStorage": "<f2", "LongStorage": "<i8"}[pid[1]]
        return np.frombuffer(s.z.read(f"{s.base}/data/{pid[2]}"), t)

def load(p):
    z = zipfile.ZipFile(p)
    pkl = [n for n in z.namelist() if n.endswith("/data.pkl")][0]
    return U(z.open(pkl), z, pkl[:-9]).load()

tuned = {k: v for k, v in load(ROOT / "finetune-vicuna7b-v2.pth")["model"].items()}
vicuna = {}
for shard in sorted((ROOT / "vicuna").glob("*.bin")):
    vicuna.update(load(shard))
F = np.float64
W = {k: np.asarray(v, F) for k, v in {**tuned, **vicuna}.items() if np.asarray(v).dtype.kind == "f"}

from math import erf
gelu = lambda x: 0.5 * x * (1 + np.vectorize(erf)(x / np.sqrt(2)))
def ln(x, p, eps):
    m = x.mean(-1, keepdims=True); v = ((x - m) ** 2).mean(-1, keepdims=True)
    return (x - m) / np.sqrt(v + eps) * W[p + ".weight"] + W[p + ".bias"]
def lin(x, p): return x @ W[p + ".weight"].T + W[p + ".bias"]
def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True)); return e / e.sum(-1, keepdims=True)
def attn(p, x, ctx, heads):
    q, k, v = lin(x, p + ".self.query"), lin(ctx, p + ".self.key"), lin(ctx, p + ".self.value")
    sp = lambda t: t.reshape(len(t), heads, -1).transpose(1, 0, 2)
    q, k, v = sp(q), sp(k), sp(v)
    o = softmax(q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])) @ v
    o = o.transpose(1, 0, 2).reshape(len(x), -1)
    return ln(lin(o, p + ".output.dense") + x, p + ".output.LayerNorm", 1e-12)

def positions(count):
    t = W["video_frame_position_embedding.weight"]
    n = max(C["n_position"], int(np.ceil(np.sqrt(count)))); a = 0.01
    u = (t - a * t[0]) / (1 - a)
    return np.stack([a * u[k // n] + (1 - a) * u[k % n] for k in range(count)])

def project(memory):
    memory = np.asarray(memory, F) + positions(len(memory))[:, None, :]
    ctx = memory.reshape(-1, memory.shape[-1])
    h = C["bert"]["num_attention_heads"]
    x = ln(W["video_query_tokens"][0], "video_Qformer.bert.embeddings.LayerNorm", 1e-12)
    for i in range(2):
        p = f"video_Qformer.bert.encoder.layer.{i}"
        x = attn(p + ".attention", x, x, h)
        x = attn(p + ".crossattention", x, ctx, h)
        m = gelu(lin(x, p + ".intermediate_query.dense"))
        x = ln(lin(m, p + ".output_query.dense") + x, p + ".output_query.LayerNorm", 1e-12)
    return lin(x, "llama_proj")

def llama(x):
    L = C["llama"]; H = L["num_attention_heads"]; T, D = x.shape; d = D // H
    rms = lambda v, w: W[w] * v / np.sqrt((v * v).mean(-1, keepdims=True) + L["rms_norm_eps"])
    ang = np.arange(T)[:, None] * 10000.0 ** (-2 * np.arange(d // 2) / d)
    cos, sin = np.concatenate([np.cos(ang)] * 2, -1), np.concatenate([np.sin(ang)] * 2, -1)
    rot = lambda v: v * cos + np.concatenate([-v[..., d // 2:], v[..., :d // 2]], -1) * sin
    mask = np.triu(np.full((T, T), -1e30), 1)
    for i in range(L["num_hidden_layers"]):
        p = f"model.layers.{i}."
        h = rms(x, p + "input_layernorm.weight")
        sp = lambda n: (h @ W[p + f"self_attn.{n}_proj.weight"].T).reshape(T, H, d).transpose(1, 0, 2)
        q, k, v = rot(sp("q")), rot(sp("k")), sp("v")
        o = softmax(q @ k.transpose(0, 2, 1) / np.sqrt(d) + mask) @ v
        x = x + o.transpose(1, 0, 2).reshape(T, D) @ W[p + "self_attn.o_proj.weight"].T
        h = rms(x, p + "post_attention_layernorm.weight")
        g, u = h @ W[p + "mlp.gate_proj.weight"].T, h @ W[p + "mlp.up_proj.weight"].T
        x = x + (g / (1 + np.exp(-g)) * u) @ W[p + "mlp.down_proj.weight"].T
    return rms(x, "model.norm.weight") @ W["lm_head.weight"].T

def greedy(rows, n):
    emb = W["model.embed_tokens.weight"]
    P = E["prompt"]
    x = np.concatenate([emb[P["before_ids"]], rows, emb[P["after_ids"]]])
    ids, margins = [], []
    for _ in range(n):
        l = llama(x)[-1]
        s = np.sort(l); margins.append(s[-1] - s[-2])
        ids.append(int(l.argmax())); x = np.concatenate([x, emb[ids[-1]][None]])
    return ids, min(margins)

def merge(frames, target):
    """The released rule; returns slots and the smallest relative lead of a chosen pair."""
    f = [np.asarray(x, F) for x in frames]; lead = 9.0
    while len(f) > target:
        s = [float(a.mean(0) @ b.mean(0)) for a, b in zip(f, f[1:])]
        o = sorted(s)
        if len(o) > 1: lead = min(lead, (o[-1] - o[-2]) / abs(o[-1]))
        i = s.index(o[-1])
        f[i:i + 2] = [(f[i] + f[i + 1]) / 2]
    return f, lead

def check(name, agrees):
    if not agrees:
        raise SystemExit(f"{name} is not what the goldens recorded")


if __name__ == "__main__":
    q = arr("qformer").astype(F)
    near = lambda a, b: float(np.abs(a - b).max() / np.abs(b).max()) < 1e-5
    slots = [s for clip in (q[:8], q[8:16]) for s in merge(clip, 2)[0]]
    check("long_memory", near(np.array(slots), arr("long_memory")))
    check("global_llama_proj", near(project(slots), arr("global_llama_proj")))
    assembled = project(slots + list(q[8:16]) + [q[16]])
    check("breakpoint_llama_proj", near(assembled, arr("breakpoint_llama_proj")))
    n = len(E["greedy"]["ids"])
    check("greedy", greedy(project(slots), n)[0] == E["greedy"]["ids"])

    out = {}
    margins = []

    def answer(name, memory):
        ids, margin = greedy(project(memory), n)
        out.setdefault(name, {})["ids"] = ids
        margins.append(margin)

    answer("breakpoint", slots + list(q[8:16]) + [q[16]])  # the original's: the last clip is there twice
    answer("breakpoint_once", slots + [q[16]])
    answer("picture", [q[0]])
    for clips in (128, 144):  # 256 slots fill the original's positions; 288 are too many for it
        rng = np.random.RandomState(clips)
        order = [rng.permutation(17)[:8].tolist() for _ in range(clips)]  # no frame twice in a clip
        memory, leads = zip(*(merge(q[clip], 2) for clip in order))
        name = f"slots_{2 * clips}"
        out[name] = {"frames": sum(order, [])}
        answer(name, sum(memory, []))
        margins.append(1e2 * min(leads))
    # Nothing hangs on rounding: chosen logits lead by more than 0.001, chosen pairs by 1e-5 of their value.
    check(f"the lead {margins}", min(margins) > 1e-3)
    print(json.dumps(out))
