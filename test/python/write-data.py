"""Writes images and rows with NumPy, Pillow, safetensors and PyArrow, and prints what these read of them."""

import base64
import gzip
import io
import json
import struct
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from safetensors.numpy import save_file

folder = Path(sys.argv[1])
rng = np.random.default_rng(20240607)
told = {}


def tell(name, array):
    """What a file holds, as float64."""
    array = np.asarray(array)
    numbers = np.ascontiguousarray(array, dtype="<f8")
    told[name] = {"shape": list(array.shape), "numbers": base64.b64encode(numbers.tobytes()).decode()}


count, height, width = 12, 6, 5
grey = rng.integers(0, 256, (count, height, width), dtype=np.uint8)
color = rng.integers(0, 256, (count, height, width, 3), dtype=np.uint8)
classes = rng.integers(0, 4, count, dtype=np.int64)
tell("classes", classes)

# Arrays of every kind of number, of images and of rows.
for kind in ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", ">i4", ">f4", ">f8"]:
    values = grey // 2 if kind == "i1" else grey
    array = values.astype(kind)
    for name, shaped in [
        (f"{kind}.npy", array),
        (f"{kind}-rows.npy", array.reshape(count, -1)),
    ]:
        np.save(folder / name, shaped)
        tell(name, np.load(folder / name))
np.save(folder / "bool.npy", grey > 99)
tell("bool.npy", np.load(folder / "bool.npy"))
np.save(folder / "color.npy", color)
tell("color.npy", color)
np.save(folder / "first.npy", np.ascontiguousarray(color.transpose(0, 3, 1, 2)))
np.save(folder / "classes.npy", classes)
np.savez(folder / "plain.npz", x=grey, y=classes, other=color)
np.savez_compressed(folder / "packed.npz", x=grey, y=classes, other=color)
save_file({"x": grey, "y": classes, "half": (grey / 255).astype("f2")}, folder / "x.safetensors")
tell("half", (grey / 255).astype("f2"))

# Weights as PyTorch's layers have them.
linear, filters = rng.normal(size=(3, 2)).astype("f4"), rng.normal(size=(5, 2, 4, 3)).astype("f4")
save_file(
    {"net.0.weight": linear, "net.0.bias": linear[:, 0].copy(), "conv.1.weight": filters, "head": linear},
    folder / "torch.safetensors",
)
tell("linear", linear.T)
tell("filters", filters.transpose(2, 3, 1, 0))

# IDX, by its definition.
idx = struct.pack(">BBBBIII", 0, 0, 8, 3, *grey.shape) + grey.tobytes()
(folder / "x.idx.gz").write_bytes(gzip.compress(idx))
shorts = rng.integers(-300, 300, (count, 4), dtype=np.int16)
(folder / "shorts.idx").write_bytes(
    struct.pack(">BBBBII", 0, 0, 0x0B, 2, *shorts.shape) + shorts.astype(">i2").tobytes()
)
tell("shorts.idx", shorts)


# Images of every mode that Pillow writes, in folders of their own.
def keep(name, images, suffix="png", expected=None, **options):
    at = folder / name
    at.mkdir()
    read = []
    for number, image in enumerate(images):
        file = at / f"{number:02}.{suffix}"
        image.save(file, **options)
        again = Image.open(file)
        read.append(np.asarray(expected(again) if expected else again))
    read = np.stack(read)
    tell(name, read if read.ndim == 4 else read[..., None])


tall = [Image.fromarray(a) for a in rng.integers(0, 256, (3, 19, 23), dtype=np.uint8)]
wide = [Image.fromarray(a) for a in rng.integers(0, 256, (3, 19, 23, 3), dtype=np.uint8)]
keep("png-grey", tall)
keep("png-color", wide, optimize=True)
keep("png-opacity", [image.convert("RGBA") for image in wide])
keep("png-bits", [image.convert("1") for image in tall], expected=lambda image: image.convert("L"))
keep("png-palette", [image.quantize(200) for image in wide], expected=lambda image: image.convert("RGB"))
keep("png-few", [image.quantize(7) for image in wide], bits=4, expected=lambda image: image.convert("RGB"))
keep("luma", wide, expected=lambda image: image.convert("L"))
for size in [(7, 9), (19, 8), (40, 30)]:
    for name, images in [("grey", tall), ("color", wide)]:
        resized = lambda image: image.resize((size[1], size[0]), Image.Resampling.BILINEAR)
        keep(f"resize-{name}-{size[0]}-{size[1]}", images, expected=resized)

# Photographs are smooth, which noise is not.
y, x = np.mgrid[0:48, 0:64]
smooth = [
    np.stack([128 + 100 * np.sin(x / (9 + c + n)) * np.cos(y / (7 + c)) for c in range(3)], -1)
    for n in range(3)
]
smooth = [Image.fromarray(a.astype(np.uint8)) for a in smooth]
keep("jpeg-grey", [image.convert("L") for image in smooth], "jpg", quality=92)
keep("jpeg-color", smooth, "jpg", quality=92, subsampling=0)
keep("jpeg-halved", smooth, "jpeg", quality=92, subsampling=2)
keep("jpeg-rgb", smooth, "jpg", quality=92, subsampling=0, keep_rgb=True)
keep("jpeg-progressive", smooth, "jpg", quality=92, subsampling=0, progressive=True)

# Parquet: columns of numbers, and images as Hugging Face has them.
table = {
    "a": rng.normal(size=40),
    "b": rng.normal(size=40).astype("f4"),
    "n": rng.integers(-(2**40), 2**40, 40),
    "t": rng.integers(0, 2, 40).astype(bool),
}
names = np.array(["cat", "dog", "owl"])[rng.integers(0, 3, 40)]
tell("parquet", np.column_stack([np.asarray(column, dtype="f8") for column in table.values()]))
for packing in ["NONE", "SNAPPY", "GZIP", "ZSTD", "BROTLI", "LZ4"]:
    pq.write_table(
        pa.table({**table, "kind": names}),
        folder / f"{packing}.parquet",
        compression=packing,
        row_group_size=17,
    )
told["kinds"] = {"shape": [40], "names": names.tolist()}


def packed(image):
    file = io.BytesIO()
    image.save(file, "png")
    return {"bytes": file.getvalue(), "path": None}


pq.write_table(
    pa.table({"image": [packed(Image.fromarray(a)) for a in color], "label": classes}),
    folder / "images.parquet",
    row_group_size=5,
)
print(json.dumps(told))
