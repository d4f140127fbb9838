"""Data sets of openml.org, fetched once by name and kept as files of the data folder."""

import math
import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from worker.arrays import Array, checked, stratified
from worker.errors import UnusableData

PREFIX = "openml-"
OPENML_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,56}")  # with the prefix a name of a set
TEST_SHARE = 6  # one sample in six, as in MNIST
LEAST_SIDE = 8  # fewer features are no image, even if they are a square number
MOST_BYTE = 255
MOST_CLASSES = 1000
COLOURS = 3

Table = tuple[Array, Array]  # features `N x n` and answers `N`
Get = Callable[[str], Table]


def fetch(folder: Path, name: str, get: Get | None = None) -> str:
    """Fetch a data set unless it is here, and return the name by which studies know it.

    OpenML has no test part, so a sixth is drawn as one, stratified and with a fixed seed. The
    file is not packed: then all machines that fetch the same version have the same bytes.

    Args:
        folder: the data folder of the worker.
        name: as OpenML has it.
        get: asks OpenML; None does so with scikit-learn.

    Raises:
        UnusableData: no such name, no network, or a table that holds no classes.
    """
    if not OPENML_NAME.fullmatch(name):
        raise UnusableData(
            f"{name!r} is no name that this worker fetches from OpenML; "
            "need at most 57 letters, digits, . _ and -."
        )
    known = PREFIX + name
    path = folder / f"{known}.npz"
    if not path.exists():
        arrays = _arrays(name, *(_asked if get is None else get)(name))
        _write(path, checked(arrays))
    return known


def _asked(name: str) -> Table:
    from sklearn.datasets import fetch_openml  # more than a second, so only where it is needed

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of retries and of other versions of the set
            # Of its two parsers the one that needs no other package: all machines read alike.
            found = fetch_openml(name, as_frame=False, parser="liac-arff", cache=False)
    except OSError as error:  # that of urllib is one, too
        reason = getattr(error, "reason", None) or error
        raise UnusableData(
            f"{name} cannot be fetched from openml.org: {reason}. On a machine without a network, "
            f"copy {PREFIX}{name}.npz from one that has fetched it into the data folder."
        ) from error
    except Exception as error:  # of OpenML's answer, its format, its parser
        text = " ".join(str(error).split())
        raise UnusableData(f"OpenML has no usable {name}: {text}") from error
    return found.data, found.target


def _arrays(name: str, features: Any, answers: Any) -> dict[str, Array]:
    if not isinstance(features, np.ndarray) or features.dtype.kind not in "uif":
        raise UnusableData(f"{name} of OpenML is no table of numbers without gaps.")
    labels = _labels(name, answers)
    if len(labels) != len(features):
        raise UnusableData(
            f"{name} of OpenML has {len(features)} samples but {len(labels)} answers."
        )
    samples = _samples(features)
    test = stratified(labels, -(-len(labels) // TEST_SHARE))
    rest = np.setdiff1d(np.arange(len(labels)), test, assume_unique=True)
    return {
        "x_train": samples[rest],
        "y_train": labels[rest],
        "x_test": samples[test],
        "y_test": labels[test],
    }


def _labels(name: str, answers: Any) -> Array:
    """Classes as numbers from 0, in the order of their names; numbers in their own order."""
    if not isinstance(answers, np.ndarray) or answers.ndim != 1:
        raise UnusableData(f"{name} of OpenML has no single column of answers.")
    texts = [str(answer) for answer in answers]
    classes = sorted(set(texts), key=_place)
    if len(classes) > MOST_CLASSES or 2 * len(classes) > len(texts):
        raise UnusableData(
            f"{name} of OpenML has {len(classes)} different answers to {len(texts)} samples: "
            "numbers to predict, not classes."
        )
    number = {text: at for at, text in enumerate(classes)}
    return np.array([number[text] for text in texts], np.int64)


def _place(text: str) -> tuple[float, str]:
    try:
        value = float(text)
    except ValueError:
        return math.inf, text
    return (value, text) if math.isfinite(value) else (math.inf, text)


def _samples(features: Array) -> Array:
    """Bytes where all values are, and images where their number is that of a square's pixels.

    Colours come one after the other in OpenML's tables, all of red before all of green.
    """
    values = features.astype(np.float32) if features.dtype.kind == "f" else features
    bytes_alone = np.all((values >= 0) & (values <= MOST_BYTE) & (values == np.floor(values)))
    if not bytes_alone:
        return values
    values = values.astype(np.uint8)
    count, pixels = values.shape[0], int(np.prod(values.shape[1:]))
    for colours in (1, COLOURS):
        side = math.isqrt(pixels // colours)
        if side >= LEAST_SIDE and colours * side * side == pixels:
            planes = values.reshape(count, colours, side, side)
            return np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
    return values


def _write(path: Path, arrays: dict[str, Array]) -> None:
    """Write a file that is there as a whole or not at all."""
    beside = path.with_suffix(f".{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        beside.replace(path)
    except OSError as error:
        raise UnusableData(f"{path.name} cannot be written: {error.strerror}.") from error
    finally:
        beside.unlink(missing_ok=True)
