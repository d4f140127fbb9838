"""Data sets that installed packages bring."""

from pathlib import Path

import numpy as np
import pytest

from tests.worker.samples import arrays, save
from worker.data import facts, load, scan
from worker.errors import UnusableData

SOURCE = """
import numpy as np
from tests.worker.samples import arrays

def rows():
    return arrays()

def flat():
    found = arrays()
    return {name: x.reshape(len(x), -1) if name[0] == "x" else x for name, x in found.items()}

def broken():
    raise OSError("the disk\\nis gone")

def pair():
    return arrays()["x_train"], arrays()["y_train"]

def short():
    return {name: array for name, array in arrays().items() if name != "y_test"}

def listed():
    return arrays() | {"y_test": [0, 1, 2]}

def objects():
    return arrays() | {"y_train": np.array([None] * 60)}
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package in the form in which pip leaves one, with a data set per line."""
    site = tmp_path / "site"
    (site / "rowdata-1.0.dist-info").mkdir(parents=True)
    (site / "rowdata.py").write_text(SOURCE)
    (site / "rowdata-1.0.dist-info" / "METADATA").write_text("Name: rowdata\nVersion: 1.0\n")
    names = ("rows", "flat", "broken", "pair", "short", "listed", "objects", "digits")
    lines = [f"{name} = rowdata:{'rows' if name == 'digits' else name}" for name in names]
    lines += ["gone = rowdata:gone", "no.module = nowhere:at_all", "not a name = rowdata:rows"]
    text = "[tinyfront.data]\n" + "\n".join(lines) + "\n"
    (site / "rowdata-1.0.dist-info" / "entry_points.txt").write_text(text)
    monkeypatch.syspath_prepend(str(site))


@pytest.mark.usefixtures("installed")
def test_an_installed_source_is_found_by_its_name_and_split_like_a_file(tmp_path: Path) -> None:
    save(tmp_path, "file")
    file, source = load(tmp_path, "file"), load(None, "rows")
    assert source.split_sha256 == file.split_sha256
    assert np.array_equal(source.x_train, file.x_train)
    assert (source.name, source.shape, source.classes) == ("rows", (6, 6, 1), 3)


@pytest.mark.usefixtures("installed")
def test_the_sha256_of_a_source_is_that_of_its_arrays_and_their_shapes() -> None:
    assert load(None, "rows").sha256 == load(None, "rows").sha256
    assert load(None, "rows").sha256 != load(None, "flat").sha256


@pytest.mark.usefixtures("installed")
def test_a_scan_lists_installed_sources_and_the_problems_of_bad_ones() -> None:
    found = {fact["name"]: fact["problem"] for fact in scan(None)}
    assert found["rows"] is None
    assert "rowdata:broken failed: OSError: the disk is gone" in found["broken"]
    assert "not a name" not in found


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("pair", "gave a tuple; need a dictionary with x_train"),
        ("short", "y_test is missing"),
        ("listed", "y_test is a list; need a NumPy array"),
        ("objects", "y_train holds Python objects"),
        ("gone", "rowdata:gone failed: AttributeError"),
        ("no.module", "nowhere:at_all failed: ModuleNotFoundError"),
    ],
)
def test_a_source_that_gives_no_four_arrays_is_refused(name: str, reason: str) -> None:
    assert reason in facts(None, name)["problem"]


@pytest.mark.usefixtures("installed")
def test_digits_stay_those_of_scikit_learn_and_a_file_goes_before_a_source(tmp_path: Path) -> None:
    assert load(None, "digits").shape == (8, 8, 1)
    save(tmp_path, "rows", **arrays(seed=1))
    assert not np.array_equal(load(tmp_path, "rows").x_train, load(None, "rows").x_train)


@pytest.mark.usefixtures("installed")
def test_two_packages_with_one_name_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other" / "more-1.0.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Name: more\nVersion: 1.0\n")
    (other / "entry_points.txt").write_text("[tinyfront.data]\nrows = rowdata:flat\n")
    monkeypatch.syspath_prepend(str(tmp_path / "other"))
    problem = facts(None, "rows")["problem"]
    assert "2 installed sources have this name" in problem
    assert "rowdata:flat" in problem


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", ["rowdata:rows", "os:getcwd", "rowdata.rows:rows"])
def test_a_request_can_name_no_module_and_no_function(name: str) -> None:
    with pytest.raises(UnusableData, match="no name of a data set"):
        load(None, name)
