"""The same training steps in PyTorch, eager and compiled, and in JAX, timed on request.

Reads one JSON value a line: first the rows (see rows.ts), then {"peer", "row": index, "seconds"}.
Answers each with one JSON line: what there is to run, then {"times": [milliseconds, ...]}, which is null
where a peer cannot do the row.
"""

import json
import os
import sys

import torch

from peer_timing import OnFewestThreads, steadily, timed

# Each row is compiled for itself: beyond eight of them PyTorch would go back to eager, silently.
torch._dynamo.config.recompile_limit = 256
LEARNING_RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8


def points_of(row):
    if "side" in row:
        return [row["batch"], 1, row["side"], row["side"]]
    return [row["batch"], row["widths"][0]]


# PyTorch as its documentation has one write it.


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


def network(row):
    if "side" in row:
        return convolutional(row["side"], row["channels"])
    return multilayer_perceptron(row["widths"])


def slope(model, x, create_graph=False):
    return torch.autograd.grad(model(x).sum(), x, create_graph=create_graph)[0]


def eager_step(row):
    model = network(row)
    points = points_of(row)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    data = torch.randn(points)

    def contrastive_divergence():
        x = data
        for _ in range(row["chainSteps"]):
            x = x.detach().requires_grad_(True)
            x = x - 0.005 * slope(model, x) + 0.1 * torch.randn_like(x)
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


# The whole step as one function of its state, compiled.


def compiled_step(row):
    model = network(row)
    points = points_of(row)
    data = torch.randn(points)
    state = {name: value.detach().clone() for name, value in model.named_parameters()}
    moments = [{name: torch.zeros_like(value) for name, value in state.items()} for _ in range(2)]

    def energy(parameters, x):
        return torch.func.functional_call(model, parameters, (x,)).squeeze(1)

    def gradient(parameters, x):
        return torch.func.grad(lambda at: energy(parameters, at).sum())(x)

    def contrastive_divergence(parameters, samples):
        low, high = energy(parameters, torch.cat([data, samples])).chunk(2)
        penalty = low.square().mean() + high.square().mean()
        return low.mean() - high.mean() + 0.01 * penalty

    def denoising_score_matching(parameters, z, sigma=0.3):
        error = z - sigma * gradient(parameters, data + sigma * z)
        return 0.5 * error.square().sum(1).mean()

    def sliced_score_matching(parameters, v):
        def projected(x):
            value = -gradient(parameters, x)
            return (value * v).sum(), value

        along, value = torch.func.grad(projected, has_aux=True)(data)
        return ((v * along).sum(1) + 0.5 * value.square().sum(1)).mean()

    loss_of = {
        "contrastive divergence": contrastive_divergence,
        "denoising score matching": denoising_score_matching,
        "sliced score matching": sliced_score_matching,
    }[row["method"]]

    def drawn(parameters):
        if row["method"] == "contrastive divergence":
            x = data
            for _ in range(row["chainSteps"]):
                x = x - 0.005 * gradient(parameters, x) + 0.1 * torch.randn_like(x)
            return x
        if row["method"] == "denoising score matching":
            return torch.randn_like(data)
        return torch.randint(0, 2, points).float() * 2 - 1

    def update(parameters, means, squares, count):
        gradients = torch.func.grad(loss_of)(parameters, drawn(parameters))
        for name, slope_of in gradients.items():
            means[name] = means[name] * BETA1 + slope_of * (1 - BETA1)
            squares[name] = squares[name] * BETA2 + slope_of * slope_of * (1 - BETA2)
            mean = means[name] / (1 - BETA1**count)
            square = squares[name] / (1 - BETA2**count)
            parameters[name] = parameters[name] - LEARNING_RATE * mean / (square.sqrt() + EPSILON)
        return parameters, means, squares

    compiled = torch.compile(update, dynamic=False)
    count = torch.zeros(())

    @torch.no_grad()
    def step():
        nonlocal state
        count.add_(1)
        state, moments[0], moments[1] = compiled(dict(state), *map(dict, moments), count)

    return step


