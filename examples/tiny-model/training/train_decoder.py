"""Stage 3: the decoder learns to answer from memory, with the encoder frozen."""

import argparse
import json
import math
import os
import random
import time

import numpy as np
import torch
import torch.nn.functional as F

import movies
import recall
import tokenizer as tokenizers
from make_bank import Bank
from model import WIDTH, Decoder
from muon import Muon
try:
    import kernels
except Exception as failure:  # no compiler, no ninja, another processor: the plain way works everywhere
    kernels = None
    print("fused kernels are not used:", failure)
from workers import average_gradients, launch, same


# Steps in which only new heads learn, before the decoder follows them.
SETTLING = 100


class Mixture:
    """Endless examples: streams of movies of different lengths, mixed by the stage of the training."""

    # (share of the training after which a stage ends, weights of: 1-2 scenes, 1-4, 3-9, long); the last two only where they are asked for,
    # the last with 5-9 scenes in place of 3-9
    STAGES = [(0.12, (1, 0, 0, 0)), (0.3, (0.4, 0.6, 0, 0)), (0.65, (0.35, 0.45, 0.2, 0)), (2.0, (0.2, 0.35, 0.35, 0.1)), (math.inf, (0.1, 0.25, 0.55, 0.1)), (math.inf, (0.2, 0.15, 0.57, 0.08))]

    def __init__(self, o, rank, seed, bank, tokenizer):
        self.bank, self.tokenizer = bank, tokenizer
        self.random = random.Random(seed)
        shapes = [(1, 2, 0), (1, 4, 0), (5 if o.stage == 6 else 3, 9, 0), (1, 1, 100)]
        self.streams = [movies.stream(o.classes, seed * 10 + i, o.bank_seed, len(bank), a, b, c, 2500, o.hard) for i, (a, b, c) in enumerate(shapes)]
        self.only = o.stage
        self.pool = []
        self.recall = o.recall / 100
        if self.recall:
            self.recalling = recall.Recalling(recall.load(o.run, tokenizer), tokenizer)
            shapes = [(8, 32, 0, 40, "SEEN"), (1, 1, 100, 40, "SEEN"), (1, 1, 100, 130, "SEEN"), (1, 1, 100, 300, "SEEN")]
            self.stores = [movies.stream(o.classes, seed * 10 + 5 + i, o.bank_seed, len(bank), a, b, c, 2500, o.hard, split, most) for i, (a, b, c, most, split) in enumerate(shapes)]

    def settings(self, long):
        r = self.random
        window = 16 if r.random() < 0.8 else r.choice([12, 14, 18, 20])
        target = 4 if r.random() < 0.75 else r.choice([2, 3, 5])
        limit = 64 if r.random() < 0.6 else r.choice([32, 48, 56, 80])
        kind = r.choices(["merged", "causal", "uniform"], [0.72, 0.22, 0.06])[0]
        return (window, min(target, limit), limit, kind)

    def one(self, progress):
        if self.recall and self.random.random() < self.recall:
            which = self.random.choices(range(4), (0.25, 0.15, 0.4, 0.2))[0]
            window, target, limit, _ = self.settings(True)
            if limit < 48 and which:
                limit = 64
            scale = self.random.choice([1, 1, 2, 4, 8, 16]) if which else 1
            return self.recalling.example(self.bank, next(self.stores[which]), (window, target, limit, "merged"), scale, self.random)
        weights = next(w for end, w in self.STAGES if progress < end)
        if self.only:
            weights = self.STAGES[self.only - 1][1]
        which = self.random.choices(range(4), weights)[0]
        long = which == 3
        scale = self.random.choice([1, 1, 1, 2, 4, 8]) if long else 1
        return movies.example(self.bank, self.tokenizer, next(self.streams[which]), self.settings(long), scale)

    def batches(self, progress, tokens, count=8):
        """Batches of about equal cost: sorted by length, so that little is padding."""
        if not self.pool:
            examples = []
            size = 0
            while size < tokens * count:
                e = self.one(progress)
                if e is None or len(e["text"]) == 0:
                    continue
                examples.append(e)
                size += len(e["ids"]) + len(e["text"])
            examples.sort(key=lambda e: len(e["ids"]))
            batch, longest = [], 0
            for e in examples:
                cost = (max(longest, len(e["ids"])) + 160) * (len(batch) + 1)
                if batch and cost > tokens:
                    self.pool.append(batch)
                    batch = []
                batch.append(e)
                longest = len(e["ids"])
            self.pool.append(batch)
            self.random.shuffle(self.pool)
        return self.pool.pop()


