"""A byte-level BPE tokenizer whose merges are built so that the words of the world and the time words are single tokens.

Writes the Hugging Face tokenizer.json format; encodes by itself for training, so that no tokenizer library is needed.
"""

import json
import re

SPECIALS_FIRST = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
SPECIALS_LAST = ["<fake_token_around_image>", "<global-img>", "<image>", "<end_of_utterance>"]

# The same pattern twice: for the tokenizers library and for Python's re.
PATTERN = (
    r"\nFrames from 00:|\nFrames from |\nFrame from |\nFrame now, at 00:|\nFrame now, at | to 00:(?=\d)| to (?=\d)|\nAssistant:|\nUser:"
    r"|\d\d:|\d\d|\d| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
)
PYTHON_PATTERN = re.compile(PATTERN.replace(r"\p{L}\p{N}", r"\w").replace(r"\p{L}", r"[^\W\d_]"))
SPECIAL_PATTERN = re.compile("(" + "|".join(re.escape(s) for s in SPECIALS_FIRST + SPECIALS_LAST) + ")")


def byte_letters():
    """GPT-2's printable letter for each byte."""
    keep = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    letters, extra = {}, 0
    for b in range(256):
        if b in keep:
            letters[b] = chr(b)
        else:
            letters[b] = chr(256 + extra)
            extra += 1
    return letters


LETTERS = byte_letters()


class Tokenizer:
    def __init__(self, merges):
        self.merges = [tuple(m) for m in merges]
        self.ranks = {m: i for i, m in enumerate(self.merges)}
        words = SPECIALS_FIRST + [LETTERS[b] for b in range(256)]
        for a, b in self.merges:
            if a + b not in words:
                words.append(a + b)
        words += SPECIALS_LAST
        self.vocabulary = {w: i for i, w in enumerate(words)}
        self.words = words
        self.cache = {}
        self.image = self.vocabulary["<image>"]
        self.end = self.vocabulary["<end_of_utterance>"]
        self.fake = self.vocabulary["<fake_token_around_image>"]
        self.glob = self.vocabulary["<global-img>"]

    def __len__(self):
        return len(self.words)

    def bpe(self, piece):
        symbols = [LETTERS[b] for b in piece.encode("utf-8")]
        while len(symbols) > 1:
            best = min(range(len(symbols) - 1), key=lambda i: self.ranks.get((symbols[i], symbols[i + 1]), 1 << 30))
            pair = (symbols[best], symbols[best + 1])
            if pair not in self.ranks:
                break
            merged, i = [], 0
            while i < len(symbols):
                if i + 1 < len(symbols) and (symbols[i], symbols[i + 1]) == pair:
                    merged.append(symbols[i] + symbols[i + 1])
                    i += 2
                else:
                    merged.append(symbols[i])
                    i += 1
            symbols = merged
        return symbols

    def encode(self, text):
        ids = []
        for part in SPECIAL_PATTERN.split(text):
            if part in self.vocabulary and SPECIAL_PATTERN.fullmatch(part):
                ids.append(self.vocabulary[part])
                continue
            for match in PYTHON_PATTERN.finditer(part):
                piece = match.group()
                if piece not in self.cache:
                    self.cache[piece] = [self.vocabulary[s] for s in self.bpe(piece)]
                ids.extend(self.cache[piece])
        return ids

    def decode(self, ids):
        back = {c: b for b, c in LETTERS.items()}
        text = bytearray()
        for i in ids:
            word = self.words[i]
            if word not in SPECIALS_FIRST + SPECIALS_LAST:
                text.extend(back[c] for c in word)
        return text.decode("utf-8", "replace")

    def json(self):
        added = [
            dict(id=self.vocabulary[s], content=s, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
            for s in SPECIALS_FIRST + SPECIALS_LAST
        ]
        split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
        return {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": added,
            "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
            "post_processor": None,
            "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            "model": {
                "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "",
                "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                "vocab": self.vocabulary, "merges": [f"{a} {b}" for a, b in self.merges],
            },
        }


def pieces(text):
    for part in SPECIAL_PATTERN.split(text):
        if not SPECIAL_PATTERN.fullmatch(part):
            yield from (m.group() for m in PYTHON_PATTERN.finditer(part))


def build(texts):
    """Merges that make every piece of the texts, and every two-digit time word, one token."""
    counts = {}
    for text in texts:
        for piece in pieces(text):
            counts[piece] = counts.get(piece, 0) + 1
    wanted = [f"{n:02d}" for n in range(100)] + [f"{n:02d}:" for n in range(100)]
    wanted += ["\nFrames from 00:", "\nFrames from ", "\nFrame from ", "\nFrame now, at 00:", "\nFrame now, at ", " to 00:", " to "]
    wanted += ["\nAssistant:", "\nUser:"] + sorted(counts, key=lambda p: (-counts[p], p))
    tokenizer = Tokenizer([])
    for piece in wanted:
        while True:
            symbols = tokenizer.bpe(piece)
            if len(symbols) == 1:
                break
            pair = (symbols[0], symbols[1])
            tokenizer.ranks[pair] = len(tokenizer.merges)
            tokenizer.merges.append(pair)
    return Tokenizer(tokenizer.merges)


def load(path):
    with open(path) as file:
        return Tokenizer([tuple(m.split(" ")) for m in json.load(file)["model"]["merges"]])


def save(tokenizer, path):
    with open(path, "w") as file:
        json.dump(tokenizer.json(), file, ensure_ascii=False, indent=1)
        file.write("\n")
