"""Frames per second of the released algorithm in Python: 16 new frames and 2 carried ones become 2.

usage: released_consolidation.py TOKENS WIDTH SECONDS
prints: PEER FRAMES_PER_SECOND, for torch (as released: all similarities after each merge, from the
matrix of all token products) and numpy (by token means, which is the same number).
"""

import sys
import time

import numpy as np

TOKENS, WIDTH, SECONDS = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
NEW, TARGET = 16, 2


def movie():
    random = np.random.default_rng(5)
    frames, scene = [], None
    for i in range(64):
        if i % 12 == 0:
            scene = random.standard_normal((TOKENS, WIDTH), dtype=np.float32)
        noise = random.standard_normal((TOKENS, WIDTH), dtype=np.float32)
        frames.append(scene + np.float32(0.3) * noise)
    return frames


def torch_window(torch, window):
    while len(window) > TARGET:
        similarities = []
        for i in range(len(window) - 1):
            products = torch.matmul(window[i], window[i + 1].transpose(-1, -2))
            similarities.append(float(torch.mean(products)))
        best = max(range(len(similarities)), key=lambda i: similarities[i])
        window[best] = (window[best] + window[best + 1]) / 2
        del window[best + 1]
    return window


def numpy_window(stack, means):
    """stack [K, N, D], means [K, D]; merges by means, then one product for the slots."""
    coefficients = np.eye(len(stack), dtype=np.float32)
    while len(means) > TARGET:
        similarities = np.einsum("kd,kd->k", means[:-1], means[1:])
        best = int(similarities.argmax())
        means[best] = (means[best] + means[best + 1]) / 2
        coefficients[best] = (coefficients[best] + coefficients[best + 1]) / 2
        means = np.delete(means, best + 1, 0)
        coefficients = np.delete(coefficients, best + 1, 0)
    slots = coefficients @ stack.reshape(len(stack), -1)
    return slots.reshape(TARGET, TOKENS, WIDTH), means


def rate(step):
    """Best of three rounds, as the fastest is the least disturbed."""
    step()
    best = 0.0
    for _ in range(3):
        start, windows = time.perf_counter(), 0
        while windows == 0 or time.perf_counter() - start < SECONDS / 3:
            step()
            windows += 1
        best = max(best, windows * NEW / (time.perf_counter() - start))
    return best


FRAMES = movie()
position = 0


def next_frames():
    global position
    taken = [FRAMES[(position + i) % 64] for i in range(NEW)]
    position += NEW
    return taken


stack = np.empty((NEW + TARGET, TOKENS, WIDTH), np.float32)
stack[:TARGET] = FRAMES[0]


def numpy_step():
    for i, frame in enumerate(next_frames()):
        stack[TARGET + i] = frame
    slots, _ = numpy_window(stack, stack.mean(axis=1))
    stack[:TARGET] = slots


print("numpy", rate(numpy_step), flush=True)

try:
    import torch
except ImportError:
    sys.exit(0)

carried = [torch.from_numpy(FRAMES[0].copy()) for _ in range(TARGET)]


def torch_step():
    global carried
    window = carried + [torch.from_numpy(frame).clone() for frame in next_frames()]
    carried = torch_window(torch, window)


with torch.no_grad():
    print("torch", rate(torch_step), flush=True)