def collate(batch):
    b = len(batch)
    p = max(len(e["ids"]) for e in batch)
    t = max(len(e["text"]) for e in batch)
    ids = np.zeros((b, p), np.int64)
    text = np.zeros((b, t), np.int64)
    labels = np.full((b, t), -100, np.int64)
    position = np.zeros((b, t), np.int64)
    block = np.full((b, t), -1)
    weight = np.ones((b, t), np.float32)
    length = np.array([len(e["ids"]) for e in batch])
    for i, e in enumerate(batch):
        ids[i, : length[i]] = e["ids"]
        n = len(e["text"])
        text[i, :n], labels[i, :n], position[i, :n], block[i, :n], weight[i, :n] = e["text"], e["labels"], e["position"], e["block"], e["weight"]
    sees_prefix = np.broadcast_to((np.arange(p)[None, :] < length[:, None])[:, None, :], (b, t, p))
    own = (block[:, :, None] == block[:, None, :]) & np.tril(np.ones((t, t), bool))
    bias = np.where(np.concatenate([sees_prefix, own], 2)[:, None], np.float32(0), np.float32(-1e4))
    where = np.concatenate([i * p + e["visual"] for i, e in enumerate(batch)])
    closes = np.concatenate([i * p + e["closes"] for i, e in enumerate(batch)])
    match_at = np.concatenate([i * t + e["match_at"] for i, e in enumerate(batch)])
    return dict(
        match_at=torch.from_numpy(match_at), match=torch.from_numpy(np.concatenate([e["match"] for e in batch])),
        ids=torch.from_numpy(ids), text=torch.from_numpy(text), labels=torch.from_numpy(labels), position=torch.from_numpy(position),
        bias=torch.from_numpy(bias), where=torch.from_numpy(where), rows=torch.from_numpy(np.concatenate([e["rows"] for e in batch])),
        weight=torch.from_numpy(weight), length=torch.from_numpy(length), block=torch.from_numpy(block), closes=torch.from_numpy(closes), aux=torch.from_numpy(np.concatenate([e["aux"] for e in batch])),
    )


def forward(decoder, x):
    """Fused where the kernels could be compiled and bfloat16 is wanted; evaluation takes the plain way."""
    b, p = x["ids"].shape
    embedded = decoder.words(x["ids"]).reshape(b * p, WIDTH)
    embedded = embedded.index_copy(0, x["where"], x["rows"].float()).view(b, p, WIDTH)
    positions = torch.arange(p).expand(b, p)
    if decoder.training and kernels is not None:
        states, prefix, earlier = kernels.train_forward(decoder, embedded, decoder.words(x["text"]), positions, x["position"], x["length"], x["block"])
    else:
        states, prefix, earlier = decoder.train_forward(embedded, decoder.words(x["text"]), positions, x["position"], x["bias"])
    return states, prefix.reshape(b * p, WIDTH)[x["closes"]], earlier.reshape(-1, WIDTH)[x["match_at"]]


def losses(decoder, aux_head, match_head, x):
    with torch.autocast("cpu", torch.bfloat16):
        states, closing, words = forward(decoder, x)
        wanted = x["labels"].flatten()
        asked = torch.nonzero(wanted >= 0).squeeze(1)
        logits = decoder.head(states.reshape(-1, WIDTH)[asked]).float()
        aux = aux_head(closing).float()
        match = match_head(words).float()
    weight = x["weight"].flatten()[asked]
    answer = (F.cross_entropy(logits, wanted[asked], reduction="none") * weight).sum() / weight.sum()
    right = (logits.argmax(-1) == wanted[asked]).float().mean()
    parts, extra = [], 0.0
    for i, one in enumerate(aux.split(movies.AUX, -1)):
        known = x["aux"][:, i] >= 0
        if known.any():
            part = F.cross_entropy(one[known], x["aux"][known, i])
            extra = extra + movies.AUX_WEIGHTS[i] * part
            parts.append(part.item())
        else:
            parts.append(float("nan"))
    matched = []
    for i, one in enumerate(match.split(movies.MATCH, -1)):
        known = x["match"][:, i] >= 0
        part = F.cross_entropy(one[known], x["match"][known, i]) if known.any() else one.sum() * 0
        extra = extra + movies.MATCH_WEIGHTS[i] * part
        matched.append(part.item() if known.any() else float("nan"))
    return answer, extra, right, parts + matched


def options():
    options = argparse.ArgumentParser()
    options.add_argument("--run", required=True)
    options.add_argument("--classes", required=True)
    options.add_argument("--bank-seed", type=int, default=101)
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--tokens", type=int, default=4000, help="tokens in a batch of one process")
    options.add_argument("--rate", type=float, default=1.5e-3)
    options.add_argument("--hard", type=int, default=40, help="percent of questions drawn from the hard types")
    options.add_argument("--aux", type=float, default=0.035)
    options.add_argument("--recall", type=int, default=0, help="percent of examples whose memory was consolidated at question time (needs scorer.pt)")
    options.add_argument("--emphasis", default="", help="TYPE=WEIGHT,...: how much answers to a type of question weigh in the loss")
    options.add_argument("--stage", type=int, default=0, help="stay in this stage (1 to 6) instead of going through all")
    options.add_argument("--restart-rate", action="store_true", help="a new learning rate cycle on the present weights")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--resume", action="store_true")
    return options.parse_args()


