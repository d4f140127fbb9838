"""How commands end: one line on standard error and a code that scripts can tell apart."""

from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from tests.client.scripted import Scripted, nothing, ok, problem, study_json
from tinyfront.cli import app, exits, profiles, results


@pytest.fixture(autouse=True)
def scripted(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "Client", lambda *_: server.client())
    server.say("GET", "/studies/toy", ok(study_json()))


def ended(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    assert result.stdout == ""
    return result.exit_code, result.stderr


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (problem(401, "No key."), exits.NOT_ALLOWED),
        (problem(403, "Not yours."), exits.NOT_ALLOWED),
        (problem(409, "It has ended."), exits.CONFLICT),
        (problem(422, "Wrong."), exits.FAILED),
        (problem(500, "Broken."), exits.FAILED),
        (problem(503, "Starting."), exits.AWAY),
        (httpx.ConnectError("refused"), exits.AWAY),
        (httpx.Response(200, content=b"<html>"), exits.FAILED),
    ],
)
def test_each_kind_of_failure_has_its_code_and_one_line(
    server: Scripted, answer: Any, code: int
) -> None:
    server.say("GET", "/studies", answer)
    found, line = ended("study", "ls")
    assert found == code
    assert line.startswith("tinyfront: ")
    assert line.count("\n") == 1


def test_a_study_that_is_not_there_is_told_with_the_nearest_name(server: Scripted) -> None:
    server.say("GET", "/studies", ok({"items": [study_json(name="digits")], "next": None}))
    server.say("GET", "/studies/digts", problem(404, "There is no study 'digts'."))
    line = "tinyfront: There is no study 'digts'. Did you mean digits?\n"
    assert ended("study", "show", "digts") == (exits.NOT_FOUND, line)
    server.say("GET", "/studies/zzz", problem(404, "There is no study 'zzz'."))
    line = "tinyfront: There is no study 'zzz'.\n"
    assert ended("front", "zzz") == (exits.NOT_FOUND, line)


def test_a_list_that_cannot_be_had_does_not_hide_what_was_asked_for(server: Scripted) -> None:
    server.say("GET", "/studies", problem(403, "Not yours."))
    server.say("GET", "/studies/a", problem(404, "There is no study 'a'."))
    assert ended("front", "a") == (exits.NOT_FOUND, "tinyfront: There is no study 'a'.\n")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["study", "ls", "--jsn"],
            "No such option: --jsn. Did you mean --json? See: tinyfront study ls --help",
        ),
        (
            ["study", "shwo", "a"],
            "No such command 'shwo'. Did you mean 'show'? See: tinyfront study --help",
        ),
        (["study", "show"], "Missing argument 'NAME'. See: tinyfront study show --help"),
        (
            ["trials", "toy", "--where", "a<1"],
            "--where: need NAME<=NUMBER or NAME>=NUMBER, got 'a<1'.",
        ),
        (["study", "watch", "toy", "--timeout", "x"], None),
        (["compare", "toy"], "NAME: need two studies or more."),
        (["trial", "enqueue", "toy"], None),
        (["plot", "toy", "-o", "a.bmp"], None),
    ],
)
def test_wrong_use_is_one_line_with_what_was_meant(words: list[str], line: str | None) -> None:
    code, text = ended(*words)
    assert code == exits.WRONG_USE
    assert text.count("\n") == 1
    assert line is None or text == f"tinyfront: {line}\n"


def test_a_study_that_has_not_ended_in_time_has_its_own_code(server: Scripted) -> None:
    server.say("GET", "/studies/7", ok(study_json()))
    for more in ([], ["--json"]):
        result = CliRunner().invoke(app, ["study", "watch", "toy", "--timeout", "0.001s", *more])
        assert result.exit_code == exits.NOT_YET
        assert "It goes on" in result.stderr


def test_deleting_asks_a_person_and_wants_a_script_to_say_that_it_means_it(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.say("DELETE", "/studies/7", nothing())
    code, line = ended("study", "delete", "toy")
    assert (code, "--yes" in line) == (exits.WRONG_USE, True)
    monkeypatch.setattr("tinyfront.cli.study._is_person", lambda: True)
    result = CliRunner().invoke(app, ["study", "delete", "toy"], input="n\n")
    assert result.exit_code == exits.INTERRUPTED
    assert "Delete toy and its 4 trials?" in result.stderr
    assert server.sent("DELETE", "/studies/7") == []
    result = CliRunner().invoke(app, ["study", "delete", "toy"], input="y\n")
    assert result.exit_code == 0
    assert result.stdout.endswith("Study toy is deleted.\n")
    assert CliRunner().invoke(app, ["study", "delete", "toy", "-y", "--json"]).exit_code == 0
    assert len(server.sent("DELETE", "/studies/7")) == 2


def test_what_is_interrupted_says_so(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(results.Front, "__init__", interrupt)
    server.say("GET", "/studies/7/front", ok({"objectives": [], "items": []}))
    assert ended("front", "toy") == (exits.INTERRUPTED, "tinyfront: interrupted.\n")
