"""Lists, comparisons, charts and queueing from the command line."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from tests.client.scripted import Scripted, objective_json, ok, problem, study_json, trial_json
from tinyfront.cli import app, exits, profiles

OBJECTIVES = [objective_json("error"), objective_json("model_size:deployed", unit="B")]


@pytest.fixture(autouse=True)
def scripted(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "Client", lambda *_: server.client())
    server.say("GET", "/studies/toy", ok(study_json(objectives=OBJECTIVES)))


def run(*words: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return result


def told(*words: str) -> Any:
    return json.loads(run(*words, "--json").stdout)


def pages(total: int) -> Any:
    """A list of trials, cut as the server cuts it."""

    def page(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params.get("cursor") or 0)
        end = min(total, start + int(request.url.params["limit"]))
        rows = [trial_json(number + 1) for number in range(start, end)]
        return ok({"items": rows, "next": str(end) if end < total else None, "total": total})

    return page


def test_trials_are_filtered_and_sorted_by_the_server(server: Scripted) -> None:
    server.say("GET", "/studies/7/trials", pages(3))
    where = ("--where", "model_size<=16000", "--where", "gain >= 2")
    run("trials", "toy", *where, "--sort", "model_size", "--order", "highest", "--confirm")
    asked = server.requests[-1].url.params
    assert asked.get_list("where") == ["model_size:deployed<=16000", "gain>=2"]
    assert (asked["sort"], asked["order"]) == ("model_size:deployed", "highest")
    assert asked["purpose"] == "confirm"
    assert "status" not in asked


def test_no_more_trials_are_fetched_than_are_wanted(server: Scripted) -> None:
    server.say("GET", "/studies/7/trials", pages(2500))
    result = run("trials", "toy", "--limit", "7")
    assert len(result.stdout.splitlines()) == 1 + 7
    assert "7 of 2,500 trials" in result.stderr
    assert server.requests[-1].url.params["limit"] == "7"
    asked = len(server.requests)
    found = told("trials", "toy", "--limit", "0")
    assert (found["total"], len(found["items"])) == (2500, 2500)
    assert len(server.requests) - asked == 1 + 3


def test_a_list_of_trials_says_why_one_has_no_value(server: Scripted) -> None:
    rows = [
        trial_json(1, values={"error": 0.5}, on_front=True, feasible=False),
        trial_json(2, status="failed", values={}, on_front=False, reason="out of\nmemory"),
    ]
    server.say("GET", "/studies/7/trials", ok({"items": rows, "next": None, "total": 2}))
    text = run("trials", "toy").stdout
    assert "front, beyond a limit" in text
    assert "out of memory" in text


def test_an_empty_list_says_so_and_json_stays_json(server: Scripted) -> None:
    server.say("GET", "/studies/7/trials", pages(0))
    assert "No trial is like that." in run("trials", "toy").stderr
    assert told("trials", "toy") == {"total": 0, "items": []}
    for path, words in (
        ("/studies", ["study", "ls"]),
        ("/workers", ["workers"]),
        ("/data", ["data"]),
    ):
        server.say("GET", path, ok({"items": [], "next": None}))
        assert run(*words).stderr.count("\n") == 1
        assert told(*words) == []
    server.say("GET", "/studies/7/front", ok({"objectives": OBJECTIVES, "items": []}))
    assert "No trial of the front fits rp2040." in run("front", "toy", "--device", "rp2040").stderr


def test_studies_are_filtered_by_the_server(server: Scripted) -> None:
    server.say("GET", "/studies", ok({"items": [study_json()] * 3, "next": "5"}))
    assert len(told("study", "ls", "--status", "active", "--contains", "o", "--limit", "3")) == 3
    asked = dict(server.requests[-1].url.params)
    assert asked == {"status": "active", "contains": "o", "limit": "3"}


def test_a_front_is_sorted_cut_and_asked_for_its_best(server: Scripted) -> None:
    sizes = {1: 300.0, 2: 100.0, 3: 200.0}
    items = [
        trial_json(n, values={"error": 0.1 * n, "model_size:deployed": size})
        for n, size in sizes.items()
    ]
    server.say("GET", "/studies/7/front", ok({"objectives": OBJECTIVES, "items": items}))
    found = told("front", "toy", "--sort", "model_size", "--limit", "2")
    assert [each["number"] for each in found["items"]] == [2, 3]
    assert [each["number"] for each in told("front", "toy", "--best", "error")["items"]] == [1]
    assert "need one of error" in run("front", "toy", "--best", "speed", code=2).stderr


def test_the_best_and_the_knee_are_those_of_what_is_wanted(server: Scripted) -> None:
    points = {1: (0.1, 900.0), 2: (0.2, 200.0), 3: (0.9, 100.0)}
    names = [each["name"] for each in OBJECTIVES]
    items = [
        trial_json(number, values=dict(zip(names, point, strict=True)))
        for number, point in points.items()
    ]
    scaled = [OBJECTIVES[0], OBJECTIVES[1] | {"reference": 1000.0}]
    server.say("GET", "/studies/7/front", ok({"objectives": scaled, "items": items}))

    def numbers(*words: str) -> list[int]:
        return [each["number"] for each in told("front", "toy", *words)["items"]]

    assert numbers("--knee") == [2]
    assert numbers("--where", "error<=0.5", "--where", "model_size<=500") == [2]
    assert numbers("--where", "model_size<=500", "--best", "error") == [2]
    assert numbers("--where", "error>=0.5") == [3]
    assert numbers("--where", "macs<=5") == []
    assert numbers("--where", "instructions@m4<=5") == []
    nothing = run("front", "toy", "--where", "error<=0.01")
    assert nothing.stderr == "No trial of the front keeps error<=0.01.\n"
    run("front", "toy", "--where", "error<=0.01", "--knee", code=exits.NOT_FOUND)
    run("front", "toy", "--best", "error", "--knee", code=exits.WRONG_USE)
    run("front", "toy", "--where", "error<=nan", code=exits.WRONG_USE)


def test_importances_are_printed_the_largest_first(server: Scripted) -> None:
    features = [{"name": "filters", "share": 0.75}, {"name": "kernel", "share": 0.25}]
    found = {"name": "error", "basis": 40, "features": features, "note": "few trials"}
    wire = {"objectives": [found]}
    server.say("GET", "/studies/7/importance", ok(wire))
    text = run("importance", "toy", "--limit", "1").stdout
    assert "75.0%" in text
    assert "kernel" not in text
    assert "from 40 trials; few trials" in text
    assert told("importance", "toy") == wire
    wire["objectives"][0] = {"name": "error", "features": [], "note": "Needs 20 results."}
    server.say("GET", "/studies/7/importance", ok(wire))
    run("importance", "toy")
    assert run("importance", "toy").stdout == "error: Needs 20 results.\n"


def test_studies_are_drawn_over_each_other(server: Scripted, tmp_path: Path) -> None:
    server.say("GET", "/studies/b", ok(study_json(id=8, name="b")))
    server.say("GET", "/figures/hypervolume", ok({"data": [1], "layout": {}}))
    file = tmp_path / "both.json"
    run("plot", "toy", "hypervolume", "--beside", "b", "--set", "log=true", "-o", str(file))
    asked = server.requests[-1].url.params
    assert asked.get_list("study") == ["7", "8"]
    assert asked["log"] == "true"
    assert json.loads(file.read_text())["data"] == [1]


def test_what_the_server_works_with_is_listed(server: Scripted) -> None:
    digits = {"name": "digits", "shape": [8, 8, 1], "classes": 10, "train": 897, "sha256": "a" * 64}
    broken = {"name": "broken", "problem": "y_train is missing"}
    seen = {"seen_at": "2020-01-02T03:04:05Z", "memory_mib": 2048, "versions": {"torch": "2.13"}}
    worker = {"name": "w1", "accelerator": "cuda", "host": "h", "data": [digits]} | seen
    board = {"name": "uno", "title": "Uno", "core": "AVR", "clock_hz": 16e6}
    board |= {"sram_bytes": 2048, "flash_bytes": 32768}
    server.say("GET", "/data", ok({"items": [digits, broken]}))
    server.say("GET", "/workers", ok({"items": [worker], "next": None}))
    server.say("GET", "/devices", ok({"items": [board]}))
    text = run("data").stdout
    assert "8 x 8 x 1" in text
    assert "y_train is missing" in text
    text = run("workers").stdout
    assert "2,048 MiB" in text
    assert " d ago" in text
    text = run("devices").stdout
    assert "16 MHz" in text
    assert "32 KiB" in text
    assert told("devices") == [board]


def test_a_figure_is_written_and_one_that_there_is_not_is_told_with_those_there_are(
    server: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    server.say("GET", "/studies/7/figures/front", ok({"data": [], "layout": {}}))
    assert run("plot", "toy").stdout == "toy-front.html\n"
    assert "plotly" in (tmp_path / "toy-front.html").read_text()
    written = told("plot", "toy", "-o", "f.json")
    assert json.loads((tmp_path / "f.json").read_text()) == {"data": [], "layout": {}}
    assert written["size_bytes"] == (tmp_path / "f.json").stat().st_size
    server.say("GET", "/studies/7/figures/frnt", problem(404, "Not Found"))
    line = run("plot", "toy", "frnt", code=exits.WRONG_USE).stderr
    assert "Did you mean front?" in line
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "f.json",
        "toy-front.html",
    ]


def test_a_proposal_is_queued_from_words_a_file_or_another_trial(
    server: Scripted, tmp_path: Path
) -> None:
    server.say("GET", "/studies/toy", ok(study_json()))
    server.say("POST", "/studies/7/trials", ok(trial_json(9, status="queued"), 201))
    server.say("GET", "/trials/101", ok(trial_json(1)))
    text = run("trial", "enqueue", "toy", "x=0.5", "kind=a", "--value", "cost=2").stdout
    assert text == "Trial 9 (id 109) is queued.\n"
    run("trial", "enqueue", "toy", "--like", "101", "--replicate")
    file = tmp_path / "point.json"
    file.write_text('{"x": 0.25}')
    run("trial", "enqueue", "toy", "--file", str(file), "--parent", "3")
    sent = server.sent("POST", "/studies/7/trials")
    assert [next(iter(body.values())) for body in sent] == [
        {"x": 0.5, "kind": "a"},
        {"x": 0.5},
        {"x": 0.25},
    ]
    assert sent[0]["values"] == {"cost": 2}
    assert (sent[1]["replicate"], sent[2]["parent"]) == (True, 3)


def test_trials_are_cancelled(server: Scripted) -> None:
    for number in (1, 2):
        server.say("GET", f"/trials/10{number}", ok(trial_json(number, status="queued")))
        cancelled = ok(trial_json(number, status="cancelled"))
        server.say("POST", f"/trials/10{number}/cancel", cancelled)
    lines = run("trial", "cancel", "101", "102").stdout.splitlines()
    assert lines == ["Trial 1 (id 101) is cancelled.", "Trial 2 (id 102) is cancelled."]


def test_the_page_of_a_study_is_printed_and_not_opened_without_a_terminal(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("typer.launch", lambda _: pytest.fail("a browser was opened"))
    server.say("GET", "/trials/101", ok(trial_json(1)))
    assert run("open", "toy").stdout == "http://tinyfront.test/studies/toy\n"
    assert told("open", "--trial", "101") == {"url": "http://tinyfront.test/trials/101"}
    assert run("open").stdout == "http://tinyfront.test/\n"


def test_the_growth_of_the_hypervolume_and_whose_key_it_is_are_shown(server: Scripted) -> None:
    point = {"finish_no": 3, "value": 0.25, "front_size": 2, "at": "2030-01-02T03:04:05Z"}
    grown = {"ideal": {}, "reference": {}, "points": [point]}
    server.say("GET", "/studies/7/hypervolume", ok(grown))
    assert "3 trials  0.25" in " ".join(run("hypervolume", "toy").stdout.split("\n"))
    assert told("hypervolume", "toy") == grown
    session = {
        "role": "user",
        "project": "vision",
        "name": "ada",
        "key_id": "1",
        "by_cookie": False,
    }
    server.say("GET", "/session", ok(session))
    assert "ada, role user, project vision" in run("whoami").stdout
    assert told("whoami")["role"] == "user"
