"""Recall: the small model's scorer of slots, and memories consolidated at question time to what a prompt holds.

The scorer is late interaction. Each word of a question is a direction and a bias (a table; words that name nothing are true of every
row), each row of a slot is a point, and a slot is worth the best of its rows for all words at once:

    relevance(slot) = max over rows of the product over words of sigmoid(word . row + bias)

    recall.py --run RUN --classes CLASSES --minutes 6      trains scorer.pt on the bank
    recall.py --run RUN --classes CLASSES --check          recall at k on validation scenes
    recall.py --run RUN --export BUNDLE                    onnx/recall_words.onnx and onnx/recall_rows.onnx
"""

import argparse
import os
import random
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import memory
import movies
import tokenizer as tokenizers
from make_bank import Bank
from model import COLOURS, KINDS, WIDTH

SIZE = 32  # of the space in which words and rows meet
HIDDEN = 192
NEUTRAL = 12.0  # bias of a word that names nothing: true of every row
WANTED = 2.0  # what relevance 1 adds to the cost of a merge; dissimilarity is 0 to 2
EVENT = 0.5  # of the examples ask about what is shown for the shortest time, which questions drawn from all scenes would seldom meet
NEIGHBOURS = 0.5  # of a slot's relevance that the slots beside it get: what comes before and after


class Scorer(nn.Module):
    def __init__(self, vocabulary, content):
        super().__init__()
        self.content = content
        self.words = nn.Embedding(vocabulary, SIZE + 1)
        with torch.no_grad():
            self.words.weight.zero_()
            self.words.weight[:, SIZE] = NEUTRAL
            self.words.weight[content, :SIZE] = torch.randn(len(content), SIZE) * 0.3
            self.words.weight[content, SIZE] = -2.0
        self.up = nn.Linear(WIDTH, HIDDEN)
        self.down = nn.Linear(HIDDEN, SIZE)

    def rows(self, x):
        """[slots, rows, 192] -> [slots, rows, SIZE]."""
        return self.down(F.gelu(self.up(x)))

    def log_relevance(self, words, rows):
        """words [q, w, SIZE + 1] (padded with neutral ones), rows [slots, rows, SIZE] -> [q, slots]."""
        logits = torch.einsum("qwd,srd->qwsr", words[..., :SIZE], rows) + words[..., SIZE, None, None]
        return F.logsigmoid(logits).sum(1).max(-1)[0]


def content_words(tokenizer):
    return [tokenizer.encode(" " + word)[0] for word in KINDS + COLOURS]


def load(run, tokenizer):
    scorer = Scorer(len(tokenizer), content_words(tokenizer))
    scorer.load_state_dict(torch.load(os.path.join(run, "scorer.pt"), map_location="cpu")["scorer"])
    return scorer.eval()


def relevance(scorer, ids, slots):
    """ids of a question's words, slots [s, rows, 192] -> [s] in 0..1."""
    with torch.no_grad():
        words = scorer.words(torch.tensor([ids]))
        return scorer.log_relevance(words, scorer.rows(torch.from_numpy(np.ascontiguousarray(slots, np.float32))))[0].exp().numpy()


def spread(wanted):
    """Slots beside a wanted one are wanted too, by half."""
    out = wanted.copy()
    out[1:] = np.maximum(out[1:], NEIGHBOURS * wanted[:-1])
    out[:-1] = np.maximum(out[:-1], NEIGHBOURS * wanted[1:])
    return out


def recall(slots, counts, wanted, limit):
    """The twin of moviechat-memory's Recall: merges the cheapest adjacent pair until `limit` slots are left. Returns slots, counts."""
    slots, counts, wanted = [s.astype(np.float32) for s in slots], [int(c) for c in counts], [float(v) for v in wanted]
    unit = [memory.LongTerm._unit(s) for s in slots]

    def cost(i):
        return 1 - float((unit[i] * unit[i + 1]).sum()) / unit[i].shape[0] + WANTED * max(wanted[i], wanted[i + 1])

    costs = np.array([cost(i) for i in range(len(slots) - 1)])
    while len(slots) > limit:
        i = int(np.argmin(costs))
        total = counts[i] + counts[i + 1]
        slots[i] = (slots[i] * counts[i] + slots[i + 1] * counts[i + 1]) / total
        counts[i], wanted[i], unit[i] = total, max(wanted[i], wanted[i + 1]), memory.LongTerm._unit(slots[i])
        del slots[i + 1], counts[i + 1], wanted[i + 1], unit[i + 1]
        costs = np.delete(costs, i)
        if i > 0:
            costs[i - 1] = cost(i - 1)
        if i < len(costs):
            costs[i] = cost(i)
    return np.stack(slots), np.array(counts)


