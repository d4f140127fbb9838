"""`tinyfront verify`: what of a network holds on a board, checked on this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from tinyfront.cli import complete, exits
from tinyfront.cli.edge import Door, console, with_server
from tinyfront.cli.results import TrialId
from tinyfront.numbers import NOTHING
from tinyfront.verification import (
    FAILED,
    MEANING,
    NOT_VERIFIED,
    PASSED,
    Level,
    Told,
    Verification,
    require,
)

MARK = {PASSED: ("✓", "green"), FAILED: ("✗", "red"), NOT_VERIFIED: ("-", "yellow")}
UNIT = "_bytes"


@with_server
def verify(
    door: Door,
    trial: TrialId,
    *,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The board; else that of the study.",
            autocompletion=complete.devices,
        ),
    ] = None,
    need: Annotated[
        Literal["L0", "L1", "L2", "L3"] | None,
        typer.Option(help="End with 8 unless all levels up to this one passed."),
    ] = None,
    store: Annotated[
        bool, typer.Option("--store", help="Keep the result on the trial, for its page and lists.")
    ] = False,
) -> None:
    """Check the network of a trial level by level, on this machine.

    L0 by formula, L1 run here, L2 linked for the board, L3 run under QEMU. It takes the workers'
    code, tinyfront-server[deploy]. A level whose tools are missing is not verified and names the
    command that installs them. A level that fails ends with 8.
    """
    require()  # before the server is asked for anything
    found = door.client.trial(trial)
    with _progress(trial) as told:
        checked = found.verify(device, told, store)
    kept = f", kept on trial {found.id}" if store else ""
    door.say(
        {**checked.wire, "trial": found.id, "verdict": checked.verdict}, *_tables(checked, kept)
    )
    if checked.failed is not None or (need is not None and not checked.reaches(need)):
        raise typer.Exit(exits.FAILS)


@contextmanager
def _progress(trial: int) -> Iterator[Told]:
    """Show on a terminal which level is at work."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    names = list(MEANING)

    def words(name: str) -> str:
        return f"Verifying trial {trial}: {name} {MEANING[name]}"

    with console(error=True).status(words(names[0])) as status:

        def told(level: Level) -> None:
            rest = names[names.index(level.name) + 1 :] if level.name in names else []
            if rest:
                status.update(words(rest[0]))

        yield told


def _tables(checked: Verification, kept: str) -> list[Table]:
    title = f"{checked.device}: {checked.verdict}{kept}"
    levels = Table("", "level", "", title=title, box=None)
    levels.title_justify = "left"
    for level in checked.levels:
        mark, style = MARK.get(level.state, ("", ""))
        tools = ", ".join(f"{name} {version}" for name, version in level.tools.items())
        what = f"{level.name} {MEANING.get(level.name, '')}".rstrip()
        levels.add_row(Text(f"{mark} {level.state}", style=style), what, level.reason or tools)
    figures = Table("figure", "by formula", "measured", box=None)
    for column in figures.columns[1:]:
        column.justify = "right"
    for name, formula, measured in checked.figures():
        unit = " B" if name.endswith(UNIT) else ""
        plain = name.removesuffix(UNIT).replace("_", " ")
        figures.add_row(plain, *(_count(value, unit) for value in (formula, measured)))
    return [levels, figures]


def _count(value: int | None, unit: str) -> str:
    return NOTHING if value is None else f"{value:,}{unit}"
