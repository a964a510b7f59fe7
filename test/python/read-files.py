"""Reads run directories with TensorBoard, safetensors, NumPy and Pillow, and prints what they found."""

import hashlib
import io
import json
import struct
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors import safe_open
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event


def first_records(directory):
    """What the first record of each event file says."""
    found = []
    for file in sorted(directory.glob("events.out.tfevents.*")):
        first = Event.FromString(next(RawEventFileLoader(str(file)).Load()))
        found.append([first.file_version, first.wall_time])
    return found


def picture(event):
    image = Image.open(io.BytesIO(event.encoded_image_string))
    assert image.size == (event.width, event.height)
    pixels = image.convert("RGB").tobytes()
    return [event.step, event.wall_time, *image.size, hashlib.sha256(pixels).hexdigest()]


def histogram(event):
    value = event.histogram_value
    return {
        "step": event.step,
        "wallTime": event.wall_time,
        "numbers": [value.min, value.max, value.num, value.sum, value.sum_squares],
        "limits": list(value.bucket_limit),
        "cells": list(value.bucket),
    }


def events(directory):
    # Zero: keep all.
    accumulator = EventAccumulator(
        str(directory), size_guidance={"scalars": 0, "images": 0, "histograms": 0}
    )
    accumulator.Reload()
    tags = accumulator.Tags()
    return {
        "first": first_records(directory),
        "scalars": {
            tag: [
                [event.step, event.wall_time, struct.pack("<f", event.value).hex()]
                for event in accumulator.Scalars(tag)
            ]
            for tag in tags["scalars"]
        },
        "images": {
            tag: [picture(event) for event in accumulator.Images(tag)] for tag in tags["images"]
        },
        "histograms": {
            tag: [histogram(event) for event in accumulator.Histograms(tag)]
            for tag in tags["histograms"]
        },
    }


def checkpoint(file):
    with safe_open(file, framework="np") as tensors:
        return {
            "metadata": tensors.metadata(),
            "tensors": {name: described(tensors.get_tensor(name)) for name in tensors.keys()},
        }


def described(array):
    return {
        "dtype": array.dtype.str,
        "shape": array.shape,
        "bits": np.ascontiguousarray(array).tobytes().hex(),
    }


def sample(file):
    with open(file, "rb") as opened:
        version = np.lib.format.read_magic(opened)
        assert version == (1, 0)
        _, is_fortran, _ = np.lib.format.read_array_header_1_0(opened)
        begins_at = opened.tell()
    array = np.load(file, allow_pickle=False)
    assert not is_fortran and array.flags.c_contiguous
    # Mapped into memory, the numbers are aligned.
    assert begins_at % 64 == 0
    assert np.array_equal(np.load(file, mmap_mode="r"), array, equal_nan=True)
    return described(array)


def run(directory):
    return {
        **(events(directory) if any(directory.glob("events.out.tfevents.*")) else {}),
        "checkpoints": {
            file.stem: checkpoint(file) for file in sorted(directory.glob("checkpoints/*.safetensors"))
        },
        "arrays": {file.stem: sample(file) for file in sorted(directory.glob("samples/*.npy"))},
    }


print(json.dumps({name: run(Path(name)) for name in sys.argv[1:]}))
