"""`tinyfront front`, `confirm`, `confirmed`, `export`, `download`: what came out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from tinyfront.cli import complete, tables
from tinyfront.cli.edge import Door, StudyName, naming, with_server, working, write
from tinyfront.cli.ranges import Where, ranges
from tinyfront.confirmed import Confirmed
from tinyfront.errors import InvalidArgument
from tinyfront.front import Front, find_objective
from tinyfront.limits import kept
from tinyfront.trial import Trial

TrialId = Annotated[int, typer.Argument(metavar="TRIAL", help="Id of the trial.")]


@with_server
def front(  # noqa: PLR0913 - an option for each way to choose
    door: Door,
    name: StudyName,
    *,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Only what fits this board.", autocompletion=complete.devices
        ),
    ] = None,
    where: Where = None,
    best: Annotated[
        str | None, typer.Option(metavar="OBJECTIVE", help="Only the best in this objective.")
    ] = None,
    knee: Annotated[
        bool, typer.Option("--knee", help="Only the one at the knee, a good compromise.")
    ] = False,
    sort: Annotated[
        str | None, typer.Option(metavar="OBJECTIVE", help="By this one, the best first.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
) -> None:
    """Print the front of a study: the trials that no other beats.

    It is sorted by the first objective. `model_size` finds the study's `model_size:deployed`. The
    best and the knee are those of what fits the board and keeps all of --where.
    """
    if best is not None and knee:
        raise InvalidArgument("--knee", "not beside --best: each of them names one trial.")
    study = door.study(name)
    whole = study.front(device=device)
    wanted = ranges(whole.objectives, where)
    found = Front(study, whole.objectives, kept(whole, [each.limit() for each in wanted]))
    shown = Front(study, found.objectives, _chosen(found, best, knee, sort)[:limit])
    objectives = [asdict(objective) for objective in found.objectives]
    wire = {"objectives": objectives, "items": [trial.wire for trial in shown]}
    door.say(wire, tables.front(shown))
    if not shown and not door.as_json:
        asked = [f"fits {device}"] if device is not None else []
        asked += [f"keeps {each}" for each in wanted]
        none = f"No trial of the front {' and '.join(asked)}." if asked else "The front is empty."
        typer.echo(none, err=True)


def _chosen(found: Front, best: str | None, knee: bool, sort: str | None) -> Sequence[Trial]:
    if best is not None:
        return [found.best(best)]
    if knee:
        return [found.knee()]
    if sort is None:
        return list(found)
    wanted = find_objective(found.objectives, sort)
    sign = 1 if wanted.goal == "minimize" else -1
    return sorted(found, key=lambda trial: sign * trial.values[wanted.name])


@with_server
def confirm(
    door: Door,
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
) -> None:
    """Train the front's networks from scratch and judge them by the test set."""
    study = door.study(name)
    _say_confirmed(door, study.confirm(networks, seeds, again=again, trials=trial))


@with_server
def confirmed(door: Door, name: StudyName) -> None:
    """Print what the test set says of the networks that were confirmed."""
    _say_confirmed(door, door.study(name).confirmed())


@with_server
def export(
    door: Door,
    name: StudyName,
    format: Annotated[
        Literal["csv", "jsonl", "study"] | None,
        typer.Option(help="Default: csv. `study` is the whole, for `study import`."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="File to write; else standard output."),
    ] = None,
) -> None:
    """Export all trials of a study.

    A file appears under its name when it is complete, and never half written.
    """
    chosen = format or ("jsonl" if door.as_json and output is None else "csv")
    pieces = door.study(name).export(chosen)
    if output is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    with working(f"Exporting {output}") as told:
        size_bytes = write(_counted(pieces, told), output)
    told_json = {"file": str(output), "format": chosen, "size_bytes": size_bytes}
    door.say(told_json, f"{output}: {size_bytes:,} B")


@with_server
def download(
    door: Door,
    trial: TrialId,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Made if it is not there.")],
    *,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Write the firmware for this board, too.",
            autocompletion=complete.devices,
        ),
    ] = None,
    onnx: Annotated[
        bool, typer.Option("--onnx", help="Write the network as model.onnx, too.")
    ] = False,
) -> None:
    """Download all files of a trial into a folder: weights, graph and what else it left.

    With --device the folder gets a C project, a .tflite file and figures.json for that board, too.
    That takes the workers' code, tinyfront-server[deploy]. With --onnx it gets model.onnx, an int8
    network in QDQ form; unless its worker left one, that takes tinyfront-server[onnx].
    """
    with working(f"Downloading the files of trial {trial}"):
        found = door.client.trial(trial)
        with naming(folder):
            paths = [str(path) for path in found.download(folder, device, onnx)]
    door.say(paths, "\n".join(paths) if paths else f"Trial {trial} has no files.")


def _say_confirmed(door: Door, found: Confirmed) -> None:
    table = [tables.confirmed(found)] if found.networks else []
    door.say(found.wire, *table, *tables.confirmed_lines(found))


def _counted(pieces: Iterator[bytes], told: Callable[[int], None]) -> Iterator[bytes]:
    total = 0
    for piece in pieces:
        total += len(piece)
        told(total)
        yield piece
