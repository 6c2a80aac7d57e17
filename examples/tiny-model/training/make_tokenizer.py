"""Builds tokenizer.json from the generator's own questions and answers."""

import argparse
import itertools
import os

import movies
import prompt
import tokenizer

if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--run", required=True)
    options.add_argument("--classes", required=True)
    o = options.parse_args()
    texts = []
    for scenes in (3, 9):
        for movie in itertools.islice(movies.stream(o.classes, 1, 1, 20000, 1, scenes, 0, 2500, 40), 6000):
            for question in movie["questions"]:
                turns = [(question[i], question[i + 1]) for i in range(1, len(question), 2)]
                texts += [text for text, _ in prompt.turns(turns)]
    texts += [prompt.head(n, 1000 * n) for n in range(1, 130)]
    built = tokenizer.build(texts)
    tokenizer.save(built, os.path.join(o.run, "tokenizer.json"))
    print("vocabulary", len(built))
