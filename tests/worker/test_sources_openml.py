"""Data sets fetched from OpenML; what it would answer is given here."""

import zipfile
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest

from worker.arrays import stratified
from worker.data import load, scan
from worker.errors import UnusableData
from worker.sources_openml import Table, fetch

COUNT = 120


def answers(classes: int = 3) -> Any:
    return np.array([str(k % classes) for k in range(COUNT)], object)


def table(pixels: int = 64, high: int = 256) -> Any:
    return np.random.default_rng(0).integers(0, high, (COUNT, pixels)).astype(np.float64)


def fetched(folder: Path, features: Any, target: Any, name: str = "set") -> Any:
    return load(folder, fetch(folder, name, lambda _: (features, target)))


def test_a_fetched_set_is_a_file_that_a_scan_finds(tmp_path: Path) -> None:
    name = fetch(tmp_path, "mnist_784", lambda _: (table(784), answers()))
    assert name == "openml-mnist_784"
    assert [path.name for path in tmp_path.iterdir()] == ["openml-mnist_784.npz"]
    found = {fact["name"]: fact for fact in scan(tmp_path)}[name]
    assert (found["shape"], found["classes"], found["problem"]) == ([28, 28, 1], 3, None)


def test_a_fetched_set_is_not_packed_since_packers_differ(tmp_path: Path) -> None:
    name = fetch(tmp_path, "set", lambda _: (table(), answers()))
    with zipfile.ZipFile(tmp_path / f"{name}.npz") as file:
        assert {member.compress_type for member in file.infolist()} == {zipfile.ZIP_STORED}


def test_what_is_here_is_not_fetched_again(tmp_path: Path) -> None:
    def never(_: str) -> Table:
        raise AssertionError

    fetch(tmp_path, "set", lambda _: (table(), answers()))
    assert fetch(tmp_path, "set", never) == "openml-set"


def test_a_sixth_becomes_the_test_part_stratified_and_always_the_same(tmp_path: Path) -> None:
    first = fetched(tmp_path, table(), answers(), "one")
    again = fetched(tmp_path, table(), answers(), "two")
    assert (len(first.y_train), np.bincount(first.y_test).tolist()) == (100, [7, 7, 6])
    assert first.sha256 == again.sha256
    chosen = stratified(np.arange(COUNT) % 3, 20)
    assert np.array_equal(first.x_test.reshape(20, -1), table()[chosen].astype(np.uint8))


def test_colours_come_one_after_the_other(tmp_path: Path) -> None:
    images = np.zeros((COUNT, 3, 8, 8))
    images[:, 0], images[:, 2] = 10, 30
    images[:, 1] = np.arange(8)
    found = fetched(tmp_path, images.reshape(COUNT, 192), answers())
    assert found.shape == (8, 8, 3)
    assert found.x_train[0, 5].tolist() == [[10, column, 30] for column in range(8)]


@pytest.mark.parametrize("features", [table(16), table(65), table(64) / 2, table(64) - 1])
def test_what_is_no_image_stays_flat(tmp_path: Path, features: Any) -> None:
    assert fetched(tmp_path, features, answers()).shape == (features.shape[1],)


def test_small_whole_numbers_become_bytes_and_others_floats(tmp_path: Path) -> None:
    assert fetched(tmp_path, table(16), answers(), "a").x_train.dtype == np.uint8
    assert fetched(tmp_path, table(16) * 2, answers(), "b").x_train.dtype == np.float32


def test_classes_keep_the_order_of_their_numbers_or_names(tmp_path: Path) -> None:
    ten = np.array([str(k % 11) for k in range(COUNT)], object)  # "10" is behind "9"
    found = fetched(tmp_path, np.arange(COUNT)[:, None] % 11, ten, "numbers")
    assert np.array_equal(found.x_train[:, 0], found.y_train)
    named = np.array(["dog", "ant", "cat"] * 40, object)
    found = fetched(tmp_path, np.arange(COUNT)[:, None] % 3, named, "names")
    assert {(int(x), int(y)) for x, y in zip(found.x_train[:, 0], found.y_train, strict=True)} == {
        (0, 2),
        (1, 0),
        (2, 1),
    }


BAD: dict[str, tuple[Any, Any, str]] = {
    "numbers to predict": (table(), np.arange(COUNT) / 7, "numbers to predict, not classes"),
    "no answers": (table(), None, "no single column of answers"),
    "two answers": (table(), np.zeros((COUNT, 2)), "no single column of answers"),
    "other counts": (table(), answers()[:50], "120 samples but 50 answers"),
    "texts": (np.full((COUNT, 3), "a", object), answers(), "no table of numbers"),
    "gaps": (np.full((COUNT, 3), np.nan), answers(), "NaN"),
    "one class": (table(), answers(1), "only the label 0"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_table_that_cannot_be_used_is_refused_and_leaves_no_file(
    tmp_path: Path, case: str
) -> None:
    features, target, reason = BAD[case]
    with pytest.raises(UnusableData, match=reason):
        fetched(tmp_path, features, target)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../set", "a/b", "", "a" * 58, "BNG(labor)"])
def test_a_name_that_could_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnusableData, match="no name that this worker fetches"):
        fetch(tmp_path, name, lambda _: (table(), answers()))


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (URLError("Name or service not known"), "cannot be fetched from openml.org: Name or"),
        (TimeoutError("too slow"), "cannot be fetched from openml.org: too slow"),
        (ValueError("Dataset set\nnot found."), "OpenML has no usable set: Dataset set not found"),
    ],
)
def test_no_network_and_no_such_set_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: Exception, message: str
) -> None:
    def answer(*_: Any, **__: Any) -> None:
        raise raised

    monkeypatch.setattr("sklearn.datasets.fetch_openml", answer)
    with pytest.raises(UnusableData, match=message):
        fetch(tmp_path, "set")


def test_a_folder_that_takes_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableData, match=r"openml-set\.npz cannot be written"):
        fetch(tmp_path / "nowhere", "set", lambda _: (table(), answers()))
