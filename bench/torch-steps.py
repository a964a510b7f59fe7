"""The same training steps in PyTorch, timed on request.

Reads one JSON value a line: first the rows (see rows.ts), then {"row": index, "repetitions": n}.
Answers each with one JSON line: what it runs on, then {"times": [milliseconds, ...]}.
"""

import json
import os
import sys
import time

import torch


def multilayer_perceptron(widths):
    layers = []
    for before, after in zip(widths, widths[1:]):
        layers += [torch.nn.Linear(before, after), torch.nn.SiLU()]
    return torch.nn.Sequential(*layers[:-1])


def convolutional(side, channels):
    layers = []
    for before, after in zip([1] + channels, channels):
        layers += [torch.nn.Conv2d(before, after, 3, stride=2, padding=1), torch.nn.SiLU()]
        side = (side + 1) // 2
    linear = torch.nn.Linear(side * side * channels[-1], 1)
    return torch.nn.Sequential(*layers, torch.nn.Flatten(), linear)


def slope(model, x, create_graph=False):
    return torch.autograd.grad(model(x).sum(), x, create_graph=create_graph)[0]


def step_of(row):
    if "side" in row:
        model = convolutional(row["side"], row["channels"])
        points = [row["batch"], 1, row["side"], row["side"]]
    else:
        model = multilayer_perceptron(row["widths"])
        points = [row["batch"], row["widths"][0]]
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    data = torch.randn(points)
    start = torch.randn(points)

    def contrastive_divergence():
        x = start
        for _ in range(row["chainSteps"]):
            x = x.detach().requires_grad_(True)
            x = x - 0.1 * slope(model, x) + 0.01 * torch.randn_like(x)
        low, high = model(torch.cat([data, x.detach()])).squeeze(1).chunk(2)
        penalty = low.square().mean() + high.square().mean()
        return low.mean() - high.mean() + 0.01 * penalty

    def denoising_score_matching(sigma=0.3):
        z = torch.randn_like(data)
        noisy = (data + sigma * z).requires_grad_(True)
        error = z - sigma * slope(model, noisy, create_graph=True)
        return 0.5 * error.square().sum(1).mean()

    def sliced_score_matching():
        v = torch.randint(0, 2, points).float() * 2 - 1
        x = data.clone().requires_grad_(True)
        score = -slope(model, x, create_graph=True)
        curvature = torch.autograd.grad((score * v).sum(), x, create_graph=True)[0]
        return ((v * curvature).sum(1) + 0.5 * score.square().sum(1)).mean()

    loss_of = {
        "contrastive divergence": contrastive_divergence,
        "denoising score matching": denoising_score_matching,
        "sliced score matching": sliced_score_matching,
    }[row["method"]]

    def step():
        loss = loss_of()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def timed(step, repetitions):
    times = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        step()
        times.append((time.perf_counter() - begin) * 1e3)
    return times


def blas():
    """The BLAS that is loaded, as the system's linker found it."""
    try:
        with open("/proc/self/maps") as maps:
            found = {os.path.basename(line.split()[-1]) for line in maps if "blas" in line.lower()}
    except OSError:
        found = set()
    return ", ".join(sorted(found)) or "unknown BLAS"


def main():
    steps = [step_of(row) for row in json.loads(sys.stdin.readline())]
    # Small steps are faster on one thread, large ones on all: each row gets what suits it best.
    threads = []
    for step in steps:
        best = {}
        for count in {1, os.cpu_count() or 1}:
            torch.set_num_threads(count)
            step()
            best[count] = min(timed(step, 3))
        threads.append(min(best, key=best.get))
    print(json.dumps({"version": torch.__version__, "blas": blas(), "threads": threads}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        torch.set_num_threads(threads[request["row"]])
        times = timed(steps[request["row"]], request["repetitions"])
        print(json.dumps({"times": times}), flush=True)


main()
