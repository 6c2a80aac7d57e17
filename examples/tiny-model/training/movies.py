"""From a line of the generator's JSON to a training example: features, memory, prompt, questions, auxiliary targets."""

import json
import subprocess

import numpy as np

import memory
import prompt
from model import ACTIONS, COLOURS, KINDS, ROWS

STEP = 250  # milliseconds
MOST_SCENES = 15
# How much an answer to a question of a type weighs in the loss; 1 where nothing is said.
EMPHASIS = {}
NO_KIND, NO_COLOUR = len(KINDS), len(COLOURS)
AUX = [MOST_SCENES + 1, NO_KIND + 1, NO_COLOUR + 1, NO_KIND + 1, NO_COLOUR + 1, len(ACTIONS) + 1, len(ACTIONS) + 1, NO_KIND + 1, NO_COLOUR + 1, NO_KIND + 1, NO_COLOUR + 1, 2]
# Motion is the last thing to be learned, and is not learned from answers alone: its loss weighs most.
AUX_WEIGHTS = [2, 1, 1, 1, 1, 5, 5, 2, 2, 1, 1, 3]


def stream(classes, *arguments):
    command = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-cp", classes, "io.moviechat.tinyworld.WorldTool", "movies"] + [str(a) for a in arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=1 << 16)
    try:
        for line in process.stdout:
            yield json.loads(line)
    finally:
        process.kill()


def timeline(bank, shots):
    """Rows of all frames, and the segment of each frame."""
    rows, segment = [], []
    for i, (scene, millis) in enumerate(shots):
        n = millis // STEP
        rows.append(bank.rows(scene, n))
        segment.append(np.full(n, i))
    return np.concatenate(rows), np.concatenate(segment)


