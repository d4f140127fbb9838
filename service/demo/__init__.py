"""The demo: a real study on this machine, from an empty folder to a front and a page."""

import json
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import typer

from service.command_errors import CommandFailed, DatabaseInUse, DemoDataMissing
from service.db import Database
from service.demo.data import DIGITS, Source, source
from service.demo.processes import Guard, Running, guarded, running
from service.demo.words import MEMORY, SIZE, Told, told
from tinyfront import (
    Client,
    Cnn,
    Front,
    Objective,
    ServerUnreachable,
    Study,
    TinyfrontError,
    minimize,
)

START_S = 90.0  # the first import of torch from a cold disk is slow
FETCH_S = 900.0  # openml.org answers slowly, and its tables are text
USUAL_PORT = 8000
# Of a set larger than this a network sees so many images in all: on one core that takes about as
# long as digits do, and shows a front within minutes.
SMALL, IMAGES = 5_000, 60_000
OURS = ("tinyfront.db", "tinyfront.db-shm", "tinyfront.db-wal", "artefacts", "report.json")
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Demo:
    """What the command line asks for."""

    folder: Path
    trials: int
    epochs: int | None = None
    port: int | None = None
    stop: bool = True
    data: str = DIGITS
    device: str | None = None
    space: str = "tiny"
    as_json: bool = False


def run(demo: Demo) -> None:
    """Run the demo; it leaves database, artefacts, logs and `report.json` in its folder.

    Raises:
        CommandFailed: the message has what the process that failed said last.
        DemoDataMissing: the data set cannot be had.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):  # what it started ends with it
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, _terminated)
    chosen = source(demo.data)
    with told(demo.as_json) as says:
        try:
            _run(demo, chosen, says)
        except KeyboardInterrupt:
            says.interrupted(demo.folder)
            raise typer.Exit(INTERRUPTED) from None


def _run(demo: Demo, chosen: Source, says: Told) -> None:
    started_s = time.monotonic()
    _clear(demo.folder)
    with ExitStack() as stack:
        says.doing("Starting the server")
        guard = stack.enter_context(guarded())
        url = _address(stack.enter_context(_server(demo, guard)))
        says.page(f"{url}/studies/{chosen.name}", demo.folder)
        fetching = "" if chosen.openml is None else f", which fetches {chosen.openml}"
        says.doing(f"Starting a worker{fetching}")
        options = ["--server", url, *chosen.options(demo.folder)]
        worker = stack.enter_context(running(demo.folder, "worker", options, guard))
        client = stack.enter_context(Client(url))
        try:
            facts = _facts(client, chosen, worker)
            study = _study(client, demo, chosen, facts)
            says.study(study, facts)
            front = says.watch(study)
        except TinyfrontError as error:
            raise CommandFailed(str(error)) from error
        report = _report(demo, study, front, time.monotonic() - started_s)
        path = demo.folder / "report.json"
        path.write_text(json.dumps(report, indent=1) + "\n")
        says.end(front, report, path)
        if not demo.stop:
            says.staying()
            _until_interrupted()


def _terminated(number: int, frame: Any) -> NoReturn:
    sys.exit(128 + number)


def _clear(folder: Path) -> None:
    """Remove what an earlier demo left; nothing else that may lie in the folder.

    Raises:
        CommandFailed: another demo runs in it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise CommandFailed(
            f"folder: {folder} is no folder. Choose another with --folder."
        ) from None
    db = Database(f"sqlite:///{folder / 'tinyfront.db'}")
    try:
        with db.exclusive():
            for name in OURS:
                path = folder / name
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    except DatabaseInUse:
        raise CommandFailed(
            f"folder: a demo runs in {folder} already. End it, or choose another with --folder."
        ) from None
    finally:
        db.close()


@contextmanager
def _server(demo: Demo, guard: Guard) -> Iterator[Running]:
    """Start the server and wait for the line that has its address."""
    folder = demo.folder
    port = _free_port() if demo.port is None else demo.port
    arguments = ["--port", str(port), "--database", f"sqlite:///{folder / 'tinyfront.db'}"]
    arguments += ["--artefacts", str(folder / "artefacts")]
    with running(folder, "serve", arguments, guard) as server:
        _wait(server, lambda: bool(_listening(server)), START_S, "The server did not start")
        yield server


def _address(server: Running) -> str:
    return _listening(server)[0].rsplit(" ", 1)[1]


def _listening(server: Running) -> list[str]:
    return [line for line in server.lines() if line.startswith("Tinyfront listens on ")]


def _free_port() -> int:
    """The usual port, or 0 for any if somebody has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        with suppress(OSError):
            probe.bind(("127.0.0.1", USUAL_PORT))
            return USUAL_PORT
    return 0


def _wait(process: Running, ready: Callable[[], bool], most_s: float, else_: str) -> None:
    """Wait for what a process brings about; of one that ended its last word is the reason."""
    deadline_s = time.monotonic() + most_s
    while not ready():
        if process.ended():
            raise CommandFailed(process.last_word())
        if time.monotonic() > deadline_s:
            raise CommandFailed(f"{else_} within {most_s:g} s; {process.log} may say why.")
        time.sleep(0.1)


def _facts(client: Client, chosen: Source, worker: Running) -> Mapping[str, Any]:
    """What the worker says of the data set, once it has it."""
    found: dict[str, Any] = {}

    def announced() -> bool:
        with suppress(ServerUnreachable):
            found.update({each["name"]: each for each in client.data()})
        return chosen.name in found

    most_s = START_S if chosen.openml is None else FETCH_S
    _wait(worker, announced, most_s, f"The worker did not have {chosen.name}")
    facts: Mapping[str, Any] = found[chosen.name]
    if facts.get("problem"):
        raise DemoDataMissing(chosen.name, str(facts["problem"]))
    return facts


def _study(client: Client, demo: Demo, chosen: Source, facts: Mapping[str, Any]) -> Study:
    epochs = demo.epochs
    if epochs is None and facts["train"] > SMALL:
        epochs = max(1, round(IMAGES / facts["train"]))
    return client.create_study(
        chosen.name,
        space=Cnn(demo.space),
        data=chosen.name,
        device=demo.device,
        objectives=_objectives(demo, chosen),
        trials=demo.trials,
        training=None if epochs is None else {"epochs": epochs},
    )


def _objectives(demo: Demo, chosen: Source) -> list[Objective]:
    """What a person with a small board would say.

    16 kB of flash and 8 kB of memory are the limits unless a device has its own, and below half a
    kilobyte of either nothing more is won. Of digits an error above 10 % is of no use.
    """
    flash, memory = (16_000, 8_192) if demo.device is None else (None, None)
    return [
        minimize("error", reference=0.1 if chosen.name == DIGITS else None),
        minimize(SIZE, ideal=500, limit=flash),
        minimize(MEMORY, ideal=512, limit=memory),
    ]


def _report(demo: Demo, study: Study, front: Front, seconds: float) -> dict[str, Any]:
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
    return {
        "study": study.name,
        "device": state.definition.get("device"),
        "space": demo.space,
        "trials": state.finished,
        "completed": state.counts.get("completed", 0),
        "front_size": len(front),
        "best_accuracy": max((row["accuracy"] for row in rows), default=None),
        "hypervolume": state.hypervolume,
        "seconds": round(seconds, 1),
        "front": rows,
    }


def _until_interrupted() -> None:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return
