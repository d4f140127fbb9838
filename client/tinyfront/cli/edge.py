"""Where the command line meets the outside: options that all commands share, and output."""

from __future__ import annotations

import inspect
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer
from rich.console import Console, RenderableType

from tinyfront.calls import Call, studies
from tinyfront.cli import complete, profiles
from tinyfront.client import Client
from tinyfront.errors import NotFound, TinyfrontError
from tinyfront.records import items
from tinyfront.study import Study

# Without a terminal there is no width to keep to: a table in a file or a pipe is not cut.
WIDTH_WITHOUT_TERMINAL = 240
MOST_NAMES = 200  # among which the one that was meant is looked for

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="The server; else TINYFRONT_URL, the profile, http://127.0.0.1:8000.",
    ),
]
ProfileName = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        help="A server of the config file; else TINYFRONT_PROFILE.",
        autocompletion=complete.profiles,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
StudyName = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="Name or number of the study.", autocompletion=complete.studies
    ),
]


@dataclass(frozen=True, slots=True)
class Listed:
    """Items of a list, how many there are in all, and what time the server has."""

    items: list[Any]
    total: int
    now: datetime


class Door:
    """The server that a command speaks to, and how its answer is printed."""

    def __init__(self, client: Client, as_json: bool) -> None:
        self.client = client
        self.as_json = as_json

    def study(self, name: str) -> Study:
        """The study of that name or number; of a name that is not known the nearest is told."""
        try:
            return self.client.study(name)
        except NotFound as error:
            raise _with_nearest(error, name, self._names()) from None

    def answer(self, call: Call) -> Any:
        """What the server says to a call."""
        return self.client.connection.json(call)

    def listed(self, listing: Call, most: int, page: int, **query: Any) -> Listed:
        """The items of a list, page by page and no page that is not wanted.

        Args:
            listing: asks for the first page.
            most: how many are wanted; 0 for all.
            page: how many the server gives at a time.
            query: what the list is narrowed or sorted by.
        """
        found: list[Any] = []
        cursor = None
        while True:
            size = page if most == 0 else min(page, most - len(found))
            wanted = {**listing.query, **query, "cursor": cursor, "limit": size}
            answer = self.answer(replace(listing, query=wanted))
            found += items(answer, self.client.url)
            cursor = answer.get("next")
            if cursor is None or len(found) == most:
                now = answer.get("now")
                return Listed(
                    found,
                    int(answer.get("total", len(found))),
                    # Of most lists nobody needs it, and servers of 0.1 tell it of none.
                    datetime.now(UTC) if now is None else datetime.fromisoformat(now),
                )

    def say(self, wire: Any, *texts: RenderableType) -> None:
        """Print the answer: as JSON, or as what people read."""
        if self.as_json:
            say_json(wire)
            return
        for text in texts:
            console().print(text)

    def _names(self) -> list[str]:
        try:
            found = self.listed(studies.listing(), MOST_NAMES, MOST_NAMES).items
        except TinyfrontError:
            return []  # what was asked for is the error, not this
        return [str(each.get("name")) for each in found]


def with_server(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command its server, with the options that say which one and how to print."""
    shared = {
        "url": (Url, None),
        "profile": (ProfileName, None),
        "as_json": (AsJson, False),
    }
    hints = get_type_hints(command, include_extras=True)
    _, *own = inspect.signature(command).parameters.values()
    parameters = [each.replace(annotation=hints[each.name]) for each in own]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value, annotation=kind)
        for name, (kind, value) in shared.items()
    ]

    def run(url: str | None, profile: str | None, as_json: bool, **given: Any) -> None:
        with profiles.client(url, profile) as opened:
            command(Door(opened, as_json), **given)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    vars(run)["__signature__"] = inspect.Signature(parameters)
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


class Printer(Console):
    """A console whose broken pipe ends a command as any other broken pipe does."""

    def on_broken_pipe(self) -> None:
        """Pass it on, and do not exit here with a code of its own."""
        raise BrokenPipeError


def console(*, error: bool = False) -> Console:
    """A console; made late, so that tests and pipes get theirs."""
    stream = sys.stderr if error else sys.stdout
    width = None if stream.isatty() else WIDTH_WITHOUT_TERMINAL
    return Printer(stderr=error, emoji=False, markup=False, highlight=False, width=width)


def say_json(value: Any, *, lines: bool = False) -> None:
    """Print a value as JSON, on one line if it is one of many."""
    typer.echo(json.dumps(value, indent=None if lines else 2, ensure_ascii=False))


@contextmanager
def working(label: str) -> Iterator[Callable[[int], None]]:
    """Show on a terminal that bytes come or go; call what it gives with how many there were."""
    from rich.filesize import decimal

    shown = console(error=True)
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with shown.status(label) as status:
        yield lambda size_bytes: status.update(f"{label}, {decimal(size_bytes)}")


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Say of an error of the system which path it was about, as the user wrote it."""
    try:
        yield
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None


def write(pieces: Iterator[bytes], path: Path) -> int:
    """Write aside, then rename; a pipe or a device, which cannot be renamed, is written at once."""
    with naming(path):
        if path.exists() and not path.is_file():
            return _into(pieces, path)
        part = path.with_name(f"{path.name}.part")
        try:
            size_bytes = _into(pieces, part)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
        return size_bytes


def _into(pieces: Iterator[bytes], path: Path) -> int:
    with path.open("wb") as file:
        return sum(file.write(piece) for piece in pieces)


def _with_nearest(error: NotFound, name: str, known: list[str]) -> NotFound:
    hint = profiles.nearest(name, known)
    return NotFound(replace(error.problem, remedy=hint.strip())) if hint else error
