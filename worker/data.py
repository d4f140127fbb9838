"""The data sets of this worker: found, checked, cut into training, validation and test."""

import hashlib
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from worker import sources_installed, sources_npz
from worker.arrays import ARRAYS, Array, checked, stratified, validation_count
from worker.errors import UnsupportedWork, UnusableData

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
DIGITS = "digits"  # shipped by scikit-learn, so it needs no file
DIGITS_TEST = 600


@dataclass(frozen=True, slots=True, eq=False)
class DataSet:
    """Checked arrays and their split.

    `x_train` and `x_test` are `N x h x w x c` or flat `N x n`, unsigned bytes or 32-bit floats;
    labels are 64-bit integers 0..classes-1; `validation` holds sorted row numbers of `x_train`.
    """

    name: str
    sha256: str
    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array
    validation: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample: `(h, w, c)` or `(n,)`."""
        return tuple(self.x_train.shape[1:])

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(self.y_train.max()) + 1

    @property
    def training(self) -> Array:
        """Sorted row numbers of `x_train` that are trained on."""
        return np.setdiff1d(np.arange(len(self.y_train)), self.validation, assume_unique=True)

    @property
    def split_sha256(self) -> str:
        """Names the split: two workers agree on it or do not share a study."""
        return hashlib.sha256(self.validation.astype("<i8").tobytes()).hexdigest()

    def facts(self) -> dict[str, Any]:
        """Describe the set as the server announces it."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "shape": list(self.shape),
            "classes": self.classes,
            "train": len(self.y_train) - len(self.validation),
            "validation": len(self.validation),
            "test": len(self.y_test),
            "split_sha256": self.split_sha256,
            "problem": None,
        }


def scan(folder: Path | None) -> list[dict[str, Any]]:
    """Facts of every data set here; of one that cannot be used only its name and the problem."""
    names = {DIGITS} | sources_installed.names()
    if folder is not None:
        names |= {path.stem for path in folder.glob("*.npz")}
    return [facts(folder, name) for name in sorted(names) if NAME.fullmatch(name)]


def facts(folder: Path | None, name: str) -> dict[str, Any]:
    """Facts of one data set, or its name and the problem that keeps it from being used."""
    try:
        return load(folder, name).facts()
    except UnusableData as problem:
        nothing = dict.fromkeys(("sha256", "shape", "classes", "train", "validation", "test"))
        return {"name": name, **nothing, "split_sha256": None, "problem": str(problem)}


def load(folder: Path | None, name: str) -> DataSet:
    """Read, check and split the data set `name`.

    `digits` is always that of scikit-learn; then a file in the folder goes before an installed
    source, since it was put there for this worker.
    """
    if not NAME.fullmatch(name):
        raise UnusableData(f"{name!r} is no name of a data set; need letters, digits, . _ and -.")
    if name == DIGITS:
        arrays = _digits()
        return _split(name, _digest(arrays), arrays)
    if name in sources_installed.names() and not _has_file(folder, name):
        arrays = checked(sources_installed.arrays_of(name))
        return _split(name, _digest_with_forms(arrays), arrays)
    return _from_file(_path(folder, name), name)


def binary_of(data: DataSet, below: int) -> DataSet:
    """The same samples with two classes: labels below a number become 0, all others 1.

    The split stays that of the full labels. One side must not be empty.
    """
    if not 1 <= below < data.classes:
        raise UnsupportedWork(
            f"binary: need a number from 1 to {data.classes - 1} for the {data.classes} classes "
            f"of {data.name}, got {below}."
        )
    y_train, y_test = ((y >= below).astype(np.int64) for y in (data.y_train, data.y_test))
    return replace(data, y_train=y_train, y_test=y_test)


def _split(name: str, sha256: str, arrays: Mapping[str, Array]) -> DataSet:
    validation = stratified(arrays["y_train"], validation_count(arrays["y_train"]))
    return DataSet(name, sha256, validation=validation, **arrays)


def _has_file(folder: Path | None, name: str) -> bool:
    return folder is not None and (folder / f"{name}.npz").exists()


def _path(folder: Path | None, name: str) -> Path:
    if folder is None:
        raise UnusableData(f"{name} is not here: this worker was started without --data-dir.")
    path = (folder / f"{name}.npz").resolve()
    if not path.is_relative_to(folder.resolve()):
        raise UnusableData(f"{name}.npz is a link that leaves the data folder; copy the file.")
    return path


def _from_file(path: Path, name: str) -> DataSet:
    try:
        # Whoever opens a pipe waits for its other end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise UnusableData(f"{path.name} cannot be read: it is no file.")
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            arrays = checked(sources_npz.arrays_of(file))
    except OSError as error:
        raise UnusableData(f"{path.name} cannot be read: {error.strerror}.") from error
    return _split(name, sha256, arrays)


def _digits() -> dict[str, Array]:
    from sklearn.datasets import load_digits  # more than a second, so only where it is asked for

    bunch = load_digits()
    images = bunch.images.astype(np.uint8)[..., None]  # 0..16, exact
    labels = bunch.target.astype(np.int64)
    test = stratified(labels, DIGITS_TEST)
    rest = np.setdiff1d(np.arange(len(labels)), test, assume_unique=True)
    return {
        "x_train": images[rest],
        "y_train": labels[rest],
        "x_test": images[test],
        "y_test": labels[test],
    }


def _digest(arrays: Mapping[str, Array]) -> str:
    digest = hashlib.sha256()
    for name in ARRAYS:
        digest.update(name.encode() + arrays[name].tobytes())
    return digest.hexdigest()


def _digest_with_forms(arrays: Mapping[str, Array]) -> str:
    """Equal bytes in another shape or of another type are another set."""
    forms = [(arrays[name].shape, arrays[name].dtype.str) for name in ARRAYS]
    return hashlib.sha256(f"{forms}{_digest(arrays)}".encode()).hexdigest()
