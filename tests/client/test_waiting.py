"""Waiting and watching: what is shown where, and what Ctrl-C leaves."""

import io
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from rich.console import Console

from tests.client.scripted import Scripted, ok, problem, study_json
from tinyfront import Study, progress
from tinyfront.notebooks import NotebookBar
from tinyfront.progress import display
from tinyfront.records import state_of


@pytest.fixture
def study(server: Scripted) -> Study:
    server.say("GET", "/studies/toy", ok(study_json()))
    return server.client().study("toy")


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Iterator[CapturingDisplayPublisher]:
    """IPython itself, its publisher caught: what a notebook would be sent."""
    shell = InteractiveShell.instance()
    caught = CapturingDisplayPublisher()
    monkeypatch.setattr(shell, "display_pub", caught)
    yield caught
    InteractiveShell.clear_instance()


def interrupt(request: httpx.Request) -> httpx.Response:
    raise KeyboardInterrupt


def test_ctrl_c_passes_on_and_the_study_goes_on(
    server: Scripted, study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    server.say("GET", "/studies/7", ok(study_json(finished=12)), interrupt)
    with pytest.raises(KeyboardInterrupt):
        study.wait()
    told = capsys.readouterr().err.splitlines()
    assert told[-1] == "Study toy goes on."
    assert sum("goes on" in line for line in told) == 1
    assert server.sent("PATCH", "/studies/7") == []


def test_ctrl_c_is_silent_where_nothing_is_shown(
    server: Scripted, study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    server.say("GET", "/studies/7", interrupt)
    with pytest.raises(KeyboardInterrupt):
        study.wait(progress=False)
    assert capsys.readouterr().err == ""


def test_watching_yields_states_and_can_show_the_bar(
    server: Scripted, study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    server.say("GET", "/studies/7", ok(study_json(finished=10)), ok(study_json(finished=20)))
    server.say("GET", "/studies/7", ok(study_json(finished=40, status="ended")))
    assert [state.finished for state in study.watch(progress=True)] == [10, 20, 40]
    assert "40 of 40 trials" in capsys.readouterr().err
    assert study.state.finished == 40


def test_watching_shows_nothing_unless_asked(
    server: Scripted, study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    server.say("GET", "/studies/7", ok(study_json(status="ended")))
    assert len(list(study.watch())) == 1
    assert capsys.readouterr().err == ""


def test_a_server_that_goes_and_comes_back_is_told_of_and_waited_for(
    server: Scripted, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    paper = Console(file=io.StringIO(), width=200)
    monkeypatch.setattr("tinyfront.study.display", lambda shown: display(shown, paper))
    server.say("GET", "/studies/7", ok(study_json(finished=10)), httpx.ConnectError("refused"))
    server.say("GET", "/studies/7", problem(503, "The database is away."))
    server.say("GET", "/studies/7", ok(study_json(finished=40, status="ended")))
    study.wait()
    assert isinstance(paper.file, io.StringIO)
    lines = paper.file.getvalue().splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "toy: 10 of 40 trials",
        "The server does not answer",
        "The server does not answer",
        "toy: 40 of 40 trials",
    ]


def test_a_notebook_gets_one_output_that_is_replaced(
    notebook: CapturingDisplayPublisher,
) -> None:
    bar = NotebookBar(clock=lambda: 0.0)
    bar.update(state_of(study_json(finished=12), "test"))
    bar.update(state_of(study_json(finished=12), "test"))  # nothing new: nothing is sent
    bar.away("refused")
    bar.update(state_of(study_json(finished=40, status="ended", ended_reason="budget"), "test"))
    bar.close()
    sent: list[dict[str, Any]] = notebook.outputs
    assert [each["update"] for each in sent] == [False, True, True]
    assert len({each["transient"]["display_id"] for each in sent}) == 1
    assert sent[0]["data"]["text/plain"].startswith("toy 12/40 0:00:00 front 2, hypervolume")
    assert '<progress value="12" max="40"' in sent[0]["data"]["text/html"]
    assert "trying again" in sent[1]["data"]["text/html"]
    assert "ended: budget" in sent[2]["data"]["text/html"]


def test_a_name_in_a_notebook_is_text() -> None:
    shown: list[dict[str, str]] = []
    bar = NotebookBar(lambda bundle, _id, _again: shown.append(bundle))
    bar.update(state_of(study_json(name="<script>alert(1)</script>"), "test"))
    assert "<script>" not in shown[0]["text/html"]
    assert "&lt;script&gt;" in shown[0]["text/html"]


def test_waiting_in_a_notebook_needs_no_widgets(
    server: Scripted,
    study: Study,
    notebook: CapturingDisplayPublisher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As rich tells a notebook: by the class of its shell."""
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    server.say("GET", "/studies/7", ok(study_json(finished=40, status="ended")))
    study.wait()
    assert '<progress value="40" max="40"' in notebook.outputs[-1]["data"]["text/html"]