def main(rank, o):
    movies.EMPHASIS.update((k, float(v)) for k, v in (part.split("=") for part in o.emphasis.split(",") if part))
    tokenizer = tokenizers.load(os.path.join(o.run, "tokenizer.json"))
    bank = Bank(o.run)
    torch.manual_seed(o.seed)
    decoder = Decoder(len(tokenizer))
    aux_head = torch.nn.Linear(WIDTH, sum(movies.AUX))
    match_head = torch.nn.Linear(WIDTH, sum(movies.MATCH))
    parameters = list(decoder.parameters()) + list(aux_head.parameters()) + list(match_head.parameters())
    matrices = [p for p in decoder.layers.parameters() if p.dim() == 2]
    own = {id(p) for p in matrices}
    optimisers = [Muon(matrices, o.rate), torch.optim.AdamW([p for p in parameters if id(p) not in own], o.rate, betas=(0.9, 0.98), weight_decay=0.02)]
    path = os.path.join(o.run, "decoder.pt")
    steps, seconds, seen, cycle, settling = 0, 0.0, 0, 0.0, 0
    if o.resume and os.path.exists(path):
        state = torch.load(path)
        decoder.load_state_dict(state["decoder"])
        if "aux" in state:
            aux_head.load_state_dict(state["aux"])
            match_head.load_state_dict(state["match"])
        settling = 0 if "aux" in state else SETTLING
        for optimiser, held in zip(optimisers, state.get("optimisers", [])):
            optimiser.load_state_dict(held)
        steps, seconds, seen, cycle = state["steps"], state["seconds"], state["movies"], state.get("cycle", 0.0)
        if o.restart_rate:
            cycle = 0.0
    if rank == 0:
        print("decoder parameters", sum(p.numel() for p in decoder.parameters()), "vocabulary", len(tokenizer), flush=True)
    # The mean of the last few hundred steps answers better than any one step while the learning rate is high.
    mean = {k: v.clone() for k, v in decoder.state_dict().items()}
    mixture = Mixture(o, rank, o.seed * 1000 + steps * 2 + rank + 7, bank, tokenizer)
    log = open(os.path.join(o.run, "decoder.jsonl"), "a") if rank == 0 else None
    start = last = time.time()
    before, seen_before, spent_composing = seconds, seen, 0.0
    sums, own_steps = [], 0

    def save(cycle):
        state = dict(decoder=decoder.state_dict(), mean=mean, aux=aux_head.state_dict(), match=match_head.state_dict(), optimisers=[optimiser.state_dict() for optimiser in optimisers], steps=steps, seconds=before + time.time() - start, movies=seen, cycle=cycle)
        torch.save(state, path + ".new")
        os.replace(path + ".new", path)

    while True:
        progress = same((cycle + time.time() - start) / (o.minutes * 60), o.workers)
        if progress >= 1:
            break
        warm = min(1, (own_steps + 1) / 100)
        rate = o.rate * warm * (1 if progress < 0.62 else 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (progress - 0.62) / 0.38)))
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate
        composing = time.time()
        batch = mixture.batches(progress, o.tokens)
        x = collate(batch)
        spent_composing += time.time() - composing
        answer, extra, right, parts = losses(decoder, aux_head, match_head, x)
        for p in parameters:
            p.grad = None
        (answer + o.aux * extra).backward()
        if own_steps < settling:
            for p in decoder.parameters():
                p.grad = None
        average_gradients(parameters, o.workers)
        norm = torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimiser in optimisers:
            optimiser.step()
        with torch.no_grad():
            for k, v in decoder.state_dict().items():
                mean[k].lerp_(v, 1 - min(0.996, (own_steps + 1) / (own_steps + 10)))
        own_steps += 1
        steps += 1
        seen += len(batch) * o.workers
        sums.append([answer.item(), right.item(), float(norm)] + parts)
        if rank == 0 and steps % 50 == 0:
            average = np.nanmean(np.array(sums), 0)
            now = time.time()
            line = dict(steps=steps, seconds=round(before + now - start), movies=seen, progress=round(progress, 4), rate=rate, loss=average[0], token=average[1], norm=average[2], aux=[round(float(v), 3) for v in average[3:]], per_second=(seen - seen_before) / (now - last), composing=spent_composing / (now - last))
            print(json.dumps(line), flush=True)
            log.write(json.dumps(line) + "\n")
            log.flush()
            sums, last, seen_before, spent_composing = [], now, seen, 0.0
        if rank == 0 and steps % 200 == 0:
            save(cycle + time.time() - start)
    if rank == 0:
        save(0.0)


if __name__ == "__main__":
    launch(main, options())
