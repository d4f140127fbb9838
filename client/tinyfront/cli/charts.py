"""`tinyfront plot`, `hypervolume`, `open`: a study as a picture."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer
from rich.console import RenderableType
from rich.table import Table

from tinyfront.calls import Call
from tinyfront.calls import studies as calls
from tinyfront.cli import complete, definition
from tinyfront.cli.edge import Door, StudyName, with_server, write
from tinyfront.cli.profiles import nearest
from tinyfront.errors import InvalidArgument, NotFound, TinyfrontError
from tinyfront.figures import STUDY_FIGURES
from tinyfront.figures import figure as drawn
from tinyfront.hypervolumes import HypervolumeHistory, history_of
from tinyfront.importances import Importance
from tinyfront.numbers import NOTHING, number

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

IMAGES = {".png", ".svg", ".pdf"}


@with_server
def plot(
    door: Door,
    name: StudyName,
    figure: Annotated[
        str,
        typer.Argument(
            metavar="FIGURE",
            help=f"{', '.join(STUDY_FIGURES)}.",
            autocompletion=complete.one_of(*STUDY_FIGURES),
        ),
    ] = "front",
    *,
    beside: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Another study, drawn over it; repeat it for more.",
            autocompletion=complete.studies,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="As in its address on the page: `x=macs`."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help=".html, .json, or .png, .svg, .pdf with kaleido; else NAME-FIGURE.html.",
        ),
    ] = None,
) -> None:
    """Draw a study into a file, as its page does; an .html file needs no network to be seen.

    It needs the extra `plot`: pip install 'tinyfront[plot]'. A .json file, which holds the figure
    for Plotly, does not.
    """
    study = door.study(name)
    path = output or Path(f"{study.name}-{figure}.html")
    if path.suffix not in {".html", ".json", *IMAGES}:
        raise InvalidArgument(
            "--output", f"need a name ending in .html, .json, .png, .svg or .pdf, got {path}."
        )
    options = dict(definition.pair(each, "--set") for each in settings or [])
    call = calls.figure(study.id, figure, options)
    if beside:
        studies = [study.id, *(door.study(each).id for each in beside)]
        call = calls.figure_of_several(figure, studies, options)
    content = _content(door, call, figure, path.suffix)
    write(iter([content]), path)
    door.say({"file": str(path), "figure": figure, "size_bytes": len(content)}, str(path))


def _content(door: Door, call: Call, figure: str, suffix: str) -> bytes:
    """A figure in the form that a file's name asks for."""
    try:
        if suffix == ".json":
            return json.dumps(door.answer(call)).encode()
        return _drawn(drawn(door.client.connection, call), suffix)
    except (NotFound, InvalidArgument) as error:
        if isinstance(error, InvalidArgument) and error.field != "name":
            raise
        need = f"this server draws no {figure!r} here; need one of {', '.join(STUDY_FIGURES)}."
        raise InvalidArgument("FIGURE", need + nearest(figure, list(STUDY_FIGURES))) from None


def _drawn(figure: Figure, suffix: str) -> bytes:
    """The bytes of a figure in the form that a file's name asks for."""
    if suffix == ".html":
        return str(figure.to_html(include_plotlyjs=True)).encode()
    try:
        image: bytes = figure.to_image(format=suffix.removeprefix("."))
    except (ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise TinyfrontError(
            f"A {suffix} file needs kaleido and a browser: pip install kaleido; or write .html. "
            f"({reason})"
        ) from None
    return image


@with_server
def hypervolume(door: Door, name: StudyName) -> None:
    """Print how the hypervolume grew: a row for each trial that changed the front."""
    wire = door.answer(calls.hypervolume(door.study(name).id))
    door.say(wire, _growth(history_of(wire, door.client.url)))


def _growth(history: HypervolumeHistory) -> Table:
    table = Table("after", "hypervolume", "front", "at", box=None)
    for point in history.points:
        at = NOTHING if point.at is None else f"{point.at:%Y-%m-%d %H:%M:%S}"
        after = f"{point.finish_no} trials"
        table.add_row(after, number(point.value), str(point.front_size), at)
    return table


@with_server
def importance(
    door: Door,
    name: StudyName,
    limit: Annotated[int, typer.Option(min=1, help="Features of each objective.")] = 10,
) -> None:
    """Print which features each objective depends on, the most important first."""
    found = door.study(name).importance()
    door.say(found.wire, *_shares(found, limit))


def _shares(found: Importance, limit: int) -> Iterator[RenderableType]:
    for objective in found.objectives:
        if not objective.features:
            yield f"{objective.name}: {objective.note or NOTHING}"
            continue
        table = Table(objective.name, "share", box=None)
        table.columns[1].justify = "right"
        for feature in objective.features[:limit]:
            table.add_row(feature.name, f"{feature.share:.1%}")
        notes = [f"from {objective.basis} trials"] if objective.basis else []
        notes += [objective.note] if objective.note else []
        yield table
        yield f"({'; '.join(notes)})" if notes else ""


@with_server
def open_page(
    door: Door,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="Of a study; else all.", autocompletion=complete.studies
        ),
    ] = None,
    trial: Annotated[
        int | None, typer.Option(metavar="TRIAL", help="Id of a trial, instead of a study.")
    ] = None,
    only_print: Annotated[bool, typer.Option("--print", help="Do not open a browser.")] = False,
) -> None:
    """Print the address of a page and, on a terminal, open it in the browser."""
    if trial is not None:
        below = f"/trials/{door.client.trial(trial).id}"
    else:
        below = "/" if name is None else f"/studies/{quote(door.study(name).name, safe='')}"
    address = f"{door.client.url}{below}"
    door.say({"url": address}, address)
    if sys.stdout.isatty() and not (only_print or door.as_json):
        typer.launch(address)
