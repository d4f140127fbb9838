"""The command line: options, output, exit codes."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

import tinyfront
from tests.client.scripted import (
    Scripted,
    objective_json,
    ok,
    problem,
    study_json,
    trial_json,
)
from tinyfront.cli import app, exits, profiles


@pytest.fixture(autouse=True)
def scripted(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "Client", lambda *_: server.client())
    server.say("GET", "/studies/toy", ok(study_json()))


def run(*words: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return result


def test_a_refusal_is_one_line_on_standard_error_with_field_and_remedy(server: Scripted) -> None:
    said = problem(
        422, "There is no\nobjective eror.", field="objectives.0.name", remedy="Use error."
    )
    server.say("POST", "/studies", said)
    result = run("study", "create", "a", code=1)
    assert result.stderr == (
        "tinyfront: There is no objective eror. Field: objectives.0.name. Use error.\n"
    )
    assert result.stdout == ""


def test_a_server_that_is_not_there_is_one_line_with_what_to_run(server: Scripted) -> None:
    server.say("GET", "/studies", httpx.ConnectError("Connection refused"))
    result = run("study", "ls", code=3)
    assert len(result.stderr.splitlines()) == 1
    assert "tinyfront-server serve" in result.stderr


def test_studies_are_listed(server: Scripted) -> None:
    server.say("GET", "/studies", ok({"items": [study_json()], "next": None}))
    text = run("study", "ls").stdout
    assert "toy" in text
    assert "3/40" in text
    assert json.loads(run("study", "ls", "--json").stdout) == [study_json()]


def test_a_study_is_shown(server: Scripted) -> None:
    text = run("study", "show", "toy").stdout
    assert "3 of 40 finished (1 running, 3 completed)" in text
    assert "minimize size, bound 16,000" in text
    assert json.loads(run("study", "show", "toy", "--json").stdout) == study_json()


def test_what_a_name_looks_like_does_not_change_how_it_is_printed(server: Scripted) -> None:
    wanted = study_json(objectives=[objective_json("size:boat:[red]")])
    server.say("GET", "/studies/odd", ok(wanted))
    assert "size:boat:[red]" in run("study", "show", "odd").stdout


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("pause", {"status": "paused"}),
        ("resume", {"status": "active"}),
        ("close", {"status": "ended"}),
    ],
)
def test_studies_are_steered(server: Scripted, verb: str, body: dict[str, str]) -> None:
    server.say("PATCH", "/studies/7", ok(study_json(**body)))
    assert body["status"] in run("study", verb, "toy").stdout
    assert json.loads(run("study", verb, "toy", "--json").stdout)["status"] == body["status"]


def test_a_study_is_extended(server: Scripted) -> None:
    server.say("GET", "/studies/7", ok(study_json()))
    server.say("PATCH", "/studies/7", ok(study_json(trials=50)))
    run("study", "extend", "toy", "10")
    assert server.sent("PATCH", "/studies/7") == [{"trials": 50}]


def test_watching_ends_with_the_study(server: Scripted) -> None:
    ended = study_json(finished=40, status="ended", ended_reason="budget")
    server.say("GET", "/studies/7", ok(study_json()), ok(study_json()), ok(ended))
    result = run("study", "watch", "toy")
    assert "40 of 40" in result.stdout
    assert "40 of 40" in result.stderr


def test_watching_as_json_prints_a_line_for_each_change(server: Scripted) -> None:
    ended = study_json(finished=40, status="ended")
    server.say("GET", "/studies/7", ok(study_json()), ok(study_json()), ok(ended))
    lines = run("study", "watch", "toy", "--json").stdout.splitlines()
    assert [json.loads(line)["finished"] for line in lines] == [3, 40]


def test_leaving_a_watch_does_not_stop_the_study(server: Scripted) -> None:
    def interrupt(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    server.say("GET", "/studies/7", interrupt)
    for more in ([], ["--json"]):
        assert run("study", "watch", "toy", *more, code=130).stderr == "Study toy goes on.\n"
    assert server.sent("PATCH", "/studies/7") == []


def test_a_front_is_printed_with_units_and_without_cutting(server: Scripted) -> None:
    names = ["model_size:deployed", "working_memory:arena", "model_size:munas"]
    objectives = [objective_json(name, unit="B") for name in names] + [objective_json("error")]
    values = {"error": 0.01234567} | dict.fromkeys(names, 15999.0)
    items = [trial_json(n, values=values, feasible=n == 1) for n in (1, 2)]
    server.say("GET", "/studies/7/front", ok({"objectives": objectives, "items": items}))
    text = run("front", "toy", "--device", "rp2040").stdout
    assert len(text.splitlines()) == 3
    for name in names:
        assert f"{name} [B]" in text
    assert "15,999" in text
    assert "0.01235" in text
    assert text.count("beyond a limit") == 1
    assert server.requests[-1].url.params["device"] == "rp2040"
    printed = json.loads(run("front", "toy", "--json").stdout)
    assert printed == {"objectives": objectives, "items": items}


def test_a_study_shows_who_said_where_its_scale_lies_and_what_results_must_keep(
    server: Scripted,
) -> None:
    objectives = [
        objective_json("cost", ideal_given=True),
        objective_json("size", ideal=None, reference=None),
        objective_json("fuel", role="known", expression="2*x", limit=9.0),
    ]
    heat = {"name": "heat", "limit": 80.0, "goal": "minimize"}
    gain = {"name": "gain", "limit": 2.0, "goal": "maximize"}
    shown = study_json(objectives=objectives, constraints=[heat, gain])
    server.say("GET", "/studies/oven", ok(shown))
    text = run("study", "show", "oven").stdout
    assert "minimize cost, ideal 0 (given), reference 1 (inferred)" in text
    assert "minimize size, scale to be inferred from the first trials" in text
    assert "minimize fuel = 2*x, limit 9, ideal 0 (inferred)" in text
    assert "heat <= 80" in text
    assert "gain >= 2" in text


def test_a_trial_is_shown(server: Scripted) -> None:
    attempt = {"number": 1, "worker": "w1", "outcome": "failed", "reason": "out of memory"}
    artefact = {"name": "graph.json", "size_bytes": 12, "sha256": "0" * 64}
    detail = trial_json(1, attempts_list=[attempt], artefacts=[artefact])
    detail["values"]["size"], detail["predicted_figures"] = 812.0, {"size": 900.0}
    server.say("GET", "/trials/101", ok(detail))
    text = run("trial", "show", "101").stdout
    for part in (
        "812 (predicted 900)",
        "1 of study 7",
        "0.25 (predicted 0.3 ± 0.1)",
        "out of memory",
        "graph.json (12 B)",
    ):
        assert part in text
    assert json.loads(run("trial", "show", "101", "--json").stdout) == detail


def test_an_export_goes_to_standard_output_or_to_a_file(server: Scripted, tmp_path: Path) -> None:
    table = b"number,cost\n1,0.25\n"
    server.say("GET", "/studies/7/export", lambda _: httpx.Response(200, content=table))
    assert run("export", "toy").stdout_bytes == table
    assert server.requests[-1].url.params["format"] == "csv"
    file = tmp_path / "toy.jsonl"
    printed = run("export", "toy", "--format", "jsonl", "-o", str(file), "--json").stdout
    assert json.loads(printed)["size_bytes"] == len(table)
    assert file.read_bytes() == table
    assert server.requests[-1].url.params["format"] == "jsonl"
    run("export", "toy", "--json")
    assert server.requests[-1].url.params["format"] == "jsonl"
    run("export", "toy", "--format", "xlsx", code=2)


def test_a_file_that_cannot_be_written_is_one_line(server: Scripted, tmp_path: Path) -> None:
    server.say("GET", "/studies/7/export", lambda _: httpx.Response(200, content=b"x"))
    result = run("export", "toy", "-o", str(tmp_path / "no" / "folder"), code=1)
    assert len(result.stderr.splitlines()) == 1


def test_a_trial_is_downloaded(server: Scripted, tmp_path: Path) -> None:
    server.say("GET", "/trials/101", ok(trial_json(1, artefacts=[])))
    assert "no files" in run("download", "101", str(tmp_path)).stdout
    assert json.loads(run("download", "101", str(tmp_path), "--json").stdout) == []


def test_the_version_is_printed() -> None:
    assert run("--version").stdout == f"tinyfront {tinyfront.__version__}\n"


class Many(BaseHTTPRequestHandler):
    """A server whose list of studies has no end in sight."""

    def do_GET(self) -> None:
        page = {"items": [study_json(id=n) for n in range(2000)], "next": None}
        body = json.dumps(page).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep silent."""


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Many) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_reader_that_has_enough_hears_no_complaint(address: str, more: list[str]) -> None:
    command = [sys.executable, "-c", "from tinyfront.cli import main; main()", "study", "ls", *more]
    process = subprocess.Popen(
        [*command, "--url", address],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == exits.PIPE_CLOSED
