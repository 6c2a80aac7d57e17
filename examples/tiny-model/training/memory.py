"""MovieChat's memory by the paper's rule, in numpy: the twin of moviechat-memory, held to the same goldens (test_memory.py)."""

import numpy as np


def consolidate(frames, target, weights=None):
    """Greedy merging of windows, many at once.

    frames [windows, k, tokens, dim] -> (means [windows, target, tokens, dim], counts [windows, target]).
    The cosine of means equals the cosine of sums, so one Gram matrix of sums per token is all that merging looks at.
    """
    w, k, n, d = frames.shape
    x = frames.astype(np.float32)
    counts = np.ones((w, k)) if weights is None else np.array(weights, np.float64).reshape(w, k)
    by_token = x.transpose(0, 2, 1, 3)
    gram = (by_token @ by_token.transpose(0, 1, 3, 2)).astype(np.float64) * counts[:, None, :, None] * counts[:, None, None, :]
    groups = [[[j] for j in range(k)] for _ in range(w)]
    all_windows = np.arange(w)
    size = k
    while size > target:
        i = np.arange(size - 1)
        norm = np.sqrt(np.maximum(gram[:, :, np.arange(size), np.arange(size)], 1e-30))
        similarity = (gram[:, :, i, i + 1] / (norm[:, :, :-1] * norm[:, :, 1:])).mean(1)
        best = similarity.argmax(1)
        gram[all_windows, :, best, :] += gram[all_windows, :, best + 1, :]
        gram[all_windows, :, :, best] += gram[all_windows, :, :, best + 1]
        keep = np.arange(size - 1)[None, :] + (np.arange(size - 1)[None, :] > best[:, None])
        gram = np.take_along_axis(gram, keep[:, None, :, None], 2)
        gram = np.take_along_axis(gram, keep[:, None, None, :], 3)
        for a, b in zip(groups, best):
            a[b] = a[b] + a.pop(b + 1)
        size -= 1
    mix = np.zeros((w, target, k), np.float32)
    for a in range(w):
        for s, group in enumerate(groups[a]):
            mix[a, s, group] = counts[a, group] / counts[a, group].sum()
    means = (mix @ x.reshape(w, k, n * d)).reshape(w, target, n, d)
    sizes = np.array([[counts[a, group].sum() for group in groups[a]] for a in range(w)])
    return means, sizes, groups


def merge_to(slots, counts, limit, start=0):
    """Merges the most similar adjacent slots of a list until it has `limit`; in place. slots: list of [tokens, dim]."""

    def similarity(a, b):
        return float(((a * b).sum(1) / np.maximum(np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1), 1e-15)).mean())

    near = [similarity(slots[i], slots[i + 1]) for i in range(len(slots) - 1)]
    while len(slots) > limit:
        i = int(np.argmax(near))
        total = counts[i] + counts[i + 1]
        slots[i] = (slots[i] * counts[i] + slots[i + 1] * counts[i + 1]) / total
        counts[i] = total
        del slots[i + 1], counts[i + 1], near[i]
        if i > 0:
            near[i - 1] = similarity(slots[i - 1], slots[i])
        if i < len(near):
            near[i] = similarity(slots[i], slots[i + 1])


class LongTerm:
    """Long-term memory with a cap, kept as arrays; adjacent similarities are remembered between merges."""

    def __init__(self, limit):
        self.limit, self.slots, self.counts, self.near, self.unit = limit, [], [], [], []

    @staticmethod
    def _unit(x):
        return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-15)

    def _near(self, i):
        return float((self.unit[i] * self.unit[i + 1]).sum()) / self.unit[i].shape[0]

    def add(self, slot, count):
        self.slots.append(slot)
        self.counts.append(int(count))
        self.unit.append(self._unit(slot))
        if len(self.slots) > 1:
            self.near.append(self._near(len(self.slots) - 2))

    def trim(self):
        while len(self.slots) > self.limit:
            i = int(np.argmax(self.near))
            total = self.counts[i] + self.counts[i + 1]
            self.slots[i] = (self.slots[i] * self.counts[i] + self.slots[i + 1] * self.counts[i + 1]) / total
            self.counts[i] = total
            self.unit[i] = self._unit(self.slots[i])
            del self.slots[i + 1], self.counts[i + 1], self.near[i], self.unit[i + 1]
            if i > 0:
                self.near[i - 1] = self._near(i - 1)
            if i < len(self.near):
                self.near[i] = self._near(i)


def remember(frames, window=16, target=4, limit=64):
    """Memory of a movie: (slots [s, tokens, dim], counts [s]) that tile the frames. What is not yet consolidated stays single."""
    f = len(frames)
    whole = f // window
    long_term = LongTerm(limit)
    if whole:
        means, sizes, _ = consolidate(frames[: whole * window].reshape((whole, window) + frames.shape[1:]), target)
        for w in range(whole):
            for s in range(target):
                long_term.add(means[w, s], sizes[w, s])
            if len(long_term.slots) > limit:
                long_term.trim()
    slots = long_term.slots + [x.astype(np.float32) for x in frames[whole * window :]]
    counts = long_term.counts + [1] * (f - whole * window)
    return np.stack(slots), np.array(counts)


def uniform(frames, limit):
    """The plain baseline: frames spread evenly, each standing for itself. Returns the chosen indices."""
    f = len(frames)
    n = min(limit, f)
    return np.minimum(((np.arange(n) + 0.5) * f / n).astype(int), f - 1)
