"""The data sets of this worker: found, checked, cut into training, validation and test."""

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.errors import UnusableData

Array = NDArray[Any]

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
DIGITS = "digits"  # shipped by scikit-learn, so it needs no file
DIGITS_TEST = 600
VALIDATION_SHARE = 10  # one sample in ten
# Below 300 images one wrong answer moves the error by more than a third of a percent.
VALIDATION_AT_LEAST = 300
SPLIT_SEED = 20240229  # part of every study: another seed is another split


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
    names = {DIGITS}
    if folder is not None:
        names |= {path.stem for path in folder.glob("*.npz") if NAME.fullmatch(path.stem)}
    return [facts(folder, name) for name in sorted(names)]


def facts(folder: Path | None, name: str) -> dict[str, Any]:
    """Facts of one data set, or its name and the problem that keeps it from being used."""
    try:
        return load(folder, name).facts()
    except UnusableData as problem:
        nothing = dict.fromkeys(("sha256", "shape", "classes", "train", "validation", "test"))
        return {"name": name, **nothing, "split_sha256": None, "problem": str(problem)}


def load(folder: Path | None, name: str) -> DataSet:
    """Read, check and split the data set `name`."""
    if name == DIGITS:
        return _digits()
    content = _read(_path(folder, name))
    arrays = checked(_unpacked(content))
    validation = stratified(arrays["y_train"], validation_count(arrays["y_train"]))
    return DataSet(name, hashlib.sha256(content).hexdigest(), validation=validation, **arrays)


