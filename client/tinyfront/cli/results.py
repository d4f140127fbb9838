"""`tinyfront front`, `confirm`, `confirmed`, `trial show`, `export`, `download`: what came out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from tinyfront.cli import tables
from tinyfront.cli.edge import AsJson, StudyName, Url, client, console, say_json
from tinyfront.confirmed import Confirmed

TrialId = Annotated[int, typer.Argument(metavar="TRIAL", help="Id of the trial.")]

trial_app = typer.Typer(help="Look at one trial.", no_args_is_help=True)


def front(
    name: StudyName,
    device: Annotated[str | None, typer.Option(help="Only what fits this board.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Print the front of a study, sorted by its first objective."""
    with client(url) as door:
        found = door.study(name).front(device=device)
    if as_json:
        objectives = [asdict(objective) for objective in found.objectives]
        say_json({"objectives": objectives, "items": [trial.wire for trial in found]})
    else:
        console().print(tables.front(found))


def confirm(  # noqa: PLR0913 - an option for each field of the request
    name: StudyName,
    *,
    networks: Annotated[
        int, typer.Option(help="At most so many of the front.", min=1, max=100)
    ] = 20,
    seeds: Annotated[int, typer.Option(help="Trainings of each network.", min=1, max=20)] = 3,
    trial: Annotated[
        list[int] | None,
        typer.Option(help="Number of a trial, instead of the front; repeat it for more."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Read the test set once more.")] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Train the front's networks from scratch and judge them by the test set."""
    with client(url) as door:
        study = door.study(name)
        _say_confirmed(study.confirm(networks, seeds, again=again, trials=trial), as_json)


def confirmed(name: StudyName, url: Url = None, as_json: AsJson = False) -> None:
    """Print what the test set says of the networks that were confirmed."""
    with client(url) as door:
        _say_confirmed(door.study(name).confirmed(), as_json)


@trial_app.callback()
def _trials() -> None:
    """Look at one trial."""


@trial_app.command("show")
def show(trial: TrialId, url: Url = None, as_json: AsJson = False) -> None:
    """Show a trial: its point, values, attempts and files."""
    with client(url) as door:
        shown = door.trial(trial)
    if as_json:
        say_json(shown.wire)
    else:
        console().print(tables.trial(shown))


def export(
    name: StudyName,
    format: Annotated[
        Literal["csv", "jsonl", "study"] | None,
        typer.Option(help="Default: csv. `study` is the whole, for `tinyfront study import`."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write; else standard output.")
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Export all trials of a study."""
    chosen = format or ("jsonl" if as_json and output is None else "csv")
    with client(url) as door:
        pieces = door.study(name).export(chosen)
        if output is None:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            return
        size_bytes = _write(pieces, output)
    if as_json:
        say_json({"file": str(output), "format": chosen, "size_bytes": size_bytes})
    else:
        typer.echo(f"{output}: {size_bytes:,} B")


def download(
    trial: TrialId,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Made if it is not there.")],
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Download all files of a trial into a folder."""
    with client(url) as door:
        paths = [str(path) for path in door.trial(trial).download(folder)]
    if as_json:
        say_json(paths)
    else:
        typer.echo("\n".join(paths) if paths else f"Trial {trial} has no files.")


def _say_confirmed(found: Confirmed, as_json: bool) -> None:
    if as_json:
        say_json(found.wire)
        return
    if found.networks:
        console().print(tables.confirmed(found))
    for line in tables.confirmed_lines(found):
        typer.echo(line)


def _write(pieces: Iterator[bytes], path: Path) -> int:
    size_bytes = 0
    with path.open("wb") as file:
        for piece in pieces:
            size_bytes += file.write(piece)
    return size_bytes
