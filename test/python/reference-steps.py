"""
The third training step of runs, computed anew in JAX and double precision: chains, loss, gradients by
JAX and the update by Adam, from what the checkpoint before it holds. For each RUN of a folder there are
RUN.json (which objective, with its options), RUN.in (data and noise of the step), RUN.before and
RUN.after (the checkpoints). Prints how far the run is from what comes out here.
"""

import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load_file
from tensor_files import read_tensors

jax.config.update("jax_enable_x64", True)


def swish(x):
    return x / (1 + jnp.exp(-x))


def perceptron(parameters, x):
    """E(x) of one point."""
    layers = sum(name.startswith("weight") for name in parameters)
    for layer in range(1, layers):
        x = swish(x @ parameters[f"weight{layer}"] + parameters[f"bias{layer}"])
    return (x @ parameters[f"weight{layers}"])[0]


def convolutional(parameters, x):
    """E(x) of one image of 8 by 8 pixels and one channel."""
    image = x.reshape(1, 8, 8, 1)
    for layer in range(1, 1 + sum(name.startswith("filter") for name in parameters)):
        image = jax.lax.conv_general_dilated(
            image,
            parameters[f"filter{layer}"],
            window_strides=(2, 2),
            padding="SAME",
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )
        image = swish(image + parameters[f"bias{layer}"])
    return (image.reshape(-1) @ parameters["weight"])[0]


class Model:
    def __init__(self, energy, parameters):
        self.energy = lambda x: energy(parameters, x)
        self.energies = jax.vmap(self.energy)
        self.score = lambda x: -jax.grad(self.energy)(x)
        self.scores = jax.vmap(self.score)


def langevin(model, x, noise, step_size):
    """The ends of chains; `noise` has a row an iteration."""

    def move(x, z):
        return x + step_size**2 / 2 * model.scores(x) + step_size * z, None

    return jax.lax.scan(move, x, noise)[0]


def contrastive_divergence(model, given, options, starts="data"):
    """E at the data less E at the ends of chains, which count as constants, and a penalty on squares."""
    ends = langevin(given["chain model"], given[starts], given["noise 0"], options["stepSize"])
    ends = jax.lax.stop_gradient(ends)
    of_data, of_ends = model.energies(given["data"]), model.energies(ends)
    squares = jnp.mean(of_data**2) + jnp.mean(of_ends**2)
    loss = jnp.mean(of_data) - jnp.mean(of_ends) + options["energyPenalty"] * squares
    return loss, {"chain ends": ends}


def persistent_contrastive_divergence(model, given, options):
    return contrastive_divergence(model, given, options, "chain starts")


def denoising_score_matching(model, given, options):
    """Vincent 2011, equation 4.3, with Gaussian noise."""
    z, sigma = given["noise 0"], options["sigma"]
    residual = model.scores(given["data"] + sigma * z) + z / sigma
    return jnp.mean(jnp.sum(residual**2, 1)) / 2, {}


