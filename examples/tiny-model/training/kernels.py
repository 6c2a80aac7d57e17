"""Fused passes for training on a CPU with bfloat16 (kernels.cpp), compiled when first used; training works without them, slower."""

import os

import torch
import torch.nn.functional as F
from torch.utils.cpp_extension import load

native = load(
    name="moviechat_kernels",
    sources=[os.path.join(os.path.dirname(os.path.abspath(__file__)), "kernels.cpp")],
    extra_cflags=["-O3", "-march=native", "-ffast-math", "-std=c++17"],
    extra_ldflags=["-lmvec", "-lm"],
)
BF16 = torch.bfloat16


class AddNorm(torch.autograd.Function):
    """(x + delta, its RMS norm); delta may be None."""

    @staticmethod
    def forward(ctx, x, delta, weight):
        ctx.add = delta is not None
        total, normed, inverse = native.add_norm(x.contiguous(), delta.contiguous() if ctx.add else torch.empty(0, dtype=BF16), weight)
        ctx.save_for_backward(total, weight, inverse)
        ctx.set_materialize_grads(False)
        return total, normed

    @staticmethod
    def backward(ctx, d_total, d_normed):
        total, weight, inverse = ctx.saved_tensors
        more = d_total.contiguous() if d_total is not None else torch.empty(0)
        dx, dd, dw = native.add_norm_backward(more, d_normed.contiguous(), total, weight, inverse, ctx.add)
        return dx, dd if ctx.add else None, dw


class Swiglu(torch.autograd.Function):
    @staticmethod
    def forward(ctx, gate, up):
        ctx.save_for_backward(gate, up)
        return native.swiglu(gate, up)

    @staticmethod
    def backward(ctx, d):
        return tuple(native.swiglu_backward(d.contiguous(), *ctx.saved_tensors))


class Heads(torch.autograd.Function):
    """[b, n, heads * size] -> [b, heads, n, size], rotated by position where `turn`."""

    @staticmethod
    def forward(ctx, x, positions, table, heads, scale, turn):
        ctx.save_for_backward(positions, table)
        ctx.scale, ctx.turn = scale, turn
        return native.split_heads(x.contiguous(), positions, table, heads, scale, turn)

    @staticmethod
    def backward(ctx, d):
        return native.join_heads(d.contiguous(), *ctx.saved_tensors, ctx.scale, ctx.turn), None, None, None, None, None


class Attention(torch.autograd.Function):
    """q [b, heads, n, size]; k, v [b, groups, m, size]; the result is [b, n, heads * size].

    parts: pieces of the queries, (first, end, pieces of the keys as (first, end) pairs, ranges [b or 1, n, 4] of the keys that each
    query sees, counted within those pieces).
    """

    @staticmethod
    def forward(ctx, q, k, v, parts):
        b, heads, n, size = q.shape
        groups = k.shape[1]
        per = heads // groups
        k, v = k.reshape(b * groups, -1, size), v.reshape(b * groups, -1, size)
        q = q.view(b * groups, per, n, size)
        out = torch.empty(b * groups, per, n, size, dtype=q.dtype)
        saved = []
        for first, end, pieces, ranges in parts:
            qq = q[:, :, first:end].reshape(b * groups, per * (end - first), size)
            kk = torch.cat([k[:, s:e] for s, e in pieces], 1) if len(pieces) > 1 else k[:, pieces[0][0] : pieces[0][1]]
            vv = torch.cat([v[:, s:e] for s, e in pieces], 1) if len(pieces) > 1 else v[:, pieces[0][0] : pieces[0][1]]
            p = torch.bmm(qq, kk.transpose(1, 2))
            native.softmax_(p, ranges, groups)
            out[:, :, first:end] = torch.bmm(p, vv).view(b * groups, per, end - first, size)
            saved.append((qq, kk, vv, p))
        ctx.saved, ctx.parts, ctx.shape = saved, parts, (b, heads, groups, n, k.shape[1], size)
        return out.view(b, heads, n, size).transpose(1, 2).reshape(b, n, heads * size)

    @staticmethod
    def backward(ctx, d):
        b, heads, groups, n, m, size = ctx.shape
        per = heads // groups
        d = d.reshape(b, n, heads, size).transpose(1, 2).reshape(b * groups, per, n, size)
        dq = torch.empty_like(d)
        dk, dv = torch.zeros(b * groups, m, size, dtype=d.dtype), torch.zeros(b * groups, m, size, dtype=d.dtype)
        for (first, end, pieces, _), (qq, kk, vv, p) in zip(ctx.parts, ctx.saved):
            dd = d[:, :, first:end].reshape(b * groups, per * (end - first), size)
            g = torch.bmm(dd, vv.transpose(1, 2))
            native.softmax_backward_(g, p)
            dvv = torch.bmm(p.transpose(1, 2), dd)
            dkk = torch.bmm(g.transpose(1, 2), qq)
            dq[:, :, first:end] = torch.bmm(g, kk).view(b * groups, per, end - first, size)
            at = 0
            for s, e in pieces:
                dk[:, s:e] += dkk[:, at : at + e - s]
                dv[:, s:e] += dvv[:, at : at + e - s]
                at += e - s
        return dq.view(b, heads, n, size), dk.view(b, groups, m, size), dv.view(b, groups, m, size), None


