"""Writes files with the libraries of others into a folder, for our readers, and prints what is in them."""

import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import safetensors.flax
import safetensors.numpy
import tensorboard_data_server
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

folder = Path(sys.argv[1])


def write_events(name, *files):
    """A directory of event files: for each a list of events."""
    for events in files:
        writer = EventFileWriter(str(folder / "events" / name))
        for event in events:
            writer.add_event(event)
        writer.close()


def scalars(tag, steps, offset):
    return [
        Event(
            wall_time=1.7e9 + step + offset,
            step=step,
            summary=Summary(value=[Summary.Value(tag=tag, simple_value=offset + step / 7)]),
        )
        for step in steps
    ]


def start(step):
    return Event(step=step, session_log=SessionLog(status=SessionLog.START))


def tensors(tag, steps):
    return [Event(wall_time=1.7e9, step=step, summary=scalar_pb(tag, step / 3)) for step in steps]


write_events("several", *(scalars("loss", range(i * 5, i * 5 + 5), i / 3) for i in range(3)))
write_events(
    "restarted",
    scalars("loss", range(10), 0) + scalars("other", range(10), 0.5),
    [start(6)] + scalars("loss", range(6, 12), 100),
)
write_events(
    "restarted-twice",
    scalars("loss", range(8), 0)
    + [start(5)]
    + scalars("loss", range(5, 7), 100)
    + [start(3)]
    + scalars("loss", range(3, 5), 200),
)
# Without a word of it, steps go back.
write_events("went-back", scalars("loss", range(10), 0) + scalars("loss", range(4, 7), 100))
write_events("tensors", tensors("loss", range(20)))

arrays = {}
(folder / "arrays").mkdir()


def write_array(name, array, version=None):
    with open(folder / "arrays" / name, "wb") as file:
        np.lib.format.write_array(file, array, version=version, allow_pickle=False)
    arrays[name] = {
        "shape": array.shape,
        # As text numbers of 64 bits keep all of them; infinity has the name that JavaScript knows.
        "values": [
            repr(value).replace("inf", "Infinity") for value in array.ravel(order="C").tolist()
        ],
    }


random = np.random.default_rng(0)
for kind in ["f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"]:
    if kind[0] == "f":
        values = random.normal(size=24)
    elif kind == "b1":
        values = random.integers(0, 2, 24)
    else:
        values = random.integers(np.iinfo(kind).min, np.iinfo(kind).max, 24, kind, True)
    cube = values.astype(kind).reshape(2, 3, 4)
    write_array(f"{kind}.npy", cube)
    write_array(f"{kind}-fortran.npy", np.asfortranarray(cube))
    write_array(f"{kind}-swapped.npy", cube.astype(np.dtype(kind).newbyteorder()))
    for version in [(1, 0), (2, 0), (3, 0)]:
        write_array(f"{kind}-{version[0]}.npy", cube[0], version)
write_array("number.npy", np.float64(2.5).reshape(()))
write_array("nothing.npy", np.zeros((0, 3), np.float32))
write_array("special.npy", np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45], np.float32))

# The parameters of a perceptron 2-16-1, each of another type, and what they are in single precision.
keys = jax.random.split(jax.random.PRNGKey(0), 4)
flax = {
    "weight1": jax.random.normal(keys[0], (2, 16), jnp.float32),
    "bias1": jax.random.normal(keys[1], (16,), jnp.bfloat16),
    "weight2": jax.random.normal(keys[2], (16, 1), jnp.float16),
}
doubles = {name: np.asarray(value, np.float64) / 3 for name, value in flax.items()}
safetensors.flax.save_file(flax, folder / "jax.safetensors", metadata={"made by": "JAX"})
safetensors.numpy.save_file(
    {f"energy/{name}": value for name, value in doubles.items()}, folder / "numpy.safetensors"
)
weights = {
    f"{maker}.safetensors": {
        name: {
            "shape": value.shape,
            "bits": np.asarray(value, np.float32).astype("<f4").tobytes().hex(),
        }
        for name, value in tensors.items()
    }
    for maker, tensors in {"jax": flax, "numpy": doubles}.items()
}

# Where there is none, TensorBoard serves what its reader in Python has found.
has_data_server = tensorboard_data_server.server_binary() is not None

print(json.dumps({"arrays": arrays, "weights": weights, "hasDataServer": has_data_server}))
