"""
Checks the ONNX files of a folder and runs them with ONNX Runtime for Python. Beside STEP.onnx lie the
tensors that go into it, STEP.in, and those that are expected to come out of it, STEP.out.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from tensor_files import read_tensors


def operations(graph):
    """The names of all operations, those in the bodies of loops included."""
    for node in graph.node:
        yield node.op_type
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from operations(attribute.g)


def difference(found, expected):
    """How far numbers are from those that are expected, and how large these are."""
    assert found.shape == expected.shape and found.dtype == expected.dtype
    if expected.size == 0:
        return [0, 0]
    found, expected = found.astype(np.float64), expected.astype(np.float64)
    return [float(np.max(np.abs(found - expected))), float(np.max(np.abs(expected)))]


def check(file):
    model = onnx.load(file)
    # Types and shapes too, of every value on the way.
    onnx.checker.check_model(model, full_check=True)
    inputs = read_tensors(file.with_suffix(".in"))
    expected = read_tensors(file.with_suffix(".out"))
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    assert {value.name for value in session.get_inputs()} <= set(inputs)
    assert {value.name for value in session.get_outputs()} == set(expected)
    used = {value.name: inputs[value.name] for value in session.get_inputs()}
    found = session.run(list(expected), used)
    return {
        "operations": sorted(set(operations(model.graph))),
        "unused": sorted(set(inputs) - set(used)),
        "differences": {
            name: difference(values, expected[name]) for name, values in zip(expected, found)
        },
    }


print(json.dumps({file.stem: check(file) for file in sorted(Path(sys.argv[1]).glob("*.onnx"))}))
