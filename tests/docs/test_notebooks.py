"""The notebooks run: as scripts in every test run, as notebooks in the slow one."""

import json
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

from tests.docs.blocks import ROOT
from tests.docs.conftest import Stage

pytestmark = pytest.mark.xdist_group("docs")  # one server and one worker for all of them

FOLDER = ROOT / "examples" / "notebooks"
NOTEBOOKS = sorted(path.stem for path in FOLDER.glob("*.ipynb"))


def cells(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.ipynb").read_text())["cells"]
    return [cell for cell in found if cell["cell_type"] == "code"]


def test_there_are_two() -> None:
    assert NOTEBOOKS == ["black_box", "first_study"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_kept_without_outputs(name: str) -> None:
    assert [cell["outputs"] for cell in cells(name) if cell["outputs"]] == []
    assert {cell["execution_count"] for cell in cells(name)} == {None}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_cells_of_a_notebook_run_as_a_script(name: str, small: Stage) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(cells(name), start=1):
        exec(compile("".join(cell["source"]), f"{name}, cell {number}", "exec"), names)
    assert names["study"].refresh().status == "ended"


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
@pytest.mark.filterwarnings("ignore")  # of the notebook's machinery
def test_a_notebook_runs_in_a_kernel(
    name: str, small: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        cell.source = cell.source.replace("trials=40", "trials=5")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{ROOT / 'client'}")
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=240, resources=resources).execute()
    outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    assert outputs[-1], "the last cell shows something"