def jax_step(row):
    import jax
    import jax.numpy as jnp

    points = points_of(row)
    if "side" in row:
        # Images as this library likes them best on a processor.
        points = [points[0], *points[2:], points[1]]
    keys = iter(jax.random.split(jax.random.key(0), 64))
    data = jax.random.normal(next(keys), points)
    parameters = []
    if "side" in row:
        side = row["side"]
        for before, after in zip([1] + row["channels"], row["channels"]):
            scale = (9 * before) ** -0.5
            filters = scale * jax.random.normal(next(keys), (3, 3, before, after))
            parameters.append((filters, jnp.zeros(after)))
            side = (side + 1) // 2
        sizes = [side * side * row["channels"][-1], 1]
    else:
        sizes = row["widths"]
    for before, after in zip(sizes, sizes[1:]):
        weights = before**-0.5 * jax.random.normal(next(keys), (before, after))
        parameters.append((weights, jnp.zeros(after)))

    def energy(parameters, x):
        for index, (weights, biases) in enumerate(parameters):
            if weights.ndim == 4:
                layout = ("NHWC", "HWIO", "NHWC")
                x = jax.lax.conv_general_dilated(
                    x, weights, (2, 2), "SAME", dimension_numbers=layout
                )
                x = x + biases
            else:
                x = x.reshape(x.shape[0], -1) @ weights + biases
            x = jax.nn.silu(x) if index < len(parameters) - 1 else x
        return x[:, 0]

    def gradient(parameters, x):
        return jax.grad(lambda at: energy(parameters, at).sum())(x)

    def contrastive_divergence(parameters, key):
        fixed = jax.lax.stop_gradient(parameters)

        def move(_, carried):
            x, key = carried
            key, own = jax.random.split(key)
            noise = jax.random.normal(own, x.shape)
            return x - 0.005 * gradient(fixed, x) + 0.1 * noise, key

        x, _ = jax.lax.fori_loop(0, row["chainSteps"], move, (data, key))
        both = energy(parameters, jnp.concatenate([data, jax.lax.stop_gradient(x)]))
        low, high = jnp.split(both, 2)
        penalty = jnp.square(low).mean() + jnp.square(high).mean()
        return low.mean() - high.mean() + 0.01 * penalty

    def denoising_score_matching(parameters, key, sigma=0.3):
        z = jax.random.normal(key, data.shape)
        error = z - sigma * gradient(parameters, data + sigma * z)
        return 0.5 * jnp.square(error).sum(1).mean()

    def sliced_score_matching(parameters, key):
        v = jax.random.rademacher(key, data.shape, data.dtype)
        score, along = jax.jvp(lambda x: -gradient(parameters, x), (data,), (v,))
        return ((v * along).sum(1) + 0.5 * jnp.square(score).sum(1)).mean()

    loss_of = {
        "contrastive divergence": contrastive_divergence,
        "denoising score matching": denoising_score_matching,
        "sliced score matching": sliced_score_matching,
    }[row["method"]]

    @jax.jit
    def update(parameters, means, squares, count, key):
        key, own = jax.random.split(key)
        gradients = jax.grad(loss_of)(parameters, own)
        tree = jax.tree_util.tree_map
        means = tree(lambda m, g: m * BETA1 + g * (1 - BETA1), means, gradients)
        squares = tree(lambda v, g: v * BETA2 + g * g * (1 - BETA2), squares, gradients)
        parameters = tree(
            lambda p, m, v: p
            - LEARNING_RATE
            * (m / (1 - BETA1**count))
            / (jnp.sqrt(v / (1 - BETA2**count)) + EPSILON),
            parameters,
            means,
            squares,
        )
        return parameters, means, squares, count + 1, key

    zeros = jax.tree_util.tree_map(jnp.zeros_like, parameters)
    state = (parameters, zeros, zeros, jnp.ones(()), jax.random.key(1))

    def step():
        nonlocal state
        state = jax.block_until_ready(update(*state))

    return step


class AsItIs:
    def __init__(self, step):
        self.step = step
        timed(step, 2)

    def times(self, seconds):
        return steadily(self.step, seconds)


def blas():
    """The BLAS that is loaded, as the system's linker found it."""
    try:
        with open("/proc/self/maps") as maps:
            found = {os.path.basename(line.split()[-1]) for line in maps if "blas" in line.lower()}
    except OSError:
        found = set()
    return ", ".join(sorted(found)) or torch.__config__.show().split("\n")[-2].strip()[:60]


def offered():
    peers = {
        "eager": lambda row: OnFewestThreads(eager_step(row)),
        "compiled": lambda row: OnFewestThreads(compiled_step(row)),
    }
    versions = [f"PyTorch {torch.__version__}"]
    try:
        import jax

        peers["jax"] = lambda row: AsItIs(jax_step(row))
        versions.append(f"JAX {jax.__version__}")
    except ImportError:
        pass
    return peers, versions


def main():
    rows = json.loads(sys.stdin.readline())
    peers, versions = offered()
    ready = {}
    print(json.dumps({"description": f"{', '.join(versions)}; {blas()}"}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        key = (request["peer"], request["row"])
        if key not in ready:
            try:
                ready[key] = peers[key[0]](rows[key[1]])
            except Exception as error:  # A peer that cannot do a row is no end of the bench.
                print(f"{key}: {error}"[:2000], file=sys.stderr)
                ready[key] = None
        step = ready[key]
        times = step.times(request["seconds"]) if step else None
        print(json.dumps({"times": times}), flush=True)


main()
