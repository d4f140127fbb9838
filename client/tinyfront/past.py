"""Past results as rows: read from lists, data frames and CSV, checked before anything is sent."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyfront.errors import InvalidArgument, WrongRows
from tinyfront.frames import FIXED, PARAMETER
from tinyfront.parameter_values import WrongValue, is_blank, number_of, point_of
from tinyfront.records import StudyState

POINT, VALUES, STATUS = "point", "values", "status"
# How the columns of parameters and of values begin in our own tables.
POINT_PREFIXES, VALUES_PREFIX = (PARAMETER, f"{POINT}."), f"{VALUES}."
# Further columns of our own tables that are neither.
ABOUT = frozenset({*FIXED, "number"}) - {STATUS}


@dataclass(frozen=True, slots=True)
class Row:
    """A past result: where it stands in what was given, from 1, its point and its values."""

    place: int
    point: Mapping[str, Any]
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads rows as results of one study."""

    parameters: tuple[Mapping[str, Any], ...] | None  # None of networks
    needed: tuple[str, ...]

    @classmethod
    def of(cls, state: StudyState) -> Reader:
        """What a study needs of a result."""
        known = {each.name for each in state.objectives if each.role == "known"}
        needed = [each.name for each in state.objectives if each.name not in known]
        if state.is_black_box:  # of networks, constraints may be on figures that the server counts
            needed += [each.name for each in state.constraints if each.name not in known]
        space = state.definition["space"] if state.is_black_box else None
        return cls(None if space is None else tuple(space["parameters"]), tuple(needed))

    def row(self, place: int, given: Any) -> Row:
        """Read one row.

        Raises:
            WrongValue: it is no result of this study.
        """
        if not isinstance(given, Mapping):
            raise WrongValue(f"need a mapping, got {type(given).__name__}")
        status = given.get(STATUS)
        if isinstance(status, str) and STATUS not in self._names and status != "completed":
            raise WrongValue(f"its status is {status}; only completed trials are results")
        point, values = self._parts(given)
        if self.parameters is not None:
            point = point_of(point, self.parameters)
        return Row(place, point, self._values(values))

    @property
    def _names(self) -> frozenset[str]:
        parameters = () if self.parameters is None else self.parameters
        return frozenset({*self.needed, *(str(each["name"]) for each in parameters)})

    def _parts(self, given: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        for name in ("parameters", POINT):
            if isinstance(given.get(name), Mapping) and VALUES in given:
                return given[name], _mapping(VALUES, given[VALUES])
        return self._split(given)

    def _split(self, given: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Tell the parameters of a flat row from its values."""
        point: dict[str, Any] = {}
        values: dict[str, Any] = {}
        ours = any(str(name).startswith(VALUES_PREFIX) for name in given)  # an export: all prefixed
        parameters = {str(each["name"]) for each in self.parameters or ()}
        for key, value in given.items():
            name = str(key)
            prefix = next((each for each in POINT_PREFIXES if name.startswith(each)), None)
            if name == POINT and self.parameters is None:
                continue
            if name in parameters:
                point[name] = value
            elif prefix is not None and self.parameters is not None:
                point[name.removeprefix(prefix)] = value
            elif ours and name.startswith(VALUES_PREFIX):
                values[name.removeprefix(VALUES_PREFIX)] = value
            elif name in self.needed or not (ours or name in ABOUT or name == STATUS):
                values[name] = value
        return (point if self.parameters is not None else _point(given)), values

    def _values(self, given: Mapping[str, Any]) -> dict[str, float]:
        values = {
            str(name): number_of(str(name), value)
            for name, value in given.items()
            if not is_blank(value)
        }
        for name in self.needed:
            if name not in values:
                raise WrongValue(f"{name} is missing")
        return values


def rows_of(results: Any, state: StudyState) -> list[Row]:
    """Read all rows.

    Raises:
        WrongRows: some are no results of this study; all of them are named.
    """
    given = _given(results)
    reader = Reader.of(state)
    rows: list[Row] = []
    problems: dict[int, str] = {}
    for place, each in enumerate(given, start=1):
        try:
            rows.append(reader.row(place, each))
        except WrongValue as wrong:
            problems[place] = f"{wrong}."
    if problems:
        raise WrongRows(problems, len(given), added=0)
    return rows


def _given(results: Any) -> list[Any]:
    if isinstance(results, str | Path):
        with Path(results).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))
    if hasattr(results, "columns") and hasattr(results, "to_dict"):
        return list(results.to_dict("records"))
    if isinstance(results, Mapping) or not isinstance(results, Iterable):
        need = "need a list of rows, a data frame or the path of a CSV file"
        raise InvalidArgument("results", f"{need}, got {type(results).__name__}.")
    return list(results)


def _mapping(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise WrongValue(f"{name}: need a mapping, got {value!r}")
    return value


def _point(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The point of a network, which a table holds as JSON."""
    point = given.get(POINT)
    if isinstance(point, str):
        try:
            point = json.loads(point)
        except ValueError:
            raise WrongValue("point is no JSON") from None
    if is_blank(point):
        raise WrongValue("point is missing")
    return _mapping(POINT, point)