class Recalling:
    """Training examples whose memory was consolidated for one of the movie's questions: only those that name the same things are asked."""

    def __init__(self, scorer, tokenizer):
        self.scorer, self.tokenizer, self.content = scorer, tokenizer, set(content_words(tokenizer))

    def named(self, question):
        return frozenset(i for i in self.tokenizer.encode(" ".join(question[1::2])) if i in self.content)

    def about_event(self, bank, movie, asked):
        """Of a movie of many scenes, the questions that name the kind of thing its shortest scene shows."""
        shortest = min(movie["shots"], key=lambda shot: shot[1])[0]
        kind = self.tokenizer.encode(" " + KINDS[bank.infos[shortest]["actors"][0][0]])[0]
        return [q for q in asked if kind in self.named(q)]

    def example(self, bank, movie, settings, scale, draw):
        asked = [q for q in movie["questions"] if q[0] != "FOLLOW_UP"]
        if not asked:
            return None
        names = self.named(draw.choice(self.about_event(bank, movie, asked) or asked if draw.random() < EVENT else asked))
        ids = sorted(names)
        limit = settings[2]

        def recalled(slots, counts):
            if len(slots) <= limit:
                return slots, counts
            wanted = spread(relevance(self.scorer, ids, slots)) if ids else np.zeros(len(slots), np.float32)
            return recall(slots, counts, wanted, limit)

        alike = dict(movie, questions=[q for q in asked if self.named(q) == names])
        return movies.example(bank, self.tokenizer, alike, (settings[0], settings[1], 1 << 30, "merged"), scale, recalled)


def present(bank, shots, segment, starts, counts):
    """[slots, kinds, colours]: the share of each slot's frames in whose scene there is such a thing."""
    out = np.zeros((len(starts), len(KINDS), len(COLOURS)), np.float32)
    for s, (start, count) in enumerate(zip(starts, counts)):
        scenes, frames = np.unique(segment[start : start + count], return_counts=True)
        for scene, n in zip(scenes, frames):
            for kind, colour in {(k, c) for k, c, _ in bank.infos[shots[scene][0]]["actors"]}:
                out[s, kind, colour] += n / count
    return out


def store(bank, movie, limit=1 << 30, window=16, target=4):
    rows, segment = movies.timeline(bank, movie["shots"])
    slots, counts = memory.remember(rows, window, target, limit)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(int)
    return slots, starts, counts, segment


def train(o, tokenizer, bank):
    torch.manual_seed(o.seed)
    draw = random.Random(o.seed)
    content = content_words(tokenizer)
    scorer = Scorer(len(tokenizer), content)
    optimiser = torch.optim.AdamW(scorer.parameters(), 2e-3, weight_decay=0.01)
    streams = [movies.stream(o.classes, 900 + i, 101, len(bank), a, b, c, 2500, 0) for i, (a, b, c) in enumerate([(1, 9, 0), (6, 12, 0), (1, 1, 100)])]
    begin, step = time.time(), 0
    while time.time() - begin < o.minutes * 60:
        progress = (time.time() - begin) / (o.minutes * 60)
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * min(1, (step + 1) / 50) * (1 - progress)
        held, labels = [], []
        for _ in range(6):
            movie = next(draw.choice(streams))
            slots, starts, counts, segment = store(bank, movie, draw.choice([64, 256, 1 << 30]), draw.choice([16, 16, 12, 20]), draw.choice([4, 4, 3, 2]))
            keep = np.array(sorted(draw.sample(range(len(slots)), min(len(slots), 60))))
            held.append(slots[keep])
            labels.append(present(bank, movie["shots"], segment, starts[keep], counts[keep]))
        slots, there = torch.from_numpy(np.concatenate(held)), np.concatenate(labels)
        queries, targets = [], []
        for _ in range(160):
            how = draw.random()
            some = np.argwhere(there[draw.randrange(len(there))] > 0)
            kind, colour = some[draw.randrange(len(some))] if len(some) and draw.random() < 0.85 else (draw.randrange(len(KINDS)), draw.randrange(len(COLOURS)))
            if draw.random() < 0.3:  # a near miss
                colour = draw.randrange(len(COLOURS))
            if how < 0.3:
                queries.append([content[kind], content[kind]])
                targets.append(np.minimum(there[:, kind].sum(-1), 1))
            elif how < 0.5:
                queries.append([content[len(KINDS) + colour]] * 2)
                targets.append(np.minimum(there[:, :, colour].sum(-1), 1))
            else:
                queries.append([content[len(KINDS) + colour], content[kind]])
                targets.append(there[:, kind, colour])
        queries, targets = torch.tensor(queries), torch.from_numpy(np.stack(targets))
        words = scorer.words(queries)
        alike = (queries[:, 0] == queries[:, 1]).float()[:, None, None]
        words = torch.cat([words[:, :1], torch.where(alike > 0, torch.zeros_like(words[:, 1:]) + torch.eye(SIZE + 1)[SIZE] * NEUTRAL, words[:, 1:])], 1)
        value = scorer.log_relevance(words, scorer.rows(slots))
        p = value.exp().clamp(1e-6, 1 - 1e-6)
        positive, negative = targets >= 0.25, targets == 0
        loss = -value[positive].mean() - torch.log1p(-p[negative]).mean() * 2
        optimiser.zero_grad()
        loss.backward()
        # Words that name nothing stay neutral.
        mask = torch.zeros(len(tokenizer), 1)
        mask[content] = 1
        scorer.words.weight.grad *= mask
        with torch.no_grad():
            before = scorer.words.weight * (1 - mask)
        optimiser.step()
        with torch.no_grad():
            scorer.words.weight.mul_(mask).add_(before)
        step += 1
        if step % 50 == 0:
            print(step, "loss %.4f" % loss.item(), "missed %.3f" % (p[positive] < 0.5).float().mean().item(), "false %.4f" % (p[negative] >= 0.5).float().mean().item(), flush=True)
    torch.save(dict(scorer=scorer.state_dict()), os.path.join(o.run, "scorer.pt"))


