"""Discrete models in PyTorch, ebmkit, learnergy, hamon and thrml, timed on request.

Reads one JSON value a line: first the tasks (see discrete.ts), then {"peer", "row": index, "seconds"}.
Answers each with one JSON line: what there is to run, then {"times": [milliseconds, ...]}, which is null
where a peer is not installed or cannot do the task.
"""

import importlib
import importlib.metadata
import json
import sys

import torch

from peer_timing import OnFewestThreads

LEARNING_RATE = 0.01


def bits(task):
    return (torch.rand(task["batch"], task["visible"]) > 0.7).float()


# PyTorch as one writes it.


def torch_machine(task):
    weight = (0.01 * torch.randn(task["visible"], task["hidden"])).requires_grad_()
    visible = torch.zeros(task["visible"], requires_grad=True)
    hidden = torch.zeros(task["hidden"], requires_grad=True)
    optimizer = torch.optim.SGD([weight, visible, hidden], lr=LEARNING_RATE)
    data = bits(task)

    def energy(v):
        return -(v @ visible) - torch.nn.functional.softplus(v @ weight + hidden).sum(1)

    def step():
        samples = data
        with torch.no_grad():
            for _ in range(task["sweeps"]):
                h = torch.bernoulli(torch.sigmoid(samples @ weight + hidden))
                samples = torch.bernoulli(torch.sigmoid(h @ weight.T + visible))
        optimizer.zero_grad()
        (energy(data).mean() - energy(samples).mean()).backward()
        optimizer.step()

    return step


def torch_lattice(task):
    side, coupling = task["side"], task["coupling"]
    spins = torch.randint(0, 2, (task["batch"], side, side)).float() * 2 - 1
    place = torch.arange(side)
    odd = (place[:, None] + place[None, :]) % 2 == 1
    state = {"spins": spins}

    @torch.no_grad()
    def step():
        s = state["spins"]
        for _ in range(task["sweeps"]):
            for colour in (odd, ~odd):
                around = s.roll(1, 1) + s.roll(-1, 1) + s.roll(1, 2) + s.roll(-1, 2)
                up = torch.rand_like(s) < torch.sigmoid(2 * coupling * around)
                s = torch.where(colour, up.float() * 2 - 1, s)
        state["spins"] = s

    return step


def ebmkit_machine(task):
    from ebm.nets import RBM

    model = RBM(task["visible"], task["hidden"])
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    data = bits(task)

    def step():
        samples = data
        for _ in range(task["sweeps"]):
            samples = model.gibbs_step(samples)
        optimizer.zero_grad()
        (model(data).mean() - model(samples).mean()).backward()
        optimizer.step()

    return step


def learnergy_machine(task):
    from learnergy.models.bernoulli import RBM

    model = RBM(
        n_visible=task["visible"],
        n_hidden=task["hidden"],
        steps=task["sweeps"],
        learning_rate=LEARNING_RATE,
    )
    data = bits(task)

    # The inner loop of its `fit`, without what that measures.
    def step():
        _, _, _, _, samples = model.gibbs_sampling(data)
        cost = torch.mean(model.energy(data)) - torch.mean(model.energy(samples.detach()))
        model.optimizer.zero_grad()
        cost.backward()
        model.optimizer.step()

    return step


def jax_lattice(name):
    """hamon and thrml, which began as one: sweeps by colours of chains side by side."""

    def make(task):
        import jax
        import jax.numpy as jnp

        library = importlib.import_module(name)
        models = importlib.import_module(f"{name}.models")
        side = task["side"]
        nodes = [library.SpinNode() for _ in range(side * side)]
        at = lambda row, column: nodes[(row % side) * side + column % side]
        places = [(row, column) for row in range(side) for column in range(side)]
        edges = [(at(r, c), at(r, c + 1)) for r, c in places]
        edges += [(at(r, c), at(r + 1, c)) for r, c in places]
        model = models.IsingEBM(
            nodes,
            edges,
            jnp.zeros(len(nodes)),
            jnp.full(len(edges), task["coupling"]),
            jnp.array(1.0),
        )
        blocks = [
            library.Block([at(r, c) for r, c in places if (r + c) % 2 == colour])
            for colour in (0, 1)
        ]
        program = models.IsingSamplingProgram(model, blocks, clamped_blocks=[])
        # One sample of each chain, after as many sweeps.
        schedule = library.SamplingSchedule(
            n_warmup=task["sweeps"], n_samples=1, steps_per_sample=1
        )
        whole = [library.Block(nodes)]
        keys = jax.random.split(jax.random.key(1), task["batch"])
        starts = jax.vmap(lambda key: models.hinton_init(key, model, blocks, ()))(keys)

        @jax.jit
        def sample(keys, starts):
            one = lambda key, start: library.sample_states(
                key, program, schedule, start, [], whole
            )
            return jax.vmap(one)(keys, starts)

        count = [0]

        def step():
            count[0] += 1
            keys = jax.random.split(jax.random.key(count[0]), task["batch"])
            jax.block_until_ready(sample(keys, starts))

        return step

    return make


peers = {
    ("torch", "machine"): torch_machine,
    ("torch", "lattice"): torch_lattice,
    ("ebmkit", "machine"): ebmkit_machine,
    ("learnergy", "machine"): learnergy_machine,
    ("hamon", "lattice"): jax_lattice("hamon"),
    ("thrml", "lattice"): jax_lattice("thrml"),
}


def versions():
    for name in ("torch", "ebmkit", "learnergy", "jax", "hamon", "thrml"):
        try:
            yield f"{name} {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:
            yield f"no {name}"


def main():
    tasks = json.loads(sys.stdin.readline())
    ready = {}
    print(json.dumps({"description": ", ".join(versions())}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        task = tasks[request["row"]]
        key = (request["peer"], task["kind"])
        if key not in ready:
            try:
                ready[key] = OnFewestThreads(peers[key](task)) if key in peers else None
            except Exception as error:  # A peer that cannot do a task is no end of the bench.
                print(f"{key}: {error!r}"[:2000], file=sys.stderr)
                ready[key] = None
        step = ready[key]
        times = step.times(request["seconds"]) if step else None
        print(json.dumps({"times": times}), flush=True)


main()
