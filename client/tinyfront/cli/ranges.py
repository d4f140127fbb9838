"""What a metric must keep, as it is written behind `--where`: `error<=0.1`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

import typer

from tinyfront.cli.definition import GOAL
from tinyfront.errors import InvalidArgument
from tinyfront.front import find_objective
from tinyfront.limits import Limit
from tinyfront.records import StudyObjective

RANGE = re.compile(r"\s*(?P<name>[A-Za-z_][A-Za-z0-9_:.@-]*)\s*(?P<sign>[<>]=)\s*(?P<number>.+)")

Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="RANGE", help="`error<=0.1` or `gain>=2`; repeat it for more."),
]


@dataclass(frozen=True, slots=True)
class Range:
    """A metric and the most or the least that it may be."""

    name: str
    sign: str
    number: float

    def __str__(self) -> str:
        return f"{self.name}{self.sign}{self.number:.17g}"

    def limit(self) -> Limit:
        """The limit that says so, for trials that are here already."""
        return Limit(self.name, self.number, GOAL[self.sign])


def ranges(objectives: Sequence[StudyObjective], texts: Sequence[str] | None) -> list[Range]:
    """Read what stands behind each `--where`; `model_size` is the study's `model_size:deployed`."""
    return [_range(objectives, text) for text in texts or ()]


def metric(objectives: Sequence[StudyObjective], name: str) -> str:
    """The metric of that name, or the objective that it is short for."""
    try:
        return find_objective(objectives, name).name
    except InvalidArgument:
        return name  # a metric beside the objectives; the server knows them


def _range(objectives: Sequence[StudyObjective], text: str) -> Range:
    match = RANGE.fullmatch(text)
    number = math.nan
    if match is not None:
        with suppress(ValueError):
            number = float(match["number"])
    if match is None or not math.isfinite(number):
        raise InvalidArgument("--where", f"need NAME<=NUMBER or NAME>=NUMBER, got {text!r}.")
    return Range(metric(objectives, match["name"]), match["sign"], number)
