"""`tinyfront compare`: studies side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.table import Table

from tinyfront.cli import complete, tables
from tinyfront.cli.edge import Door, with_server
from tinyfront.errors import InvalidArgument
from tinyfront.front import Front
from tinyfront.numbers import NOTHING, number
from tinyfront.records import StudyObjective, StudyState


@dataclass(frozen=True, slots=True)
class Compared:
    """Studies side by side.

    Attributes:
        same_scale: whether their hypervolumes are of one scale, so that they can be compared.
        beaten: by two names, how many of the first front a trial of the second beats; None where
            their objectives differ.
    """

    states: Sequence[StudyState]
    sizes: Sequence[int]
    same_scale: bool
    beaten: Mapping[tuple[str, str], int | None]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        beaten = [
            {"study": study, "by": other, "beaten": count}
            for (study, other), count in self.beaten.items()
        ]
        return {
            "studies": [state.wire for state in self.states],
            "same_scale": self.same_scale,
            "beaten": beaten,
        }


@with_server
def compare(
    door: Door,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME", help="Two studies or more.", autocompletion=complete.studies
        ),
    ],
) -> None:
    """Show studies side by side: trials, best values, hypervolume, and whose front beats whose.

    Hypervolumes are of one measure only where ideals and references are the same.
    """
    studies = [door.study(name) for name in dict.fromkeys(names)]
    if len(studies) < 2:
        raise InvalidArgument("NAME", "need two studies or more.")
    fronts = [study.front() for study in studies]
    found = compared([study.state for study in studies], fronts)
    door.say(found.to_json(), _table(found))
    if not (found.same_scale or door.as_json):
        typer.echo("Their scales differ: do not compare the hypervolumes.", err=True)


def compared(states: Sequence[StudyState], fronts: Sequence[Front]) -> Compared:
    """Compare what was found; a front is compared with another over the same objectives."""
    beaten = {
        (state.name, other.name): _beaten(front, by)
        for state, front in zip(states, fronts, strict=True)
        for other, by in zip(states, fronts, strict=True)
        if state is not other
    }
    scales = {tuple(map(_scale, state.objectives)) for state in states}
    return Compared(states, [len(front) for front in fronts], len(scales) == 1, beaten)


def _beaten(front: Front, by: Front) -> int | None:
    signs = _signs(front)
    if signs != _signs(by):
        return None
    points, others = _losses(front, signs), _losses(by, signs)
    return sum(any(_beats(other, point) for other in others) for point in points)


def _signs(front: Front) -> dict[str, int]:
    return {each.name: 1 if each.goal == "minimize" else -1 for each in front.objectives}


def _losses(front: Front, signs: Mapping[str, int]) -> list[list[float]]:
    return [[sign * trial.values[name] for name, sign in signs.items()] for trial in front]


def _beats(one: Sequence[float], other: Sequence[float]) -> bool:
    """At least as good everywhere and better somewhere."""
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


def _scale(objective: StudyObjective) -> tuple[Any, ...]:
    return objective.name, objective.goal, objective.ideal, objective.reference, objective.log


def _table(found: Compared) -> Table:
    states = found.states
    table = Table("", *(state.name for state in states), box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    table.add_row("status", *(tables.status(state.status) for state in states))
    table.add_row("designer", *(str(each.definition.get("designer", NOTHING)) for each in states))
    table.add_row("trials", *(f"{state.finished}/{state.trials}" for state in states))
    table.add_row("front", *map(str, found.sizes))
    table.add_row("hypervolume", *(number(state.hypervolume) for state in states))
    for name in dict.fromkeys(each.name for state in states for each in state.objectives):
        table.add_row(f"best {name}", *(number(state.best.get(name)) for state in states))
    for other in states:
        cells = [_share(found, place, other) for place in range(len(states))]
        table.add_row(f"beaten by {other.name}", *cells)
    return table


def _share(found: Compared, place: int, other: StudyState) -> str:
    """How many of a study's front another study beats."""
    state = found.states[place]
    count = found.beaten.get((state.name, other.name))
    return NOTHING if count is None else f"{count} of {found.sizes[place]}"