def parts(p, length, block, first_layer_queries, chunk=160, text_chunk=96):
    """How queries of a sequence of p prefix and t text places see keys. block [b, t]: which question a text place is of, -1 for padding."""
    b, t = block.shape
    result = []
    if first_layer_queries:
        for s in range(0, p, chunk):
            e = min(p, s + chunk)
            own = torch.arange(s + 1, e + 1, dtype=torch.int32)
            zero = torch.zeros_like(own)
            result.append((s, e, [(0, e)], torch.stack([zero, own, zero, zero], 1)[None].contiguous()))
    place = torch.arange(t).expand(b, t)
    fresh = torch.ones(b, t, dtype=torch.bool)
    fresh[:, 1:] = block[:, 1:] != block[:, :-1]
    begin = torch.where(fresh, place, 0).cummax(1).values
    for s in range(0, t, text_chunk):
        e = min(t, s + text_chunk)
        low = int(begin[:, s:e].min())
        shift = p - low
        ranges = torch.stack([torch.zeros(b, e - s, dtype=torch.long), length[:, None].expand(b, e - s), begin[:, s:e] + shift, place[:, s:e] + 1 + shift], 2)
        at = 0 if first_layer_queries else -p
        result.append((p + s + at, p + e + at, [(0, p), (p + low, p + e)], ranges.to(torch.int32).contiguous()))
    return result


def table(size, most=8192, theta=10000.0):
    frequencies = theta ** (-torch.arange(0, size, 2, dtype=torch.float32) / size)
    angles = torch.arange(most).float()[:, None] * frequencies
    return torch.cat([angles.cos(), angles.sin()], 1).contiguous()


def linear(x, layer):
    return F.linear(x, layer.weight.to(BF16))


def train_forward(decoder, prefix, text, prefix_positions, text_positions, length, block):
    """Decoder.train_forward by fused passes, in bfloat16. Text places of block -1 are padding."""
    b, p, _ = prefix.shape
    if not hasattr(decoder, "turns"):
        decoder.turns = table(decoder.SIZE)
    positions = torch.cat([prefix_positions, text_positions], 1).contiguous()
    text_positions = text_positions.contiguous()
    x, delta = torch.cat([prefix, text], 1), None
    every, only_text = parts(p, length, block, True), parts(p, length, block, False)
    scale = decoder.SIZE**-0.5
    for i, layer in enumerate(decoder.layers):
        last = i + 1 == len(decoder.layers)
        x, h = AddNorm.apply(x, delta, layer.norm1.weight)
        k = Heads.apply(linear(h, layer.k), positions, decoder.turns, layer.groups, 1.0, True)
        v = Heads.apply(linear(h, layer.v), positions, decoder.turns, layer.groups, 1.0, False)
        if i + 2 == len(decoder.layers):
            slots = x[:, :p]
        if last:
            earlier = x[:, p:]
            x, h = earlier, h[:, p:]
        q = Heads.apply(linear(h, layer.q), text_positions if last else positions, decoder.turns, layer.heads, scale, True)
        mixed = Attention.apply(q, k, v, only_text if last else every)
        x, h = AddNorm.apply(x, linear(mixed, layer.o), layer.norm2.weight)
        delta = linear(Swiglu.apply(linear(h, layer.gate), linear(h, layer.up)), layer.down)
    _, states = AddNorm.apply(x, delta, decoder.norm.weight)
    return states, slots, earlier
