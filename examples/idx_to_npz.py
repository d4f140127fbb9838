"""Turn the four IDX files of MNIST (or Fashion-MNIST, KMNIST, EMNIST) into one .npz data set.

    python examples/idx_to_npz.py FOLDER mnist.npz

FOLDER holds the original files, packed or not:
train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and
t10k-labels-idx1-ubyte.gz. Where to get them is in docs/data.md.
"""

import argparse
import gzip
import hashlib
import math
import os
import struct
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
# Of the unpacked originals of MNIST: told apart from its many look-alikes.
MNIST_MD5 = {
    "x_train": "6bbc9ace898e44ae57da46a324031adb",
    "y_train": "a25bea736e30d166cdddb491f175f624",
    "x_test": "2646ac647ad5339dbf082846283269ea",
    "y_test": "27ae3e4e09519cfbb04c329615203637",
}
UNSIGNED_BYTES = 8  # the format's code for this type


class NotIdx(Exception):
    """A file is missing or is not what its name says."""


def found(folder: Path, name: str) -> Path:
    """The file of that name, packed or not; some mirrors write a dot for the second dash."""
    dotted = name.replace("-idx", ".idx")
    for candidate in (f"{name}.gz", name, f"{dotted}.gz", dotted):
        if (folder / candidate).is_file():
            return folder / candidate
    raise NotIdx(f"{name}.gz is not in {folder}. docs/data.md says where to get it.")


def content(path: Path) -> bytes:
    """The unpacked bytes of a file."""
    try:
        return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (EOFError, OSError) as error:
        raise NotIdx(f"{path} cannot be unpacked ({error}); download it again.") from error


def array(name: str, data: bytes) -> NDArray[np.uint8]:
    """Read an IDX file: two zeros, type, number of axes, their lengths, then the values."""
    if len(data) < 4 or data[:3] != bytes([0, 0, UNSIGNED_BYTES]):
        raise NotIdx(f"{name} is no IDX file of unsigned bytes.")
    axes, start = data[3], 4 + 4 * data[3]
    shape = struct.unpack(f">{axes}I", data[4:start]) if len(data) >= start else ()
    if not shape or len(data) - start != math.prod(shape):
        raise NotIdx(f"{name} is cut off: {len(data)} bytes do not hold an array {shape}.")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def convert(folder: Path, target: Path) -> bool:
    """Write the data set; returns whether it is the original MNIST, byte for byte."""
    raw = {name: content(found(folder, file)) for name, file in FILES.items()}
    arrays = {name: array(FILES[name], data) for name, data in raw.items()}
    for part in ("train", "test"):
        images, labels = len(arrays[f"x_{part}"]), len(arrays[f"y_{part}"])
        if images != labels:
            raise NotIdx(f"{part}: {images} images but {labels} labels.")
    part_file = target.with_name(f"{target.name}.part")
    with part_file.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    os.replace(part_file, target)
    sums = {
        name: hashlib.md5(data, usedforsecurity=False).hexdigest() for name, data in raw.items()
    }
    return sums == MNIST_MD5


def main() -> None:
    """Read the command line and convert."""
    parser = argparse.ArgumentParser(description="IDX files of MNIST to one .npz data set.")
    parser.add_argument("folder", type=Path, help="where the four original files lie")
    parser.add_argument("target", type=Path, help="the file to write, such as mnist.npz")
    given = parser.parse_args()
    try:
        is_mnist = convert(given.folder, given.target)
    except NotIdx as error:
        sys.exit(str(error))
    which = "the original MNIST" if is_mnist else "four good files, but not the original MNIST"
    print(f"{given.target}: {which}")


if __name__ == "__main__":
    main()
