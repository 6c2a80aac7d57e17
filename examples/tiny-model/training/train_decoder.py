"""Stage 3: the decoder learns to answer from memory, with the encoder frozen."""

import argparse
import functools
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
from feed import Feed
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

    # (share of the training after which a stage ends, weights of: 1-2 scenes, 1-4, 3-9, long); the last three only where they are asked
    # for, with 5-9 scenes in place of 3-9 in the sixth and the seventh, and 3-4 in place of 1-4 in the seventh
    STAGES = [(0.12, (1, 0, 0, 0)), (0.3, (0.4, 0.6, 0, 0)), (0.65, (0.35, 0.45, 0.2, 0)), (2.0, (0.2, 0.35, 0.35, 0.1)), (math.inf, (0.1, 0.25, 0.55, 0.1)), (math.inf, (0.2, 0.15, 0.57, 0.08)), (math.inf, (0.17, 0.25, 0.52, 0.06))]

    def __init__(self, o, rank, seed, bank, tokenizer):
        self.bank, self.tokenizer = bank, tokenizer
        self.random = random.Random(seed)
        shapes = [(1, 2, 0), (3 if o.stage == 7 else 1, 4, 0), (5 if o.stage >= 6 else 3, 9, 0), (1, 1, 100)]
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
    """Padded arrays of a batch, in the smallest types that hold them: they may come from another process."""
    b = len(batch)
    # Sides are multiples of 8: a card's kernels want their rows aligned.
    p = -(-max(len(e["ids"]) for e in batch) // 8) * 8
    t = -(-max(len(e["text"]) for e in batch) // 8) * 8
    ids, text, position = np.zeros((b, p), np.int16), np.zeros((b, t), np.int16), np.zeros((b, t), np.int16)
    labels, block = np.full((b, t), -100, np.int16), np.full((b, t), -1, np.int16)
    weight = np.ones((b, t), np.float32)
    length = np.array([len(e["ids"]) for e in batch], np.int16)
    for i, e in enumerate(batch):
        ids[i, : length[i]] = e["ids"]
        n = len(e["text"])
        text[i, :n], labels[i, :n], position[i, :n], block[i, :n], weight[i, :n] = e["text"], e["labels"], e["position"], e["block"], e["weight"]
    asked = np.flatnonzero(labels >= 0).astype(np.int32)
    return dict(
        ids=ids, text=text, position=position, block=block, length=length,
        asked=asked, wanted=labels.ravel()[asked], weight=weight.ravel()[asked],
        rows=np.concatenate([e["rows"] for e in batch]),
        where=np.concatenate([i * p + e["visual"] for i, e in enumerate(batch)]).astype(np.int32),
        closes=np.concatenate([i * p + e["closes"] for i, e in enumerate(batch)]).astype(np.int32),
        aux=np.concatenate([e["aux"] for e in batch]).astype(np.int16),
        match_at=np.concatenate([i * t + e["match_at"] for i, e in enumerate(batch)]).astype(np.int32),
        match=np.concatenate([e["match"] for e in batch]).astype(np.int16),
    )


def tensors(arrays, device):
    """What collate made, on the device: numbers as torch wants them for indices."""
    x = {}
    for name, array in arrays.items():
        tensor = torch.from_numpy(array)
        if device != "cpu":
            tensor = tensor.pin_memory().to(device, non_blocking=True)
        x[name] = tensor if tensor.is_floating_point() else tensor.long()
    return x


def bias(x):
    """[b, 1, t, p + t]: 0 where a place of the text sees the memory or the earlier places of its question, else as good as minus infinity."""
    (b, p), t = x["ids"].shape, x["text"].shape[1]
    places = torch.arange(t, device=x["ids"].device)
    memory = (torch.arange(p, device=places.device) < x["length"][:, None])[:, None].expand(b, t, p)
    own = (x["block"][:, :, None] == x["block"][:, None]) & (places[:, None] >= places)
    seen = torch.cat([memory, own], 2)[:, None]
    return torch.zeros(seen.shape, device=places.device).masked_fill_(~seen, -1e4)


def forward(decoder, x):
    """Fused where the kernels could be compiled and bfloat16 is wanted; evaluation and a card take the plain way."""
    b, p = x["ids"].shape
    embedded = decoder.words(x["ids"]).reshape(b * p, WIDTH)
    embedded = embedded.index_copy(0, x["where"], x["rows"].float()).view(b, p, WIDTH)
    positions = torch.arange(p, device=embedded.device).expand(b, p)
    if decoder.training and kernels is not None and not embedded.is_cuda:
        states, prefix, earlier = kernels.train_forward(decoder, embedded, decoder.words(x["text"]), positions, x["position"], x["length"], x["block"])
    else:
        states, prefix, earlier = decoder.train_forward(embedded, decoder.words(x["text"]), positions, x["position"], bias(x))
    return states, prefix.reshape(b * p, WIDTH)[x["closes"]], earlier.reshape(-1, WIDTH)[x["match_at"]]


@functools.lru_cache(None)
def layout(sizes, device):
    """For logits that are parts of these sizes: [parts * widest] which of the logits a place holds, [parts, widest] which hold none."""
    widths = torch.tensor(sizes)
    place = torch.arange(max(sizes))
    index = ((widths.cumsum(0) - widths)[:, None] + place).clamp(max=sum(sizes) - 1)
    return index.flatten().to(device), (place >= widths[:, None]).to(device)


@functools.lru_cache(None)
def constant(values, device):
    return torch.tensor(values, dtype=torch.float32, device=device)


def each_part(logits, sizes, targets):
    """Mean cross-entropy of each part of the logits, which are as wide as sizes say; targets [n, parts], -100 where nothing is asked.

    0 for a part of which nothing is asked at all. All parts at once: for a card, starting many small operations takes longer than they do.
    """
    index, none = layout(tuple(sizes), logits.device)
    parts = logits.index_select(1, index).view(len(logits), *none.shape).masked_fill(none, -1e4)
    each = F.cross_entropy(parts.flatten(0, 1), targets.flatten(), reduction="none", ignore_index=-100).view(targets.shape)
    return each.sum(0) / (targets >= 0).sum(0).clamp(min=1)


def losses(decoder, aux_head, match_head, x):
    """Of the answers, of all that is asked beside them, the share of right tokens, and the losses of the parts of the second."""
    with torch.autocast(x["ids"].device.type, torch.bfloat16):
        states, closing, words = forward(decoder, x)
        logits = decoder.head(states.reshape(-1, WIDTH)[x["asked"]]).float()
        aux = aux_head(closing).float()
        match = match_head(words).float()
    answer = (F.cross_entropy(logits, x["wanted"], reduction="none") * x["weight"]).sum() / x["weight"].sum()
    right = (logits.argmax(-1) == x["wanted"]).float().mean()
    parts = torch.cat([each_part(aux, movies.AUX, x["aux"]), each_part(match, movies.MATCH, x["match"])])
    extra = (parts * constant(tuple(movies.AUX_WEIGHTS + movies.MATCH_WEIGHTS), parts.device)).sum()
    known = torch.cat([(x["aux"] >= 0).any(0), (x["match"] >= 0).any(0)])
    return answer, extra, right, torch.where(known, parts.detach(), torch.full_like(parts, float("nan")))


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
    options.add_argument("--stage", type=int, default=0, help="stay in this stage (1 to 7) instead of going through all")
    options.add_argument("--restart-rate", action="store_true", help="a new learning rate cycle on the present weights")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--device", default="cpu", help="cpu, or cuda with one worker")
    options.add_argument("--composers", type=int, default=0, help="processes that compose the batches of a worker, which then only trains")
    options.add_argument("--uses", type=int, default=1, help="how often a batch is used at most where composers are slower than the training")
    options.add_argument("--resume", action="store_true")
    return options.parse_args()


def main(rank, o):
    movies.EMPHASIS.update((k, float(v)) for k, v in (part.split("=") for part in o.emphasis.split(",") if part))
    tokenizer = tokenizers.load(os.path.join(o.run, "tokenizer.json"))
    bank = Bank(o.run)
    path = os.path.join(o.run, "decoder.pt")
    state = torch.load(path, map_location="cpu") if o.resume and os.path.exists(path) else None
    steps, seconds, seen, cycle, settling = 0, 0.0, 0, 0.0, 0
    if state:
        steps, seconds, seen, cycle = state["steps"], state["seconds"], state["movies"], 0.0 if o.restart_rate else state.get("cycle", 0.0)
    feed = None
    if o.composers:

        def compose(composer, progress):
            mixture = Mixture(o, rank, o.seed * 1000 + steps * 2 + 100 * (composer + 1) + rank, bank, tokenizer)
            while True:
                yield collate(mixture.batches(progress(), o.tokens, 3))

        feed = Feed(compose, o.composers, o.uses)
    torch.manual_seed(o.seed)
    decoder = Decoder(len(tokenizer))
    aux_head = torch.nn.Linear(WIDTH, sum(movies.AUX))
    match_head = torch.nn.Linear(WIDTH, sum(movies.MATCH))
    for module in (decoder, aux_head, match_head):
        module.to(o.device)
    if o.device != "cpu":
        torch.backends.cuda.enable_cudnn_sdp(False)  # makes a plan for each new shape, and every batch has one of its own
    parameters = list(decoder.parameters()) + list(aux_head.parameters()) + list(match_head.parameters())
    matrices = [p for p in decoder.layers.parameters() if p.dim() == 2]
    own = {id(p) for p in matrices}
    optimisers = [Muon(matrices, o.rate), torch.optim.AdamW([p for p in parameters if id(p) not in own], o.rate, betas=(0.9, 0.98), weight_decay=0.02)]
    if state:
        decoder.load_state_dict(state["decoder"])
        if "aux" in state:
            aux_head.load_state_dict(state["aux"])
            match_head.load_state_dict(state["match"])
        settling = 0 if "aux" in state else SETTLING
        for optimiser, held in zip(optimisers, state.get("optimisers", [])):
            optimiser.load_state_dict(held)
    if rank == 0:
        print("decoder parameters", sum(p.numel() for p in decoder.parameters()), "vocabulary", len(tokenizer), flush=True)
    # The mean of the last few hundred steps answers better than any one step while the learning rate is high.
    mean = {k: v.clone() for k, v in decoder.state_dict().items()}
    if feed:
        feed.ready()  # before the clock of the learning rate starts
    else:
        mixture = Mixture(o, rank, o.seed * 1000 + steps * 2 + rank + 7, bank, tokenizer)
    log = open(os.path.join(o.run, "decoder.jsonl"), "a") if rank == 0 else None
    start = last = saved = time.time()
    before, seen_before, spent_composing = seconds, seen, 0.0
    sums, own_steps = [], 0

    def save(cycle):
        held = dict(decoder=decoder.state_dict(), mean=mean, aux=aux_head.state_dict(), match=match_head.state_dict(), optimisers=[optimiser.state_dict() for optimiser in optimisers], steps=steps, seconds=before + time.time() - start, movies=seen, cycle=cycle)
        torch.save(held, path + ".new")
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
        arrays = feed.next(progress) if feed else collate(mixture.batches(progress, o.tokens))
        x = tensors(arrays, o.device)
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
        seen += len(arrays["length"]) * o.workers
        # Numbers are fetched with a line of the log: each fetch waits for all that a card has to do.
        sums.append(torch.cat([torch.stack([answer.detach(), right, norm]), parts]))
        if rank == 0 and steps % 50 == 0:
            average = np.nanmean(torch.stack(sums).cpu().numpy(), 0)
            now = time.time()
            line = dict(steps=steps, seconds=round(before + now - start), movies=seen, progress=round(progress, 4), rate=rate, loss=float(average[0]), token=float(average[1]), norm=float(average[2]), aux=[round(float(v), 3) for v in average[3:]], per_second=(seen - seen_before) / (now - last), composing=spent_composing / (now - last))
            if feed:
                line.update(fresh=feed.fresh, again=feed.again, waiting=feed.queue.qsize())
            print(json.dumps(line), flush=True)
            log.write(json.dumps(line) + "\n")
            log.flush()
            sums, last, seen_before, spent_composing = [], now, seen, 0.0
        if rank == 0 and time.time() - saved >= 60:
            save(cycle + time.time() - start)
            saved = time.time()
    if rank == 0:
        save(0.0)


if __name__ == "__main__":
    launch(main, options())
