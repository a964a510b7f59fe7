"""Reads a run directory with NumPy and the standard library alone, and prints what it found as JSON."""

import hashlib
import json
import struct
import sys
import zlib
from pathlib import Path

import numpy as np


def bits(array):
    """Values as text that keeps every bit, NaN and infinities included."""
    return np.ascontiguousarray(array, dtype="<f4").tobytes().hex()


def crc32c(data):
    """The Castagnoli checksum, bit by bit as RFC 3720 defines it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    """TFRecord framing: length, its checksum, data, its checksum."""
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        (head,) = struct.unpack_from("<I", data, at + 8)
        assert head == masked(data[at : at + 8]), f"length at {at}"
        record = data[at + 12 : at + 12 + length]
        (tail,) = struct.unpack_from("<I", data, at + 12 + length)
        assert tail == masked(record), f"record at {at}"
        yield record
        at += 16 + length


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """The fields of a protobuf message: number and value."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 1:
            value, at = data[at : at + 8], at + 8
        elif wire == 2:
            length, at = varint(data, at)
            value, at = data[at : at + length], at + length
        elif wire == 5:
            value, at = data[at : at + 4], at + 4
        else:
            raise ValueError(f"wire type {wire}")
        yield number, value


def summaries(directory):
    """Step, tag and fields of each value of the event file's summaries."""
    (file,) = directory.glob("events.out.tfevents.*")
    for record in records(file.read_bytes()):
        event = list(fields(record))
        step = dict(event).get(2, 0)
        for number, summary in event:
            if number != 5:
                continue
            for _, value in fields(summary):
                parts = dict(fields(value))
                yield step, parts.pop(1).decode(), parts


def scalars(directory):
    return [
        [step, tag, parts[2].hex()]
        for step, tag, parts in summaries(directory)
        if 2 in parts
    ]


def doubles(data):
    return [value for (value,) in struct.iter_unpack("<d", data)]


def histograms(directory):
    found = []
    for step, tag, parts in summaries(directory):
        if 5 not in parts:
            continue
        histogram = dict(fields(parts[5]))
        numbers = [doubles(histogram[field])[0] for field in range(1, 6)]
        found.append([step, tag, numbers, doubles(histogram[6]), doubles(histogram[7])])
    return found


def png(data):
    """Width, height and the pixels of a PNG with a palette and no filters, as red, green and blue."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (crc,) = struct.unpack_from(">I", data, at + 8 + length)
        assert crc == zlib.crc32(name + body), name
        chunks[name] = chunks.get(name, b"") + body
        at += 12 + length
    width, height, depth, kind = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    assert (depth, kind) == (8, 3)
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, 1 + width)
    assert not lines[:, 0].any()
    palette = np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)
    return width, height, palette[lines[:, 1:]].tobytes()


def images(directory):
    found = []
    for step, tag, parts in summaries(directory):
        if 4 not in parts:
            continue
        image = dict(fields(parts[4]))
        width, height, pixels = png(image[4])
        assert (image[1], image[2], image[3]) == (height, width, 3)
        found.append([step, tag, width, height, hashlib.sha256(pixels).hexdigest()])
    return found


def safetensors(file):
    data = file.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        assert entry["dtype"] == "F32"
        array = np.frombuffer(data[begin:end], dtype="<f4").reshape(entry["shape"])
        tensors[name] = {"shape": list(array.shape), "bits": bits(array)}
    return {"metadata": metadata, "tensors": tensors}


def arrays(directory):
    found = {}
    for file in sorted(directory.glob("samples/*.npy")):
        array = np.load(file, allow_pickle=False)
        found[file.name] = {"shape": list(array.shape), "bits": bits(array)}
    return found


run = Path(sys.argv[1])
print(
    json.dumps(
        {
            "manifest": json.loads((run / "run.json").read_text())["id"],
            "scalars": scalars(run),
            "histograms": histograms(run),
            "images": images(run),
            "arrays": arrays(run),
            "checkpoints": {
                file.name: safetensors(file) for file in sorted(run.glob("checkpoints/*"))
            },
        }
    )
)
