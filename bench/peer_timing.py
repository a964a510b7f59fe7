"""How steps of peers are timed, whichever bench asks."""

import os
import time

import torch

CORES = os.cpu_count() or 1


def timed(step, repetitions):
    times = []
    while len(times) < repetitions:
        begin = time.perf_counter()
        step()
        times.append((time.perf_counter() - begin) * 1e3)
    return times


def steadily(step, seconds):
    """Times for so many seconds, three at least, after as many to warm up."""
    for _ in range(2):
        times, end = [], time.perf_counter() + seconds
        while len(times) < 3 or time.perf_counter() < end:
            times += timed(step, 1)
    return times


class OnFewestThreads:
    """PyTorch: small steps are faster on one thread, large ones on all: each row gets what suits it."""

    def __init__(self, step):
        self.step = step
        best = {}
        for count in {1, CORES}:
            torch.set_num_threads(count)
            timed(step, 2)
            best[count] = min(timed(step, 3))
        self.threads = min(best, key=best.get)

    def times(self, seconds):
        torch.set_num_threads(self.threads)
        return steadily(self.step, seconds)