def sliced_score_matching(model, given, options):
    """Song et al. 2019, equation 8, or equation 7 without reduced variance; v is noise."""

    def at(x, v):
        score, change = jax.jvp(model.score, (x,), (v,))
        square = score @ score if options["varianceReduction"] else (v @ score) ** 2
        return v @ change + square / 2

    v = given["noise 0"]
    x = jnp.tile(given["data"], (len(v) // len(given["data"]), 1))
    return jnp.mean(jax.vmap(at)(x, v)), {}


def implicit_score_matching(model, given, _):
    """Hyvärinen 2005, theorem 1, with the whole Hessian."""

    def at(x):
        score = model.score(x)
        return score @ score / 2 - jnp.trace(jax.hessian(model.energy)(x))

    return jnp.mean(jax.vmap(at)(given["data"])), {}


def noise_contrastive_estimation(model, given, options):
    """Gutmann & Hyvärinen 2012: how likely data and noise are told apart; the noise is a Gaussian with
    the moments of all rows."""
    rows, ratio = given["all rows"], options["noiseRatio"]
    mean = jnp.mean(rows, 0)
    covariance = (rows - mean).T @ (rows - mean) / len(rows)
    noise = mean + given["noise 0"] @ jnp.linalg.cholesky(covariance).T

    def log_odds(x):
        log_noise = jax.vmap(
            lambda point: jax.scipy.stats.multivariate_normal.logpdf(point, mean, covariance)
        )(x)
        return -model.energies(x) - given["log Z"] - log_noise - jnp.log(ratio)

    is_data = jnp.mean(jnp.log(jax.nn.sigmoid(log_odds(given["data"]))))
    is_noise = jnp.mean(jnp.log(1 - jax.nn.sigmoid(log_odds(noise))))
    return -is_data - ratio * is_noise, {}


objectives = {
    "contrastiveDivergence": contrastive_divergence,
    "persistentContrastiveDivergence": persistent_contrastive_divergence,
    "denoisingScoreMatching": denoising_score_matching,
    "slicedScoreMatching": sliced_score_matching,
    "implicitScoreMatching": implicit_score_matching,
    "noiseContrastiveEstimation": noise_contrastive_estimation,
}
energies = {"mlp": perceptron, "convolutional": convolutional}


def adam(gradient, mean, square, step, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Algorithm 1 of Kingma & Ba: the change of a parameter, and the next moments."""
    mean = beta1 * mean + (1 - beta1) * gradient
    square = beta2 * square + (1 - beta2) * gradient**2
    corrected = mean / (1 - beta1**step), square / (1 - beta2**step)
    return -rate * corrected[0] / (jnp.sqrt(corrected[1]) + epsilon), mean, square


def largest(values):
    return float(max(np.max(np.abs(np.asarray(value))) for value in values))


def compare(path):
    config = json.loads(path.read_text())
    stem = path.with_suffix("")
    before, after = (
        {name: np.asarray(value, np.float64) for name, value in load_file(f"{stem}.{when}").items()}
        for when in ("before", "after")
    )
    given = {
        name: jnp.asarray(value, jnp.float64) for name, value in read_tensors(f"{stem}.in").items()
    }
    rows = np.load(f"{stem}.rows.npy", allow_pickle=False)
    given["all rows"] = jnp.asarray(rows, jnp.float64)
    energy, objective = energies[config["energy"]["type"]], config["objective"]
    options = {**objective, **objective.get("sampler", {})}
    # The objective's own parameters are learned with those of the energy.
    names = [
        name for name in before if name.startswith("parameters/") or name == "objective/log Z"
    ]

    def loss_of(parameters, given):
        own = {
            name.removeprefix("parameters/"): value
            for name, value in parameters.items()
            if name.startswith("parameters/")
        }
        log_z = parameters.get("objective/log Z", 0.0)
        fixed = Model(energy, jax.lax.stop_gradient(own))
        return objectives[objective["type"]](
            Model(energy, own), {**given, "log Z": log_z, "chain model": fixed}, options
        )

    # As one program: operation by operation each would be compiled by itself.
    (loss, made), gradients = jax.jit(jax.value_and_grad(loss_of, has_aux=True))(
        {name: jnp.asarray(before[name]) for name in names}, given
    )
    worst = {"gradient": 0.0, "change": 0.0, "mean": 0.0, "square": 0.0}
    for name in names:
        slot = name.removeprefix("parameters/")
        old, new = (
            [tensors[f"optimizer/{kind}/{slot}"] for kind in ("mean", "square")]
            for tensors in (before, after)
        )
        change, mean, square = adam(
            gradients[name], *old, config["step"], config["optimizer"]["learningRate"]
        )
        # What the run's gradient was shows in what became of its moving average.
        gradient = (new[0] - 0.9 * old[0]) / (1 - 0.9)
        scale = largest(gradients.values())
        off = {
            "gradient": largest([gradient - gradients[name]]) / scale,
            "mean": largest([new[0] - mean]) / scale,
            "square": largest([new[1] - square]) / scale**2,
            "change": largest([after[name] - before[name] - change])
            / config["optimizer"]["learningRate"],
        }
        worst = {kind: max(worst[kind], off[kind]) for kind in worst}
    norm = jnp.sqrt(sum(jnp.sum(gradient**2) for gradient in gradients.values()))
    result = {"loss": float(loss), "gradientNorm": float(norm), "worst": worst}
    if "buffer" in after:
        # The rows that moved are where the chains ended.
        moved = after["buffer"][np.any(after["buffer"] != before["buffer"], 1)]
        ends = np.asarray(made["chain ends"])
        distances = np.max(np.abs(moved[:, None, :] - ends[None, :, :]), 2)
        result["chains"] = [len(moved), float(np.max(np.min(distances, 1)))]
    return result


print(
    json.dumps(
        {
            path.stem: compare(path)
            for path in sorted(Path(sys.argv[1]).glob("*.json"))
            if "." not in path.stem
        }
    )
)
