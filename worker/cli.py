"""The command `tinyfront-server worker`; the imports that cost time wait until it runs."""

import importlib.util
import logging
import os
import signal
import socket
import threading
import time
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from worker.api import Api
    from worker.child import Place
    from worker.loop import Options

# A signal that comes again within this time is the same one: it came to the whole group, and a
# supervisor passes it on.
REPEAT_S = 1.0
DATA_DIR_HELP = "Folder of NAME.npz files with x_train, y_train, x_test, y_test."
EXAMPLES = (
    "tinyfront-server worker",
    "tinyfront-server worker --server https://tinyfront.example.org --data-dir data --name crew-1",
    "tinyfront-server worker --data-dir data --openml Fashion-MNIST --study fashion",
    "tinyfront-server worker --accelerator cuda --memory-mib 8000 --threads 2",
)
NEEDED = ("torch", "numpy", "sklearn", "safetensors", "httpx")
NO_SERVER = "Start a server with `tinyfront-server serve`, or name yours with --server."
FAILED, WRONG_USE, AWAY, NOT_ALLOWED = 1, 2, 3, 4  # as all commands of the server end


class Accelerator(StrEnum):
    """What to train on."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


def worker(  # noqa: PLR0913  as many arguments as the command has options
    *,
    server: Annotated[
        str, typer.Option(envvar="TINYFRONT_URL", help="Address of the server.")
    ] = "http://127.0.0.1:8000",
    data_dir: Annotated[Path | None, typer.Option(help=DATA_DIR_HELP)] = None,
    openml: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A data set of openml.org, fetched once into --data-dir; repeat it for others.",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="Of this worker; one that comes back under it gets its trials again."),
    ] = None,
    study: Annotated[
        str | None, typer.Option(help="Work for this study only, and end with it.")
    ] = None,
    trials: Annotated[int | None, typer.Option(min=1, help="End after so many trials.")] = None,
    once: Annotated[bool, typer.Option("--once", help="The same as --trials 1.")] = False,
    threads: Annotated[
        int, typer.Option(min=1, help="Of one training; more workers use more cores better.")
    ] = 1,
    memory_mib: Annotated[
        int | None,
        typer.Option(min=1, help="Its share, where several share a GPU; by default all of it."),
    ] = None,
    accelerator: Annotated[Accelerator, typer.Option(help="What to train on.")] = Accelerator.AUTO,
    trial_limit_s: Annotated[
        float, typer.Option(min=1.0, help="A training that takes longer is ended and fails.")
    ] = 21_600.0,
    lease_s: Annotated[
        int,
        typer.Option(
            min=10,
            max=604_800,
            help="After so long without a word of it others get its trial. A third of it passes at "
            "most until it hears that a trial was cancelled.",
        ),
    ] = 60,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify/--no-verify",
            help="Check networks that come onto the front, while the next one is trained.",
        ),
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="An object for each line of the log, on terminals too.")
    ] = False,
) -> None:
    """Train the networks of studies, one after the other, until told to stop.

    Its key it reads from TINYFRONT_API_KEY. SIGTERM, Ctrl-C or the end of
    the terminal hands its trial back.
    """
    missing = [package for package in NEEDED if importlib.util.find_spec(package) is None]
    if missing:
        end(f"Training needs {', '.join(missing)}: pip install 'tinyfront-server[worker]'.")
    from worker.child import Place
    from worker.data import NAME
    from worker.loop import Options

    if data_dir is not None and not data_dir.is_dir():
        end(f"--data-dir: {data_dir} is no folder.", WRONG_USE)
    if openml and data_dir is None:
        end("--openml: needs --data-dir, the folder that keeps what is fetched.", WRONG_USE)
    if name is not None and not NAME.fullmatch(name):
        end(f"--name: need up to 64 letters, digits, . _ and -, got {name!r}.", WRONG_USE)
    if study == "":
        end("--study: need the name or the number of a study.", WRONG_USE)
    options = Options(
        name=name or own_name(),
        study=study,
        trials=1 if once else trials,
        resume=name is not None,  # a name that this process alone has left nothing open
        trial_limit_s=trial_limit_s,
        lease_s=lease_s,
        memory_mib=memory_mib,
        verify=verify,
    )
    set_up_log(as_json)
    if data_dir is not None:
        _fetch(data_dir, openml or [])
    run(server, Place(accelerator.value, threads, data_dir), options, stopped_by_signals())


def _fetch(folder: Path, names: list[str]) -> None:
    """Fetch what is not there yet, before the server is told what this worker holds."""
    from worker.errors import UnusableData
    from worker.sources_openml import fetch

    for name in names:
        try:
            logging.info("%s of OpenML is the data set %s.", name, fetch(folder, name))
        except UnusableData as error:
            end(str(error))


def run(server: str, place: "Place", options: "Options", stopping: threading.Event) -> None:
    """Work until told to stop; what is wrong is one line and an exit code.

    Raises:
        typer.Exit: with the code.
    """
    from worker.errors import NoTrainer, Refused, ServerAway, Unfit
    from worker.loop import Worker
    from worker.process import TrainingProcess

    api = api_of(server)
    try:
        Worker(api, TrainingProcess(place), options, stopping).run()
    except ServerAway as error:
        end(f"{error} {NO_SERVER}", AWAY)
    except Refused as error:
        end(str(error), NOT_ALLOWED if error.bars else FAILED)
    except (NoTrainer, Unfit) as error:
        end(str(error))
    finally:
        api.close()


def api_of(server: str) -> "Api":
    """The way to a server, with the key of the environment.

    Raises:
        typer.Exit: that is no address.
    """
    from worker.api import Api

    try:
        return Api(server, os.environ.get("TINYFRONT_API_KEY"))
    except ValueError as error:
        end(f"--server: {error}", WRONG_USE)


def stopped_by_signals() -> threading.Event:
    """An event that SIGTERM, Ctrl-C and SIGHUP set; a later signal ends the process at once."""
    stopping = threading.Event()
    told_s = 0.0

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal told_s
        if not stopping.is_set():
            told_s = time.monotonic()
            stopping.set()
        elif time.monotonic() - told_s >= REPEAT_S:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, stop)
    return stopping


def own_name() -> str:
    """A name of this process alone, from those of its machine and its own number."""
    host = "".join(c if c.isascii() and c.isalnum() else "-" for c in socket.gethostname())
    return f"{host.strip('-')[:40] or 'worker'}-{os.getpid()}"


def set_up_log(as_json: bool) -> None:
    """Log in the style that the environment names, or as JSON.

    Raises:
        typer.Exit: there is no such style.
    """
    from worker import logs

    try:
        logs.set_up({**os.environ, logs.VARIABLE: "json"} if as_json else os.environ)
    except ValueError as error:
        end(str(error), WRONG_USE)


def end(message: str, code: int = FAILED) -> NoReturn:
    """End the command with a line that says why."""
    typer.echo(message, err=True)
    raise typer.Exit(code)
