"""A whole training in a library of the field, as its documentation has one write it.

Reads a recipe (see recipes.ts) with `peer` and `steps` as JSON, and trains. Exit code 3: not offered.
"""

import json
import sys

recipe = json.load(sys.stdin)
method, batch, hidden, steps = (recipe[key] for key in ("method", "batch", "hidden", "steps"))

import torch  # noqa: E402

torch.manual_seed(0)


def two_moons(count=4096, noise=0.1):
    t = torch.rand(count) * torch.pi
    upper = torch.arange(count) % 2 == 0
    x = torch.where(upper, torch.cos(t), 1 - torch.cos(t))
    y = torch.where(upper, torch.sin(t), 0.5 - torch.sin(t))
    return torch.stack([x, y], 1) + noise * torch.randn(count, 2)


def network():
    layers = []
    for before, after in zip([2] + hidden, hidden + [1]):
        layers += [torch.nn.Linear(before, after), torch.nn.SiLU()]
    return torch.nn.Sequential(*layers[:-1])


def not_offered():
    sys.exit(3)


def ebmkit():
    import ebm

    class Energy(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = network()

        def forward(self, x):
            return self.net(x).squeeze(-1)

    samplers = {
        "PCD": lambda: ebm.LangevinDynamics(step_size=0.01, steps=20),
        "PCD, HMC": lambda: ebm.HMC(step_size=0.1, leapfrog_steps=5, steps=4),
    }
    losses = {
        "DSM": lambda: ebm.DenoisingScoreMatching(0.1),
        "SSM": lambda: ebm.SlicedScoreMatching(),
        "NCE": lambda: ebm.NoiseContrastiveEstimation(),
    }
    if method in samplers:
        buffer = ebm.ReplayBuffer(8192, (2,))
        loss = ebm.ContrastiveDivergence(samplers[method](), buffer)
    else:
        loss = losses[method]()
    trainer = ebm.Trainer(Energy(), loss, lr=1e-3)
    trainer.fit(two_moons(), steps=steps, batch_size=batch, verbose=False)


def torchebm():
    from torch.utils.data import DataLoader, RandomSampler, TensorDataset
    from torchebm.core import BaseModel
    from torchebm.core.base_trainer import BaseTrainer
    from torchebm.losses import (
        ContrastiveDivergence,
        DenoisingScoreMatching,
        SlicedScoreMatching,
    )
    from torchebm.samplers import HamiltonianMonteCarlo, LangevinDynamics

    class Energy(BaseModel):
        def __init__(self):
            super().__init__()
            self.net = network()

        def forward(self, x):
            return self.net(x).squeeze(-1)

    energy = Energy()
    data = TensorDataset(two_moons())
    sampler = RandomSampler(data, replacement=True, num_samples=steps * batch)
    loader = DataLoader(data, batch_size=batch, sampler=sampler)
    optimizer = torch.optim.Adam(energy.parameters(), lr=1e-3)
    if method in ("PCD", "PCD, HMC"):
        chains = (
            LangevinDynamics(energy, step_size=0.01)
            if method == "PCD"
            else HamiltonianMonteCarlo(energy, step_size=0.1, n_leapfrog_steps=5)
        )
        # Its own ContrastiveDivergenceTrainer hands on an argument that this loss refuses (0.8.9).
        pairs = ContrastiveDivergence(
            energy,
            chains,
            k_steps=20 if method == "PCD" else 4,
            persistent=True,
            buffer_size=8192,
        )
        trainer = BaseTrainer(energy, optimizer, lambda x, **_: pairs(x)[0])
    elif method == "DSM":
        trainer = BaseTrainer(energy, optimizer, DenoisingScoreMatching(energy, noise_scale=0.1))
    elif method == "SSM":
        trainer = BaseTrainer(energy, optimizer, SlicedScoreMatching(energy, n_projections=1))
    else:
        not_offered()
    trainer.train(loader, 1)


def pytorch():
    """A loop by hand: as fast as the library without a trainer around it."""
    model = network()
    data = two_moons()
    log_z = torch.nn.Parameter(torch.zeros(()))
    optimizer = torch.optim.Adam([*model.parameters(), log_z], lr=1e-3)
    buffer = torch.randn(8192, 2)
    noise = torch.distributions.MultivariateNormal(data.mean(0), torch.cov(data.T))

    def energy(x):
        return model(x).squeeze(-1)

    def slope(x, create_graph=False):
        return torch.autograd.grad(energy(x).sum(), x, create_graph=create_graph)[0]

    def langevin(x):
        for _ in range(20):
            x = x.detach().requires_grad_(True)
            x = x - 0.005 * slope(x) + 0.1 * torch.randn_like(x)
        return x.detach()

    def hmc(x, step=0.1):
        for _ in range(4):
            x = x.detach().requires_grad_(True)
            before = energy(x)
            gradient = torch.autograd.grad(before.sum(), x)[0]
            p = torch.randn_like(x)
            kinetic = p.square().sum(1) / 2
            moved = x.detach()
            for _ in range(5):
                p = p - step / 2 * gradient
                moved = (moved + step * p).detach().requires_grad_(True)
                after = energy(moved)
                gradient = torch.autograd.grad(after.sum(), moved)[0]
                p = p - step / 2 * gradient
            change = before - after + kinetic - p.square().sum(1) / 2
            accepted = torch.rand_like(change).log() < change
            x = torch.where(accepted[:, None], moved, x).detach()
        return x

    def persistent(x, chain):
        index = torch.randint(len(buffer), (batch,))
        start = torch.where(torch.rand(batch, 1) < 0.05, 2 * torch.randn(batch, 2), buffer[index])
        samples = chain(start)
        buffer[index] = samples
        low, high = energy(torch.cat([x, samples])).chunk(2)
        return low.mean() - high.mean()

    def denoising(x, sigma=0.1):
        z = torch.randn_like(x)
        noisy = (x + sigma * z).requires_grad_(True)
        return 0.5 * (z / sigma - slope(noisy, create_graph=True)).square().sum(1).mean()

    def sliced(x):
        v = torch.randint(0, 2, x.shape).float() * 2 - 1
        x = x.clone().requires_grad_(True)
        score = -slope(x, create_graph=True)
        curvature = torch.autograd.grad((score * v).sum(), x, create_graph=True)[0]
        return ((v * curvature).sum(1) + 0.5 * score.square().sum(1)).mean()

    def contrastive(x):
        drawn = noise.sample((batch,))
        both = torch.cat([x, drawn])
        ratio = -energy(both) - log_z - noise.log_prob(both)
        low, high = ratio.chunk(2)
        softplus = torch.nn.functional.softplus
        return softplus(-low).mean() + softplus(high).mean()

    losses = {
        "PCD": lambda x: persistent(x, langevin),
        "PCD, HMC": lambda x: persistent(x, hmc),
        "DSM": denoising,
        "SSM": sliced,
        "NCE": contrastive,
    }
    loss_of = losses[method]
    for _ in range(steps):
        loss = loss_of(data[torch.randint(len(data), (batch,))])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


{"ebmkit": ebmkit, "torchebm": torchebm, "pytorch": pytorch}[recipe["peer"]]()
