"""The byte-level BPE tokenizer in Whisper's layout; every word of the films' vocabulary, with and without a capital, is one token."""

import json

import words


def byte_letters():
    """GPT-2's printable letter for each byte, in the order of the ids."""
    keep = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    letters = {b: chr(b) for b in keep}
    for b in range(256):
        if b not in letters:
            letters[b] = chr(256 + len(letters) - len(keep))
    return letters


LETTERS = byte_letters()
NAMES = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nocaptions|>", "<|notimestamps|>"]
STAMPS = 1501


class Tokenizer:
    def __init__(self):
        self.merges, self.ranks = [], {}
        wanted = [" " + w for w in words.vocabulary()] + [" " + w[0].upper() + w[1:] for w in words.vocabulary()]
        for piece in wanted:
            while len(symbols := self.bpe(piece)) > 1:
                self.ranks[symbols[0], symbols[1]] = len(self.merges)
                self.merges.append((symbols[0], symbols[1]))
        self.vocabulary = {letter: i for i, letter in enumerate(LETTERS.values())}
        for a, b in self.merges:
            self.vocabulary.setdefault(a + b, len(self.vocabulary))
        self.text = len(self.vocabulary)
        self.special = {name: self.text + i for i, name in enumerate(NAMES)}
        self.end, self.start, self.english, _, self.transcribe, _, self.previous, self.silence, self.plain = self.special.values()
        self.stamp = self.text + len(NAMES)
        self.words = list(self.vocabulary)
        self.cache = {}

    def __len__(self):
        return self.stamp + STAMPS

    def bpe(self, piece):
        symbols = [LETTERS[b] for b in piece.encode()]
        while len(symbols) > 1:
            ranks = [self.ranks.get(pair, 1 << 30) for pair in zip(symbols, symbols[1:])]
            best = min(range(len(ranks)), key=ranks.__getitem__)
            if ranks[best] == 1 << 30:
                break
            a, b = symbols[best], symbols[best + 1]
            merged, i = [], 0
            while i < len(symbols):
                if symbols[i : i + 2] == [a, b]:
                    merged.append(a + b)
                    i += 2
                else:
                    merged.append(symbols[i])
                    i += 1
            symbols = merged
        return symbols

    def encode(self, text):
        """Ids of words with a space before each, and of marks."""
        ids = []
        for piece in text.replace(" ", "\0 ").replace(".", "\0.").replace("?", "\0?").replace("!", "\0!").split("\0"):
            if piece:
                if piece not in self.cache:
                    self.cache[piece] = [self.vocabulary[s] for s in self.bpe(piece)]
                ids += self.cache[piece]
        return ids

    def decode(self, ids):
        back = {letter: b for b, letter in LETTERS.items()}
        return bytes(back[c] for i in ids if i < self.text for c in self.words[i]).decode("utf-8", "replace")

    def json(self):
        added = [dict(id=i, content=name, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True) for name, i in self.special.items()]
        added += [dict(id=self.stamp + i, content="<|%.2f|>" % (i * 0.02), single_word=False, lstrip=False, rstrip=False, normalized=True, special=False) for i in range(STAMPS)]
        level = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True)
        token = lambda name: {"SpecialToken": {"id": name, "type_id": 0}}
        ends = [token("<|startoftranscript|>"), token("<|notimestamps|>")]
        piece = lambda name, kind: {"Sequence": {"id": name, "type_id": kind}}
        return dict(
            version="1.0", truncation=None, padding=None, added_tokens=added, normalizer=None, pre_tokenizer=level,
            post_processor=dict(
                type="TemplateProcessing", single=ends + [piece("A", 0), token("<|endoftext|>")], pair=ends + [piece("A", 0), piece("B", 1), token("<|endoftext|>")],
                special_tokens={n: dict(id=n, ids=[self.special[n]], tokens=[n]) for n in ("<|startoftranscript|>", "<|notimestamps|>", "<|endoftext|>")},
            ),
            decoder=dict(level, add_prefix_space=True),
            model=dict(
                type="BPE", dropout=None, unk_token=None, continuing_subword_prefix="", end_of_word_suffix="", fuse_unk=False,
                vocab=self.vocabulary, merges=[f"{a} {b}" for a, b in self.merges],
            ),
        )


def save(tokenizer, path):
    with open(path, "w") as file:
        json.dump(tokenizer.json(), file, ensure_ascii=False)
        file.write("\n")


if __name__ == "__main__":
    t = Tokenizer()
    for text in (" The red fish swims left.", " Are there twelve yellow triangles?"):
        print(t.encode(text), t.decode(t.encode(text)) == text)
    print(t.text, len(t), t.stamp, {n: t.special[n] for n in NAMES})
