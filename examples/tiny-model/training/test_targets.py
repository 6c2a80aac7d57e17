"""What words are asked for (movies.Targets) against the answers of the generator. Run with the folder of a run that has a validation bank."""

import argparse
import collections
import itertools
import os
import re

import movies
import tokenizer as tokenizers
from make_bank import Bank
from model import ACTIONS, COLOURS, KINDS

SLOTS = dict(colour=0, action=1, kind=2, after=3, before=7, part=11, count=12, there=13, scenes=14)
NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def cast(answer):
    """Kinds and colours of "A red fish and a blue car.", as two pairs."""
    pairs = [(KINDS.index(k), COLOURS.index(c)) for c, k in re.findall(rf"({'|'.join(COLOURS)}) ({'|'.join(KINDS)})", answer.lower())]
    pairs += [(movies.NO_KIND, movies.NO_COLOUR)] * (2 - len(pairs))
    return [value for pair in pairs for value in pair]


def expected(kind, answer):
    """(slot, values) that the thing in the question has to know, by the answer."""
    if kind == "COLOUR":
        return SLOTS["colour"], [COLOURS.index(answer.split()[-1][:-1])]
    if kind == "OBJECT":
        return SLOTS["kind"], [KINDS.index(answer.split()[1])]
    if kind in ("AFTER", "BEFORE"):
        return SLOTS[kind.lower()], cast(answer)
    if kind == "WHEN":
        return SLOTS["part"], [["At the beginning.", "In the middle.", "At the end."].index(answer)]
    if kind == "COUNT_SCENES":
        return SLOTS["scenes"], [NUMBERS.index(answer.split()[2])]
    if kind == "COUNT_KIND" and NUMBERS.index(answer.split()[1]) <= movies.MOST_COUNTED:
        return SLOTS["count"], [NUMBERS.index(answer.split()[1])]
    if kind == "YES_NO":
        return SLOTS["there"], [int(answer == "Yes.")]
    return None


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--run", required=True)
    options.add_argument("--classes", required=True)
    o = options.parse_args()
    tokenizer, bank = tokenizers.load(os.path.join(o.run, "tokenizer.json")), Bank(o.run, "val")
    words, checked, unknown = movies.Words(tokenizer), collections.Counter(), collections.Counter()
    for movie in itertools.islice(movies.stream(o.classes, 5, 202, len(bank), 1, 9, 0, 2500, 40), 2000):
        targets = movies.Targets(bank, movie["shots"], movie["at"])
        for kind, question, answer, *more in movie["questions"]:
            wanted = expected(kind.upper(), answer)
            if wanted is None:
                continue
            tokens = tokenizer.encode(" " + question)
            found = words.targets(targets, tokens, [True] * len(tokens))
            assert found, question
            slot, values = wanted
            got = found[-1][1][slot : slot + len(values)]
            if got[0] == -100:
                unknown[kind] += 1
                continue
            assert got == values, (kind, question, answer, got, values)
            checked[kind] += 1
    print("agree:", dict(checked), "not asked:", dict(unknown))
    assert all(checked[kind] > unknown[kind] for kind in checked)


if __name__ == "__main__":
    main()