def remember(rows, at, settings, recalled=None):
    """What the model is given: (slots, first frame, next slot's first frame, counts, is-now).

    recalled: consolidates a store of any size to what the prompt holds, (slots, counts) -> (slots, counts).
    """
    window, target, limit, kind = settings
    causal = at >= 0 and kind == "causal"
    whole = rows
    if causal:  # a snapshot taken at the moment, asked for before watching: nothing later is merged in
        rows = rows[: at // STEP + 1]
    f = len(rows)
    if kind == "uniform":
        picked = memory.uniform(rows, limit)
        picked = np.unique(picked)
        slots, starts, counts = rows[picked].astype(np.float32), picked, np.ones(len(picked), int)
        ends = np.append(starts[1:], f - 1)
    elif kind == "recent":
        starts = np.arange(max(0, f - limit), f)
        slots, counts = rows[starts].astype(np.float32), np.ones(len(starts), int)
        ends = np.append(starts[1:], f - 1)
    else:
        slots, counts = memory.remember(rows, window, target, limit)
        if recalled:
            past = len(slots)
            if at >= 0:  # a moment's recall sees only what ends by it
                past = int((np.append(np.cumsum(counts)[:-1], f - 1) <= at // STEP).sum())
            if past:
                few, sizes = recalled(slots[:past], counts[:past])
                slots, counts = np.concatenate([few, slots[past:]]), np.concatenate([sizes, counts[past:]])
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        ends = np.append(starts[1:], f - 1)
    now = np.zeros(len(slots), bool)
    if causal:
        slots = np.concatenate([slots, whole[at // STEP : at // STEP + 1].astype(np.float32)])
        starts, ends, counts, now = np.append(starts, f - 1), np.append(ends, f - 1), np.append(counts, 1), np.append(now, True)
    elif at >= 0:
        moment = at // STEP
        past = ends <= moment
        past &= np.cumprod(past).astype(bool)
        if kind == "uniform" or kind == "recent":
            past &= starts < moment
        slots, starts, ends, counts, now = slots[past], starts[past], ends[past], counts[past], now[past]
        first = max(int(ends[-1]) if len(ends) else 0, moment - window)
        recent = np.arange(first, moment + 1)
        slots = np.concatenate([slots, rows[recent].astype(np.float32)]) if len(slots) else rows[recent].astype(np.float32)
        starts = np.concatenate([starts, recent])
        ends = np.concatenate([ends, np.append(recent[1:], moment)])
        counts = np.concatenate([counts, np.ones(len(recent), int)])
        now = np.concatenate([now, np.arange(len(recent)) == len(recent) - 1])
    return slots, starts.astype(int), ends.astype(int), counts, now


def prefix(tokenizer, slots, starts, ends, counts, now, millis, scale=1):
    """Token ids, positions of the visual rows, and the position that closes each slot."""
    ids = tokenizer.encode(prompt.head(len(slots), millis * scale))
    visual, closes = [], []
    for i in range(len(slots)):
        ids += tokenizer.encode(prompt.announce(int(starts[i]) * STEP * scale, int(ends[i]) * STEP * scale, int(counts[i]), bool(now[i])))
        ids += [tokenizer.fake, tokenizer.glob]
        visual += range(len(ids), len(ids) + ROWS)
        ids += [tokenizer.image] * ROWS
        closes.append(len(ids))
        ids.append(tokenizer.fake)
    return ids, visual, closes


def who(info):
    """Kinds and colours of a scene's one or two actors, left first; -100 where there are three."""
    actors = info["actors"]
    if len(actors) > 2:
        return [-100] * 4, [-100] * 2
    second = actors[1] if len(actors) == 2 else [NO_KIND, NO_COLOUR, len(ACTIONS)]
    return [actors[0][0], actors[0][1], second[0], second[1]], [actors[0][2], second[2]]


def auxiliary(bank, shots, segment, starts, counts):
    """For each slot: number of its scene, who is in it, what they do (late in the scene), who was in the scene before, whether it begins one."""
    middle = np.minimum(starts + counts // 2, len(segment) - 1)
    of = segment[middle]
    first = np.concatenate([[0], np.cumsum([millis // STEP for _, millis in shots])])
    out = np.full((len(starts), len(AUX)), -100)
    for s, scene in enumerate(of):
        current, action = who(bank.infos[shots[scene][0]])
        out[s, 0] = scene if scene <= MOST_SCENES else -100
        out[s, 1:5] = current
        if middle[s] - first[scene] >= 0.6 * shots[scene][1] / STEP and shots[scene][1] >= 3000:
            out[s, 5:7] = action
        out[s, 7:11] = who(bank.infos[shots[scene - 1][0]])[0] if scene > 0 else [NO_KIND, NO_COLOUR, NO_KIND, NO_COLOUR]
        out[s, 11] = int(s == 0 or scene != of[s - 1])
    return out


# What the hidden state of a word in a question has to know. Of a thing ("fish", "red fish", "it"): its colour, its action, who is in the
# scene after it and in the scene before it, in which third of the movie it is, in how many scenes, whether it is there at all; of a
# colour: its kind; of "scenes": how many there are.
MOST_COUNTED = 8
MATCH = [NO_COLOUR + 1, len(ACTIONS) + 1, NO_KIND + 1] + [NO_KIND + 1, NO_COLOUR + 1] * 4 + [3, MOST_COUNTED + 1, 2, MOST_SCENES + 1]
MATCH_WEIGHTS = [5, 5, 5] + [2] * 8 + [2, 3, 4, 4]


def one(found, absent):
    """The one thing that was found; -100, which no loss counts, where there are several."""
    return absent if not found else next(iter(found)) if len(found) == 1 else -100


def part(start, millis, whole):
    """The third of the movie in which the middle of a scene lies; -100 near a border."""
    middle = (start + millis / 2) / whole
    return -100 if min(abs(middle - 1 / 3), abs(middle - 2 / 3)) < 0.06 else int(middle * 3)


class Targets:
    """What the words of a question have to know of one movie."""

    def __init__(self, bank, shots, at):
        self.at, self.whole, start = at, sum(millis for _, millis in shots), 0
        self.seen, self.roles = [], []
        for scene, millis in shots:
            if at < 0 or start + 750 <= at:
                over = (at < 0 or start + millis <= at) and millis >= 3000
                self.roles += [(len(self.seen), kind, colour, action if over else -100) for kind, colour, action in bank.infos[scene]["actors"]]
                self.seen.append((start, millis))
            start += millis
        self.casts = [who(bank.infos[scene])[0] for scene, _ in shots[: len(self.seen)]]

    def thing(self, kind, colour):
        """Targets for a kind, or for a kind of a colour where colour is not None."""
        roles = [r for r in self.roles if r[1] == kind and colour in (None, r[2])]
        i = one({r[0] for r in roles}, -100)
        target = [one({r[2] for r in roles}, NO_COLOUR), one({r[3] for r in roles}, len(ACTIONS)), -100]
        for other in (i + 1, i - 1):
            target += self.casts[other] if i >= 0 and 0 <= other < len(self.seen) else [-100] * 4
        third = part(*self.seen[i], self.whole) if i >= 0 and self.at < 0 else -100
        return target + [third, len(roles) if len(roles) <= MOST_COUNTED else -100, 1 if roles else 0, -100]

    def colour(self, colour):
        return [-100, -100, one({r[1] for r in self.roles if r[2] == colour}, NO_KIND)] + [-100] * (len(MATCH) - 3)

    def scenes(self):
        return [-100] * (len(MATCH) - 1) + [len(self.seen) if len(self.seen) <= MOST_SCENES else -100]


class Words:
    """The tokens that name kinds, colours, what was named before, and scenes."""

    def __init__(self, tokenizer):
        self.kinds = {tokenizer.encode(" " + word)[0]: i for i, word in enumerate(KINDS)}
        self.colours = {tokenizer.encode(" " + word)[0]: i for i, word in enumerate(COLOURS)}
        self.it, self.scenes = tokenizer.encode(" it")[0], tokenizer.encode(" scenes")[0]

    def targets(self, targets, tokens, asked):
        """(index, target) of the tokens of a conversation that have one; tokens of answers have none, but what they name is what "it" is."""
        found, thing = [], None
        for i, token in enumerate(tokens):
            if token in self.kinds:
                thing = (self.kinds[token], self.colours.get(tokens[i - 1]))
            if not asked[i]:
                continue
            if token in self.kinds or (token == self.it and thing):
                found.append((i, targets.thing(*thing)))
            elif token in self.colours:
                found.append((i, targets.colour(self.colours[token])))
            elif token == self.scenes:
                found.append((i, targets.scenes()))
        return found


def example(bank, tokenizer, movie, settings, scale=1, recalled=None):
    shots, at = movie["shots"], movie["at"]
    rows, segment = timeline(bank, shots)
    slots, starts, ends, counts, now = remember(rows, at, settings, recalled)
    watched = at if at >= 0 else (len(rows) - 1) * STEP
    ids, visual, closes = prefix(tokenizer, slots, starts, ends, counts, now, watched, scale)
    text, labels, block, position, weight = [], [], [], [], []
    words, targets = Words(tokenizer), Targets(bank, shots, at)
    match_at, match = [], []
    for b, question in enumerate(movie["questions"]):
        turns = [(question[i], question[i + 1]) for i in range(1, len(question), 2)]
        own, own_labels = [], []
        for part, answer in prompt.turns(turns):
            part_ids = tokenizer.encode(part)
            own += part_ids
            own_labels += part_ids if answer else [-100] * len(part_ids)
        for i, target in words.targets(targets, own[:-1], [label < 0 for label in own_labels]):
            match_at.append(len(text) + i)
            match.append(target)
        # Each position predicts the next token.
        text += own[:-1]
        labels += own_labels[1:]
        # Seen through merged slots, a thing that was there is denied far more often than one that was not is affirmed.
        there = recalled and question[0] == "YES_NO" and question[2].lower().startswith("yes")
        weight += [EMPHASIS.get("THERE" if there else question[0], 1.0)] * (len(own) - 1)
        block += [b] * (len(own) - 1)
        position += range(len(ids), len(ids) + len(own) - 1)
    return dict(
        ids=np.array(ids), visual=np.array(visual), rows=slots.reshape(-1, slots.shape[-1]).astype(np.float16), closes=np.array(closes),
        text=np.array(text), labels=np.array(labels), block=np.array(block), position=np.array(position), weight=np.array(weight, np.float32),
        match_at=np.array(match_at, np.int64), match=np.array(match, np.int64).reshape(-1, len(MATCH)),
        aux=auxiliary(bank, shots, segment, starts, counts),
    )
