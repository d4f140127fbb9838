"""The four arrays of a data set: what they must look like, and how they are cut."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.errors import UnusableData

Array = NDArray[Any]

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
VALIDATION_SHARE = 10  # one sample in ten
# Below 300 images one wrong answer moves the error by more than a third of a percent.
VALIDATION_AT_LEAST = 300
SPLIT_SEED = 20240229  # part of every study: another seed is another split


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


def check_form(name: str, shape: tuple[int, ...], kind: np.dtype[Any]) -> None:
    """Refuse an array by its shape and type alone, before anything of it is in memory."""
    if kind.hasobject:
        raise UnusableData(f"{name} holds Python objects, which are never loaded.")
    if name.startswith("x_"):
        _check_samples(name, shape, kind)
        return
    if len(shape) != 1:
        raise UnusableData(f"{name} has shape {shape}; need one label per sample, (N,).")
    if kind.kind not in "ui":
        raise UnusableData(f"{name} holds values of type {kind}; need whole numbers 0, 1 ….")


def _check_samples(name: str, shape: tuple[int, ...], kind: np.dtype[Any]) -> None:
    if kind.kind not in "uif":
        raise UnusableData(f"{name} holds values of type {kind}; need numbers.")
    if len(shape) not in (2, 3, 4):
        raise UnusableData(
            f"{name} has shape {shape}; need (N, features), (N, height, width) "
            "or (N, height, width, channels)."
        )
    if 0 in shape:
        raise UnusableData(f"{name} has shape {shape}: there are no samples in it.")


def checked(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Check the four arrays and bring them into the form that `DataSet` promises."""
    check_present(arrays)
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


def check_present(arrays: Mapping[str, Any]) -> None:
    """Refuse a source that lacks one of the four arrays."""
    missing = [name for name in ARRAYS if name not in arrays]
    if missing:
        found = ", ".join(sorted(map(str, arrays))) or "nothing"
        raise UnusableData(f"{missing[0]} is missing; need {', '.join(ARRAYS)}, found {found}.")


def _samples(name: str, array: Array) -> Array:
    check_form(name, array.shape, array.dtype)
    if array.dtype != np.uint8:
        with np.errstate(over="ignore"):  # too large for 32 bits becomes infinite, refused below
            array = array.astype(np.float32)
        if not np.isfinite(array).all():
            raise UnusableData(f"{name} holds NaN or infinite values.")
    array = np.ascontiguousarray(array)
    return array[..., None] if array.ndim == 3 else array


def _labels(name: str, array: Array) -> Array:
    check_form(name, array.shape, array.dtype)
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