def validation_count(labels: Array) -> int:
    """A tenth of the samples, at least 300, but never more than half of a tiny set."""
    samples, classes = len(labels), int(labels.max()) + 1
    tenth = -(-samples // VALIDATION_SHARE)
    return min(max(tenth, VALIDATION_AT_LEAST), samples // 2, samples - classes)


def stratified(labels: Array, count: int) -> Array:
    """Draw `count` sorted row numbers so that every class gives its share.

    Each class keeps at least one row that is not drawn. The draw depends on the labels and on
    SPLIT_SEED alone.
    """
    spare = np.bincount(labels) - 1
    quota = count * spare / spare.sum()
    share = np.floor(quota).astype(np.int64)
    largest_first = np.argsort(share - quota, kind="stable")
    share[largest_first[: count - int(share.sum())]] += 1
    # NumPy promises to keep this generator's stream for ever, unlike that of `default_rng`.
    random = np.random.RandomState(SPLIT_SEED)
    drawn = [random.permutation(np.flatnonzero(labels == c))[:k] for c, k in enumerate(share)]
    return np.sort(np.concatenate(drawn)).astype(np.int64)


def checked(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Check the four arrays and bring them into the form that `DataSet` promises."""
    missing = [name for name in ARRAYS if name not in arrays]
    if missing:
        found = ", ".join(sorted(arrays)) or "nothing"
        raise UnusableData(f"{missing[0]} is missing; need {', '.join(ARRAYS)}, found {found}.")
    images = {name: _samples(name, arrays[name]) for name in ("x_train", "x_test")}
    if images["x_train"].shape[1:] != images["x_test"].shape[1:]:
        raise UnusableData(
            f"x_train and x_test hold samples of different shapes: "
            f"{images['x_train'].shape[1:]} and {images['x_test'].shape[1:]}."
        )
    if images["x_train"].dtype != images["x_test"].dtype:
        raise UnusableData("x_train and x_test differ: one holds unsigned bytes, the other not.")
    labels = {name: _labels(name, arrays[name]) for name in ("y_train", "y_test")}
    for part in ("train", "test"):
        rows, answers = len(images[f"x_{part}"]), len(labels[f"y_{part}"])
        if rows != answers:
            raise UnusableData(f"x_{part} has {rows} samples but y_{part} has {answers} labels.")
    _check_classes(labels["y_train"], labels["y_test"])
    return images | labels


def _samples(name: str, array: Array) -> Array:
    if array.dtype.kind not in "uif":
        raise UnusableData(f"{name} holds values of type {array.dtype}; need numbers.")
    if array.ndim not in (2, 3, 4):
        raise UnusableData(
            f"{name} has shape {array.shape}; need (N, features), (N, height, width) "
            "or (N, height, width, channels)."
        )
    if array.size == 0:
        raise UnusableData(f"{name} has shape {array.shape}: there are no samples in it.")
    if array.dtype != np.uint8:
        with np.errstate(over="ignore"):  # too large for 32 bits becomes infinite, refused below
            array = array.astype(np.float32)
        if not np.isfinite(array).all():
            raise UnusableData(f"{name} holds NaN or infinite values.")
    return array[..., None] if array.ndim == 3 else array


def _labels(name: str, array: Array) -> Array:
    if array.ndim != 1:
        raise UnusableData(f"{name} has shape {array.shape}; need one label per sample, (N,).")
    if array.dtype.kind not in "ui":
        raise UnusableData(f"{name} holds values of type {array.dtype}; need whole numbers 0, 1 ….")
    if array.size and array.min() < 0:
        raise UnusableData(f"{name} holds {array.min()}; labels start at 0.")
    return array.astype(np.int64)


def _check_classes(y_train: Array, y_test: Array) -> None:
    present = np.unique(y_train)
    if len(present) < 2:
        raise UnusableData(f"y_train holds only the label {present[0]}; need two classes or more.")
    gaps = present != np.arange(len(present))
    if gaps.any():
        raise UnusableData(
            f"y_train holds no label {int(np.argmax(gaps))} but the label {present[-1]}; "
            "need 0, 1, 2 … without gaps."
        )
    if len(y_train) < 2 * len(present):
        raise UnusableData(
            f"y_train has {len(y_train)} labels of {len(present)} classes; need two of each."
        )
    if y_test.max() >= len(present):
        raise UnusableData(f"y_test holds the label {y_test.max()}, which y_train does not.")


def _path(folder: Path | None, name: str) -> Path:
    if not NAME.fullmatch(name):
        raise UnusableData(f"{name!r} is no name of a data set; need letters, digits, . _ and -.")
    if folder is None:
        raise UnusableData(f"{name} is not here: this worker was started without --data-dir.")
    path = (folder / f"{name}.npz").resolve()
    if not path.is_relative_to(folder.resolve()):
        raise UnusableData(f"{name}.npz is a link that leaves the data folder; copy the file.")
    return path


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnusableData(f"{path.name} cannot be read: {error.strerror}.") from error


def _unpacked(content: bytes) -> dict[str, Array]:
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise UnusableData("the file is no .npz archive; numpy.savez_compressed writes one.")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            # Others are neither needed nor read: a strange extra array does no harm.
            named = [name for name in archive.files if name in ARRAYS]
            found: dict[str, Array] = dict.fromkeys(archive.files, np.empty(0))
            return found | {name: archive[name] for name in named}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        if "pickle" in str(error):
            raise UnusableData("an array holds Python objects, which are never loaded.") from error
        raise UnusableData(f"the archive is damaged: {error}.") from error
    except MemoryError as error:
        raise UnusableData("the arrays do not fit into the memory of this worker.") from error


def _digits() -> DataSet:
    from sklearn.datasets import load_digits  # more than a second, so only where it is asked for

    bunch = load_digits()
    images = bunch.images.astype(np.uint8)[..., None]  # 0..16, exact
    labels = bunch.target.astype(np.int64)
    test = stratified(labels, DIGITS_TEST)
    rest = np.setdiff1d(np.arange(len(labels)), test, assume_unique=True)
    arrays = {
        "x_train": images[rest],
        "y_train": labels[rest],
        "x_test": images[test],
        "y_test": labels[test],
    }
    digest = hashlib.sha256()
    for name in ARRAYS:
        digest.update(name.encode() + arrays[name].tobytes())
    validation = stratified(arrays["y_train"], validation_count(arrays["y_train"]))
    return DataSet(DIGITS, digest.hexdigest(), validation=validation, **arrays)
