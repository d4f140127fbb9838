"""`tinyfront log`: what a worker said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from tinyfront.calls import workers as calls
from tinyfront.cli import complete, exits
from tinyfront.cli.edge import Door, console, say_json, with_server
from tinyfront.records import items

STYLE = {"debug": "dim", "warning": "yellow", "error": "red", "critical": "red"}
WORD = max(map(len, STYLE))  # of a level
SECONDS_BETWEEN_LOOKS = 2.0


@with_server
def log(
    door: Door,
    worker: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Name of the worker.", autocompletion=complete.worker_names
        ),
    ],
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")
    ] = False,
) -> None:
    """Print the last lines of a worker's log, the oldest first.

    A worker tells its server each minute what it logged, a warning within
    seconds. One that is a program of your own may tell nothing. With --follow
    and --json there is an object a line.
    """
    looks = _looks(door, worker)
    found = next(looks)
    if not (found or door.as_json):
        typer.echo(f"Worker {worker} has not said anything yet.", err=True)
    if door.as_json and not follow:
        say_json(found)
        return
    _say(door, found)
    try:
        while follow:
            _say(door, next(looks))
    except KeyboardInterrupt:
        raise typer.Exit(exits.INTERRUPTED) from None


def _looks(door: Door, worker: str) -> Iterator[list[dict[str, Any]]]:
    """What is kept, then again and again what is new."""
    last = 0
    while True:
        found = items(door.answer(calls.log(worker, last)), door.client.url)
        yield found
        last = found[-1]["id"] if found else last
        door.client.connection.pause(SECONDS_BETWEEN_LOOKS)


def _say(door: Door, lines: list[dict[str, Any]]) -> None:
    shown = console()
    for line in lines:
        if door.as_json:
            say_json(line, lines=True)
        else:
            shown.print(_text(line), soft_wrap=True)  # a line is one line in a pipe, too


def _text(line: dict[str, Any]) -> Text:
    """A line with its time here and its level; what it breaks into stands below its text."""
    at = datetime.fromisoformat(line["at"]).astimezone()
    head = f"{at:%Y-%m-%d %H:%M:%S}  {line['level']:{WORD}}  "
    said = str(line["text"]).replace("\n", "\n" + " " * len(head))
    return Text(head, style=STYLE.get(line["level"], "")).append(said, style="default")
