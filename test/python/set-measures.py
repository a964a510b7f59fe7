"""
Measures of sets of images, computed anew in NumPy and double precision: features of the random network by
patches and products, the Frechet distance by the eigenvalues of a product that is not symmetric, density and
coverage and the classifier of neighbours by sorting all distances. FOLDER has network.json (the weights),
first.npy and second.npy (images [n, height, width, channels] from -1 to 1). Prints what comes out.
"""

import json
import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
network = json.loads((folder / "network.json").read_text())


def features(images):
    values = images.astype(float)
    for layer in network["layers"]:
        inputs, outputs = layer["inputs"], layer["outputs"]
        filters = np.array(layer["filters"]).reshape(outputs, 3, 3, inputs)
        padded = np.pad(values, ((0, 0), (1, 1), (1, 1), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
        sums = np.einsum("nhwcij,oijc->nhwo", windows[:, ::2, ::2], filters)
        sums += np.array(layer["biases"])
        values = np.where(sums > 0, sums, 0.2 * sums)
    flat = values.reshape(len(values), -1)
    return flat @ np.array(network["projection"]).reshape(64, -1).T


def frechet(first, second):
    s, t = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    shared = np.sqrt(np.abs(np.linalg.eigvals(s @ t))).sum()
    apart = first.mean(0) - second.mean(0)
    return apart @ apart + np.trace(s) + np.trace(t) - 2 * shared


def distances(first, second):
    return np.linalg.norm(first[:, None] - second[None], axis=2)


def density_coverage(samples, rows):
    # The nearest of a row is the row itself.
    radii = np.sort(distances(rows, rows), axis=1)[:, 5]
    inside = distances(rows, samples) <= radii[:, None]
    return inside.sum() / (5 * len(samples)), inside.any(axis=1).mean()


def told_apart(first, second):
    half = min(len(first), len(second)) // 2
    seen = np.concatenate([first[0 : 2 * half : 2], second[0 : 2 * half : 2]])
    asked = np.concatenate([first[1 : 2 * half : 2], second[1 : 2 * half : 2]])
    voters = int(np.ceil(np.sqrt(2 * half))) | 1
    nearest = np.argsort(distances(asked, seen), axis=1)[:, :voters]
    of_first = (nearest < half).sum(axis=1) > voters / 2
    return (of_first == (np.arange(2 * half) < half)).mean()


first, second = (features(np.load(folder / name)) for name in ("first.npy", "second.npy"))
density, coverage = density_coverage(first, second)
print(
    json.dumps(
        {
            "features": first.ravel().tolist(),
            "frechet": frechet(first, second),
            "density": density,
            "coverage": coverage,
            "accuracy": told_apart(first, second),
        }
    )
)
