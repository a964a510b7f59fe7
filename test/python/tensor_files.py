"""Tensors that the tests have written for the scripts beside this one."""

import json
from pathlib import Path

import numpy as np


def read_tensors(path):
    """The tensors of PATH.bin by name, as PATH.json describes them."""
    data = Path(f"{path}.bin").read_bytes()
    tensors, offset = {}, 0
    for entry in json.loads(Path(f"{path}.json").read_text()):
        values = data[offset : offset + entry["bytes"]]
        tensors[entry["name"]] = np.frombuffer(values, entry["dtype"]).reshape(entry["shape"])
        offset += entry["bytes"]
    assert offset == len(data)
    return tensors
