"""Greedy decoding of windows with Whisper's rules on times, in torch, many windows at once."""

import numpy as np
import torch
import torch.nn.functional as F

LIMIT = 224


def rules(scores, ids, tokenizer, suppressed):
    """What may not come next is made impossible; `scores` is one window's, `ids` what came after the prompt."""
    t = tokenizer
    impossible = -np.inf
    scores[suppressed] = impossible
    scores[t.plain] = impossible
    if not ids:
        scores[: t.stamp] = impossible
        return
    before = len(ids) < 2 or ids[-2] >= t.stamp
    if ids[-1] >= t.stamp:
        if before:
            scores[t.stamp :] = impossible
        else:
            scores[: t.end] = impossible
    times = [i for i in ids if i >= t.stamp]
    if times:
        least = times[-1] if ids[-1] >= t.stamp and not before else times[-1] + 1
        scores[t.stamp : least] = impossible
    top = scores.max()
    logs = scores - top - np.log(np.exp(scores - top).sum())
    late = logs[t.stamp :]
    if late.max() > impossible:
        mass = late.max() + np.log(np.exp(late - late.max()).sum())
        if mass > logs[: t.stamp].max():
            scores[: t.stamp] = impossible


def suppressed(tokenizer):
    t = tokenizer
    return [t.vocabulary[c] for c in "()[]{}<>\"#@*"] + [i for n, i in t.special.items() if n not in ("<|endoftext|>", "<|notimestamps|>")]


@torch.no_grad()
def decode(net, features, tokenizer):
    """Ids after the prompt of each window [n, 80, 3000], and the probability that nobody speaks."""
    t, n = tokenizer, features.shape[0]
    forbidden = suppressed(t)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        heard = net.encode(features)
        rows = net.rows()
        cross = [layer.cross.keys_values(heard) for layer in net.decoder]
        own = [None] * len(net.decoder)
        given = torch.tensor([[t.start, t.english, t.transcribe]] * n)
        at, said, done, silent = 0, [[] for _ in range(n)], [False] * n, None
        while not all(done) and at < LIMIT + 3:
            x = F.embedding(given, rows) * net.into + net.order[at : at + given.shape[1]]
            for i, layer in enumerate(net.decoder):
                y = layer.own_norm(x)
                k, v = layer.own.keys_values(y)
                if own[i] is not None:
                    k, v = torch.cat([own[i][0], k], 2), torch.cat([own[i][1], v], 2)
                own[i] = k, v
                x = x + layer.own(y, k, v, causal=True)
                x = x + layer.cross(layer.cross_norm(x), *cross[i])
                x = x + layer.narrow(F.gelu(layer.wide(layer.norm(x))))
            logits = (net.decoder_norm(x) @ rows.t()).float()
            if at == 0:
                silent = torch.softmax(logits[:, 0], -1)[:, t.silence].numpy()
            at += given.shape[1]
            following = []
            for i in range(n):
                scores = logits[i, -1].double().numpy()
                if done[i]:
                    following.append(t.end)
                    continue
                rules(scores, said[i], t, forbidden)
                following.append(int(scores.argmax()))
                if following[-1] == t.end:
                    done[i] = True
                else:
                    said[i].append(following[-1])
            given = torch.tensor(following)[:, None]
    return said, silent


def segments(ids, tokenizer):
    """(start, end, text) of each cue, seconds in the window; an utterance without an end is not one."""
    t, found, start, text = tokenizer, [], None, []
    for i in ids:
        if i < t.stamp:
            text.append(i)
        elif text:
            found.append((start, (i - t.stamp) * 0.02, t.decode(text).strip()))
            start, text = None, []
        else:
            start = (i - t.stamp) * 0.02
    if text:
        found.append((start, 30.0, t.decode(text).strip()))
    return found
