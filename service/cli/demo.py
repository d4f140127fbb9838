"""`tinyfront-server demo`: all of Tinyfront, on this machine, in minutes."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.cli.edge import AsJson


class Space(StrEnum):
    """The spaces of networks."""

    TINY = "tiny"
    SPARSE = "sparse"
    MUNAS = "munas"


def demo(  # noqa: PLR0913  as many arguments as the command has options
    *,
    trials: Annotated[int, typer.Option(min=1, help="Networks to train.")] = 60,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs each, instead of the default.")
    ] = None,
    data: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE|FOLDER",
            help="digits, which needs no file; a .npz file, or a folder with one; a set of "
            "openml.org: fashion, mnist, kmnist, cifar10, or its name there.",
        ),
    ] = "digits",
    device: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Board, such as stm32f446re; else 16 kB of flash and 8 of memory."
        ),
    ] = None,
    space: Annotated[Space, typer.Option(help="Which networks.")] = Space.TINY,
    folder: Annotated[Path, typer.Option(help="Where database, logs and report.json go.")] = Path(
        ".demo"
    ),
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Of the page; else 8000, or any if that is taken."),
    ] = None,
    stop: Annotated[
        bool,
        typer.Option("--exit/--stay", envvar="DEMO_EXIT", help="End when the study has ended."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run a real study from an empty folder to a front and a page: server, worker and all.

    It searches networks for handwritten digits, or for data of your own, and needs nothing but this
    machine. A second run in the same folder begins afresh; data that it fetched stay.
    """
    from service.demo import Demo, run

    run(
        Demo(
            folder=folder,
            trials=trials,
            epochs=epochs,
            port=port,
            stop=stop,
            data=data,
            device=device,
            space=space.value,
            as_json=as_json,
        )
    )
