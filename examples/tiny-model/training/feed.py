"""Batches composed by processes of their own, so that a card does not wait for them."""

import multiprocessing
import os
import queue
import random
import threading
import time
from multiprocessing.connection import wait

import torch


class Feed:
    """Batches from several composers, each of which makes its own stream of examples.

    The processes are forked, so it has to be made before the first use of a card. A batch that was trained on is kept: where the
    composers are slower than the card, one of the last `kept` is used again, at most `uses` times in all.
    """

    def __init__(self, compose, composers, uses=1, kept=400):
        """compose(rank, progress): a generator of dictionaries of arrays; progress() is the share of the training that is over."""
        context = multiprocessing.get_context("fork")
        self.progress = context.Value("d", 0.0, lock=False)
        self.queue, self.used, self.uses, self.kept = queue.Queue(), [], uses, kept
        self.composers, self.fresh, self.again = composers, 0, 0
        pipes = []
        for rank in range(composers):
            receiver, sender = context.Pipe(duplex=False)
            context.Process(target=self._compose, args=(compose, rank, sender), daemon=True).start()
            sender.close()
            pipes.append(receiver)
        threading.Thread(target=self._receive, args=(pipes,), daemon=True).start()

    def _compose(self, compose, rank, sender):
        os.nice(5)  # the process that drives the card goes first
        torch.set_num_threads(1)
        for arrays in compose(rank, lambda: self.progress.value):
            sender.send(arrays)

    def _receive(self, pipes):
        try:
            while True:
                for pipe in wait(pipes):
                    self.queue.put(pipe.recv())
        except EOFError as failure:  # a composer ended: the training must not go on without its share
            for _ in pipes:
                self.queue.put(failure)

    def ready(self):
        """Returns when there is a batch for each composer."""
        while self.queue.qsize() < self.composers:
            time.sleep(0.1)

    def next(self, progress):
        """A batch: a fresh one if there is one."""
        self.progress.value = progress
        try:
            arrays = self.queue.get(block=not self.used)
        except queue.Empty:
            arrays = None
        if isinstance(arrays, Exception):
            raise RuntimeError("a composer of batches ended") from arrays
        if arrays is not None:
            self.fresh += 1
            left = self.uses - 1
        else:
            self.again += 1
            place = random.randrange(len(self.used))
            self.used[place], self.used[-1] = self.used[-1], self.used[place]
            arrays, left = self.used.pop()
            left -= 1
        if left > 0:
            self.used.append((arrays, left))
            del self.used[: len(self.used) - self.kept]
        return arrays
