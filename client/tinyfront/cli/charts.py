"""`tinyfront plot`, `hypervolume`, `open`: a study as a picture."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer
from rich.table import Table

from tinyfront.cli import complete
from tinyfront.cli.edge import Door, StudyName, with_server, write
from tinyfront.cli.profiles import nearest
from tinyfront.errors import InvalidArgument, NotFound, TinyfrontError
from tinyfront.numbers import NOTHING, number
from tinyfront.records import HypervolumeHistory

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

FIGURES = ("front", "front3d", "hypervolume", "thinking", "parallel", "importance", "timeline")
IMAGES = {".png", ".svg", ".pdf"}


@with_server
def plot(
    door: Door,
    name: StudyName,
    figure: Annotated[
        str,
        typer.Argument(
            metavar="FIGURE",
            help=f"{', '.join(FIGURES)}.",
            autocompletion=complete.one_of(*FIGURES),
        ),
    ] = "front",
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
    try:
        if path.suffix == ".json":
            described = door.fetched(f"/studies/{study.id}/figures/{quote(figure, safe='')}")
            content = json.dumps(described).encode()
        else:
            content = _drawn(study.plot(figure), path.suffix)
    except NotFound:
        known = ", ".join(FIGURES)
        need = f"this server draws no {figure!r}; one of this release draws {known}."
        raise InvalidArgument("FIGURE", need + nearest(figure, list(FIGURES))) from None
    write(iter([content]), path)
    door.say({"file": str(path), "figure": figure, "size_bytes": len(content)}, str(path))


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
    study = door.study(name)
    wire = door.fetched(f"/studies/{study.id}/hypervolume")
    door.say(wire, _growth(study.hypervolume_history()))


def _growth(history: HypervolumeHistory) -> Table:
    table = Table("after", "hypervolume", "front", "at", box=None)
    for point in history.points:
        at = NOTHING if point.at is None else f"{point.at:%Y-%m-%d %H:%M:%S}"
        after = f"{point.finish_no} trials"
        table.add_row(after, number(point.value), str(point.front_size), at)
    return table


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
