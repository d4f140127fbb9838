"""The programs of `examples/` do what they say, with small budgets."""

import runpy
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT
from tests.docs.conftest import Stage
from tinyfront import Client

pytestmark = pytest.mark.xdist_group("docs")  # one server and one worker for all of them

EXAMPLES = ROOT / "examples"
# What a program is called with; those that `tests/client/test_examples.py` runs are left out.
BLACK_BOXES = ("black_box", "constrained_kiln", "own_trainer")
ELSEWHERE = {"idx_to_npz", "kept_network"}


def start(name: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """Run a program as from a terminal."""
    monkeypatch.setattr("sys.argv", [f"{name}.py", *arguments])
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")


def test_every_example_is_run_and_listed() -> None:
    named = {path.stem for path in EXAMPLES.glob("*.py")}
    assert named == {*BLACK_BOXES, *ELSEWHERE, "import_csv", "watch"}
    listed = (EXAMPLES / "README.md").read_text()
    assert [path.name for path in EXAMPLES.rglob("*.py") if f"({path.name})" not in listed] == []


@pytest.mark.parametrize("name", BLACK_BOXES)
def test_an_example_of_a_black_box_ends_with_a_front(
    name: str, small: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    start(name, monkeypatch)
    told = capsys.readouterr().out
    with Client(small.url) as client:
        (study,) = client.studies()
        assert study.status == "ended"
        assert len(told.splitlines()) == study.state.front_size + 1


def test_a_table_becomes_a_study_with_its_results(
    small: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "past.csv").write_text("kind,x,n,cost\nb,0.25,3,1.5\na,0.5,1,2.5\n")
    start("import_csv", monkeypatch, "past.csv", "cost", "--more", "2")
    with Client(small.url) as client:
        study = client.study("past")
        kinds = [each["kind"] for each in study.state.definition["space"]["parameters"]]
        assert kinds == ["choice", "real", "integer"]
        assert sorted(trial.values["cost"] for trial in study.trials()) == [1.5, 2.5]


@pytest.mark.parametrize(
    ("table", "arguments", "says"),
    [
        ("x,cost\n", ("cost",), "no rows"),
        ("x,cost\n1,2\n2,3\n", ("time",), "no column time"),
        ("x,cost\n1,2\n1,3\n", ("cost",), "every row has 1"),
        ("x,cost\n1,2\n2,3\n1,4\n", ("cost",), "row"),
    ],
)
def test_a_table_that_is_none_is_refused_in_one_line(
    small: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, table: str,
    arguments: tuple[str, ...], says: str,
) -> None:  # fmt: skip
    (tmp_path / "past.csv").write_text(table)
    with pytest.raises(SystemExit, match=says):
        start("import_csv", monkeypatch, "past.csv", *arguments)


def test_watching_tells_of_a_better_front_and_of_a_study_that_is_not_there(
    small: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    start("black_box", monkeypatch)
    capsys.readouterr()
    start("watch", monkeypatch, "branin-currin")
    assert "hypervolume" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="nothing"):
        start("watch", monkeypatch, "nothing")
    with pytest.raises(SystemExit, match="Which study"):
        start("watch", monkeypatch)
