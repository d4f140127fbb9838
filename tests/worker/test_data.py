"""Data sets: what is found, what is refused and why, how they are split."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.worker.samples import arrays, save
from worker.arrays import stratified, validation_count
from worker.data import DIGITS, DataSet, binary_of, facts, load, scan
from worker.errors import UnsupportedWork, UnusableData


@pytest.fixture(scope="module")
def digits() -> DataSet:
    return load(None, DIGITS)


def test_digits_are_cut_897_300_600(digits: DataSet) -> None:
    assert (len(digits.training), len(digits.validation), len(digits.y_test)) == (897, 300, 600)
    assert digits.shape == (8, 8, 1)
    assert digits.classes == 10


def test_the_bytes_and_the_split_of_digits_never_change(digits: DataSet) -> None:
    # Studies store both: a worker of another release that gives others can take no part in them.
    assert digits.sha256.startswith("9a84b00690295691")
    assert digits.split_sha256.startswith("ef13da1878cb35f1")


def test_training_and_validation_share_no_row(digits: DataSet) -> None:
    together = np.concatenate([digits.training, digits.validation])
    assert sorted(together) == list(range(897 + 300))


def test_every_class_gives_its_share_to_validation(digits: DataSet) -> None:
    drawn = np.bincount(digits.y_train[digits.validation])
    share = 300 * np.bincount(digits.y_train) / 1197
    assert np.abs(drawn - share).max() <= 1


def test_a_class_with_one_sample_keeps_it_for_training() -> None:
    labels = np.array([0, 1] + [2] * 40)
    drawn = stratified(labels, 20)
    assert len(drawn) == 20
    assert set(labels[drawn]) == {2}


def test_the_draw_is_sorted_without_repetition_and_always_the_same() -> None:
    labels = np.arange(1000) % 7
    first, second = stratified(labels, 100), stratified(labels, 100)
    assert first.tolist() == second.tolist() == sorted(set(first.tolist()))


@pytest.mark.parametrize(
    ("samples", "count"), [(60_000, 6000), (4397, 440), (2700, 300), (700, 300), (400, 200)]
)
def test_validation_takes_a_tenth_at_least_300_and_never_more_than_half(
    samples: int, count: int
) -> None:
    assert validation_count(np.arange(samples) % 2) == count


def test_the_facts_of_a_file_name_its_bytes_and_counts(tmp_path: Path) -> None:
    path = save(tmp_path)
    found = facts(tmp_path, "rows")
    assert found["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found["shape"] == [6, 6, 1]
    assert (found["train"], found["validation"], found["test"]) == (30, 30, 30)
    assert found["classes"] == 3
    assert found["problem"] is None


def test_grey_images_get_a_channel_and_colours_and_flat_samples_stay(tmp_path: Path) -> None:
    rows = arrays()
    flat = {name: rows[name].reshape(len(rows[name]), 36) for name in ("x_train", "x_test")}
    colours = {name: np.stack([rows[name]] * 3, -1) for name in ("x_train", "x_test")}
    for name, changes in {"grey": {}, "flat": flat, "colours": colours}.items():
        save(tmp_path, name, **changes)
    shapes = [load(tmp_path, name).shape for name in ("grey", "flat", "colours")]
    assert shapes == [(6, 6, 1), (36,), (6, 6, 3)]


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "missing array": ({"y_test": None}, "y_test is missing"),
    "wrong dimensions": ({"x_train": np.zeros(60)}, "x_train has shape (60,)"),
    "different lengths": ({"y_train": np.arange(59) % 3}, "60 samples but y_train has 59 labels"),
    "different samples": ({"x_test": np.zeros((30, 5, 6), np.uint8)}, "different shapes"),
    "different types": ({"x_test": np.zeros((30, 6, 6))}, "one holds unsigned bytes"),
    "no samples": ({"x_train": np.zeros((0, 6, 6), np.uint8)}, "no samples"),
    "texts": ({"x_train": np.full((60, 6, 6), "a")}, "need numbers"),
    "NaN": (
        {"x_train": np.full((60, 6, 6), np.nan), "x_test": np.zeros((30, 6, 6))},
        "NaN or infinite",
    ),
    "too large": (
        {"x_train": np.full((60, 6, 6), 1e300), "x_test": np.zeros((30, 6, 6))},
        "NaN or infinite",
    ),
    "labels in columns": ({"y_train": np.zeros((60, 3), int)}, "one label per sample"),
    "labels with points": ({"y_train": np.arange(60) % 3 + 0.0}, "need whole numbers"),
    "negative labels": ({"y_train": np.arange(60) % 3 - 1}, "labels start at 0"),
    "a gap": ({"y_train": np.arange(60) % 3 * 2}, "no label 1 but the label 4"),
    "one class": ({"y_train": np.zeros(60, int)}, "only the label 0"),
    "a class of the test alone": ({"y_test": np.full(30, 3)}, "which y_train does not"),
    "as many classes as samples": ({"y_train": np.arange(60)}, "need two of each"),
    "objects": ({"y_train": np.array([None] * 60)}, "Python objects, which are never loaded"),
}


@pytest.mark.parametrize("case", BAD)
def test_arrays_that_cannot_be_used_are_refused_with_a_reason(tmp_path: Path, case: str) -> None:
    changes, reason = BAD[case]
    save(tmp_path, **changes)
    problem = facts(tmp_path, "rows")["problem"]
    assert problem is not None
    assert reason in problem


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("not an archive")
    with pytest.raises(UnusableData, match=r"no \.npz archive"):
        load(tmp_path, "text")


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path)
    content = bytearray(path.read_bytes())
    content[200:300] = b"\xff" * 100  # inside the first array
    path.write_bytes(content)
    with pytest.raises(UnusableData, match="damaged"):
        load(tmp_path, "rows")


@pytest.mark.parametrize(
    "name", ["../rows", "/etc/rows", "..", "a/b", "a\\b", "", ".hidden", "a" * 65, "rows\n", "a\0"]
)
def test_a_name_that_could_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    save(tmp_path)
    (tmp_path / "inside").mkdir()
    with pytest.raises(UnusableData, match="no name of a data set"):
        load(tmp_path / "inside", name)


def test_a_link_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    outside = save(tmp_path)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "rows.npz").symlink_to(outside)
    with pytest.raises(UnusableData, match="leaves the data folder"):
        load(inside, "rows")


def test_a_missing_file_and_a_missing_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UnusableData, match=r"rows\.npz cannot be read: No such file"):
        load(tmp_path, "rows")
    with pytest.raises(UnusableData, match="without --data-dir"):
        load(None, "rows")


def test_a_scan_tells_good_files_bad_files_and_digits(tmp_path: Path) -> None:
    save(tmp_path, "good")
    save(tmp_path, "bad", y_train=None)
    (tmp_path / "readme.txt").write_text("no data")
    found = {fact["name"]: fact["problem"] for fact in scan(tmp_path)}
    assert list(found) == ["bad", "digits", "good"]
    assert found["good"] is None
    assert "y_train is missing" in found["bad"]


def test_a_binary_variant_has_two_classes_and_the_split_of_all(digits: DataSet) -> None:
    halves = binary_of(digits, 5)
    assert halves.classes == 2
    assert np.array_equal(halves.y_train, digits.y_train >= 5)
    assert np.array_equal(halves.y_test, digits.y_test >= 5)
    assert halves.split_sha256 == digits.split_sha256
    assert (halves.name, halves.sha256) == (digits.name, digits.sha256)
    assert halves.y_train.dtype == np.int64
    assert binary_of(digits, 9).y_train.sum() == (digits.y_train == 9).sum()


@pytest.mark.parametrize("below", [0, 10, 11, -1])
def test_a_binary_variant_with_an_empty_side_is_refused(digits: DataSet, below: int) -> None:
    with pytest.raises(UnsupportedWork, match="binary: need a number from 1 to 9"):
        binary_of(digits, below)


@pytest.mark.slow  # so that only `make test-all`, which has the data, runs it
@pytest.mark.data
def test_every_real_data_set_is_usable(real_data: Path) -> None:
    files = sorted(real_data.glob("*/*.npz"))
    assert files
    assert {path.stem: facts(path.parent, path.stem)["problem"] for path in files} == dict.fromkeys(
        path.stem for path in files
    )
