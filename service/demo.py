"""The demo: a real study on handwritten digits, from an empty folder to a front and a page."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from service.bootstrap import without_keys
from service.command_errors import CommandFailed
from tinyfront import Client, Cnn, Front, ServerUnreachable, Study, TinyfrontError, minimize

START_S = 90.0  # the first import of torch from a cold disk is slow
STUDY = "digits"
SIZE, MEMORY = "model_size:deployed", "working_memory:arena"
# What a person with a small board would say: an error above 10 % is of no use, 16 kB of flash and
# 8 kB of memory are the limits, and below half a kilobyte of either nothing more is won.
OBJECTIVES = (
    minimize("error", reference=0.1),
    minimize(SIZE, ideal=500, limit=16_000),
    minimize(MEMORY, ideal=512, limit=8_192),
)
OURS = ("tinyfront.db", "tinyfront.db-shm", "tinyfront.db-wal", "tinyfront.db.lock", "artefacts")


@dataclass(frozen=True, slots=True)
class Demo:
    """What the command line asks for."""

    folder: Path
    trials: int
    epochs: int | None
    port: int
    stop: bool


def run(demo: Demo) -> None:
    """Run the demo; it leaves database, artefacts, logs and `report.json` in its folder.

    Raises:
        CommandFailed: with the last lines of the log of the process that failed.
    """
    started_s = time.monotonic()
    _clear(demo.folder)
    with ExitStack() as stack:
        url = stack.enter_context(_server(demo))
        stack.enter_context(_process(demo.folder, "worker", ["--server", url]))
        client = stack.enter_context(Client(url))
        try:
            study = _study(client, demo)
            _say(f"The page: {url}/studies/{STUDY}")
            study.wait(progress=True)
            front = study.front()
            seconds = time.monotonic() - started_s
            _write_report(demo.folder / "report.json", study, front, seconds)
        except TinyfrontError as error:
            raise CommandFailed(f"{error} {_tail(demo.folder / 'worker.log')}") from error
        Console().print(_table(front))
        _say(f"The page: {url}/studies/{STUDY}   the report: {demo.folder / 'report.json'}")
        if not demo.stop:
            _say("Ctrl-C ends the demo.")
            _until_interrupted()


def _say(text: str) -> None:
    typer.echo(text)


def _clear(folder: Path) -> None:
    """Remove what an earlier demo left; nothing else that may lie in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in OURS:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


@contextmanager
def _server(demo: Demo) -> Iterator[str]:
    """Start the server and wait for the line that has its address."""
    folder = demo.folder
    arguments = ["--port", str(demo.port), "--database", f"sqlite:///{folder / 'tinyfront.db'}"]
    arguments += ["--artefacts", str(folder / "artefacts")]
    with _process(folder, "serve", arguments) as server:
        log = folder / "serve.log"
        deadline_s = time.monotonic() + START_S
        while True:
            found = [line for line in _lines(log) if line.startswith("Tinyfront listens on ")]
            if found:
                break
            if server.poll() is not None or time.monotonic() > deadline_s:
                raise CommandFailed(f"The server did not start. {_tail(log)}")
            time.sleep(0.1)
        yield found[0].rsplit(" ", 1)[1]


@contextmanager
def _process(
    folder: Path, command: str, arguments: Sequence[str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command of ours beside the demo, its words in a log, and end it with the demo."""
    # The demo is for its own machine and needs no keys, whatever else this environment is for.
    environment = without_keys(os.environ) | {"PYTHONUNBUFFERED": "1"}
    with (folder / f"{command}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "service", command, *arguments],
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C reaches the demo alone, which then ends them in order
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines()


def _tail(log: Path) -> str:
    return f"The end of {log}:\n" + "\n".join(_lines(log)[-8:])


def _study(client: Client, demo: Demo) -> Study:
    """Create the study once the worker has said that it holds the data."""
    deadline_s = time.monotonic() + START_S
    while not any(data["name"] == STUDY for data in _announced(client)):
        if time.monotonic() > deadline_s:
            raise CommandFailed(f"No worker came up. {_tail(demo.folder / 'worker.log')}")
        time.sleep(0.2)
    return client.create_study(
        STUDY,
        space=Cnn(),
        data=STUDY,
        objectives=OBJECTIVES,
        trials=demo.trials,
        training={"epochs": demo.epochs} if demo.epochs is not None else None,
    )


def _announced(client: Client) -> list[dict[str, object]]:
    try:
        return client.data()
    except ServerUnreachable:
        return []


def _table(front: Front) -> Table:
    table = Table(title=f"The front of {front.study.name}: {len(front)} networks")
    for name in ("trial", "accuracy", "model size", "working memory", "MACs"):
        table.add_column(name, justify="right")
    for trial in front:
        values = trial.values
        table.add_row(
            str(trial.number),
            f"{1 - values['error']:.2%}",
            f"{values[SIZE]:,.0f} B",
            f"{values[MEMORY]:,.0f} B",
            f"{values['macs']:,.0f}",
        )
    return table


def _write_report(path: Path, study: Study, front: Front, seconds: float) -> None:
    """What the demo reached, for machines; accuracies are of the validation images."""
    state = study.refresh().state
    rows = [
        {
            "accuracy": 1 - trial.values["error"],
            "model_size_deployed": trial.values[SIZE],
            "working_memory_arena": trial.values[MEMORY],
        }
        for trial in front
    ]
    report = {
        "trials": state.finished,
        "completed": state.counts.get("completed", 0),
        "front_size": len(front),
        "best_accuracy": max((row["accuracy"] for row in rows), default=None),
        "hypervolume": state.hypervolume,
        "seconds": round(seconds, 1),
        "front": rows,
    }
    path.write_text(json.dumps(report, indent=1) + "\n")


def _until_interrupted() -> None:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return