def check(o, tokenizer):
    """How often the slots of an event are among the k best for a question that names it."""
    bank, scorer = Bank(o.run, "val"), load(o.run, tokenizer)
    content = content_words(tokenizer)
    ranks = []
    stream = movies.stream(o.classes, 77, 202, len(bank), 1, 1, 100, 2500, 0)
    for _ in range(200):
        movie = next(stream)
        slots, starts, counts, segment = store(bank, movie)
        shots = movie["shots"]
        event = min(range(len(shots)), key=lambda i: shots[i][1])
        kind, colour, _ = bank.infos[shots[event][0]]["actors"][0]
        there = present(bank, shots, segment, starts, counts)[:, kind, colour]
        value = relevance(scorer, [content[len(KINDS) + colour], content[kind]], slots)
        ranks.append((value > value[there > 0.25].max()).sum() if (there > 0.25).any() else 10**6)
    for k in (1, 4, 8, 16):
        print("recall at", k, "%.3f" % np.mean([r < k for r in ranks]), "of", len(ranks))


class WordsGraph(nn.Module):
    """input_ids [1, words] -> word_embeds [words, SIZE + 1]: the direction and, last, the bias."""

    def __init__(self, scorer):
        super().__init__()
        self.words = scorer.words

    def forward(self, input_ids):
        return self.words(input_ids)[0]


class RowsGraph(nn.Module):
    """rows [slots, rows, 192] -> row_embeds [slots, rows, SIZE]."""

    def __init__(self, scorer):
        super().__init__()
        self.up, self.down = scorer.up, scorer.down

    def forward(self, rows):
        return self.down(F.gelu(self.up(rows)))


def export(o, tokenizer):
    from export import export_graph

    scorer = load(o.run, tokenizer)
    folder = os.path.join(o.export, "onnx")
    export_graph(WordsGraph(scorer), (torch.tensor([[1, 2]]),), os.path.join(folder, "recall_words.onnx"), ["input_ids"], ["word_embeds"], {"input_ids": {1: "words"}, "word_embeds": {0: "words"}})
    rows = torch.randn(3, 4, WIDTH)
    export_graph(RowsGraph(scorer), (rows,), os.path.join(folder, "recall_rows.onnx"), ["rows"], ["row_embeds"], {"rows": {0: "slots"}, "row_embeds": {0: "slots"}})


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--run", required=True)
    options.add_argument("--classes")
    options.add_argument("--export")
    options.add_argument("--minutes", type=float, default=6)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--check", action="store_true")
    o = options.parse_args()
    torch.set_num_threads(1)
    tokenizer = tokenizers.load(os.path.join(o.run, "tokenizer.json"))
    if o.export:
        return export(o, tokenizer)
    if not o.check:
        train(o, tokenizer, Bank(o.run))
    if os.path.exists(os.path.join(o.run, "val.0.json")):
        check(o, tokenizer)


if __name__ == "__main__":
    main()
