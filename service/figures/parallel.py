"""Objectives and features of many trials as parallel axes."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from service.features import Feature, Results, Value
from service.figures.axes import Axis
from service.figures.layout import ACCENT, DIMMER, Figure, figure, trace

# More side by side cannot be read.
MOST_AXES = 12
# Where a trial without the parameter is drawn: below the others by this part of their range.
BELOW = 0.12
# Which colour a trial has, as a number from 0 to 1; what is higher lies on top.
INFEASIBLE, DOMINATED, FRONT = 0.0, 0.5, 1.0
FAINT = "#e1e5e7"
COLOURS = [[INFEASIBLE, FAINT], [DOMINATED, DIMMER], [FRONT, ACCENT]]
STEPS = (1, 2, 5)
# Lines reach to both ends, and labels stand over them.
MARGIN = {"l": 64, "r": 64, "t": 56, "b": 20}
MOST_TICKS = 7


@dataclass(frozen=True, slots=True)
class _Line:
    """One of the parallel axes: where values lie, and how places are written."""

    name: str
    kind: str  # objective, parameter
    label: str
    values: list[Value]  # in their own unit
    log: bool = False
    whole: bool = False
    labels: tuple[str, ...] = ()


def parallel(found: Results, axes: Sequence[Axis], chosen: Sequence[str]) -> Figure:
    """Draw trials as lines across the chosen axes.

    Args:
        found: completed trials; `customdata` tells all figures that were read of each.
        axes: the study's objectives.
        chosen: names of objectives and features, in the order from left to right.
    """
    lines = {line.name: line for line in _lines(found, axes)}
    drawn = [_dimension(lines[name]) for name in chosen]
    roles = [
        FRONT if on_front else DOMINATED if feasible else INFEASIBLE
        for on_front, feasible in zip(found.on_front, found.feasible, strict=True)
    ]
    lined = trace(
        "trials",
        type="parcoords",
        line={
            "color": roles,
            "cmin": INFEASIBLE,
            "cmax": FRONT,
            "colorscale": COLOURS,
            "showscale": False,
        },
        dimensions=[dimension for dimension, _ in drawn],
        customdata=[
            list(row)
            for row in zip(found.trial_id, found.number, *found.figures.values(), strict=True)
        ],
        labelangle=0,
    )
    return figure(
        [lined],
        "Objectives and parameters of the trials",
        margin=MARGIN,
        showlegend=False,
        meta={
            "margin": MARGIN,
            "axes": [about for _, about in drawn],
            "columns": [None, None, *found.figures],
            "offered": [{"name": line.name, "kind": line.kind} for line in lines.values()],
            "front": sum(found.on_front),
            "count": len(found.trial_id),
        },
        uirevision="parallel",
    )


def offered(found: Results, axes: Sequence[Axis]) -> list[str]:
    """Return the names of all axes there could be, objectives first."""
    return [line.name for line in _lines(found, axes)]


def _lines(found: Results, axes: Sequence[Axis]) -> Iterator[_Line]:
    names = {axis.name for axis in axes}
    for axis in axes:
        values = list(found.figures[axis.name])
        arrow = "↓" if axis.objective.goal == "minimize" else "↑"
        fitting = axis.fitting(values)
        if fitting.log:
            values = fitting.drawn(values)
        yield _Line(axis.name, "objective", f"{axis.name} {arrow}", values, fitting.log)
    for each in found.features:
        if each.name not in names:  # a parameter may be called as an objective is
            yield _of_feature(each)


def _of_feature(each: Feature) -> _Line:
    positive = all(value is None or value > 0 for value in each.values)
    log = each.log and positive
    return _Line(each.name, "parameter", each.name, list(each.values), log, each.whole, each.labels)


def _dimension(line: _Line) -> tuple[dict[str, Any], dict[str, Any]]:
    """The axis as Plotly takes it, and what a page must know to read its ranges."""
    known = [value for value in line.values if value is not None]
    places = [math.log10(value) for value in known] if line.log else known
    low, high = min(places, default=0.0), max(places, default=1.0)
    if line.labels:
        low, high = 0.0, float(len(line.labels) - 1)
    if low == high:  # an axis needs a length
        low, high = low - 0.5, high + 0.5
    missing = len(known) < len(line.values)
    nowhere = low - BELOW * (high - low)
    ticks, words = _ticks(line, low, high)
    if missing:
        ticks, words = [nowhere, *ticks], ["none", *words]
    iterator = iter(places)
    dimension = {
        "label": _broken(line.label),
        "name": line.name,
        "values": [nowhere if value is None else next(iterator) for value in line.values],
        "range": [nowhere if missing else low, high],
        "tickvals": ticks,
        "ticktext": words,
        "multiselect": False,
    }
    about = {
        "name": line.name,
        "kind": line.kind,
        "log": line.log,
        "whole": line.whole,
        "labels": list(line.labels),
        "none": nowhere if missing else None,
        "range": [low, high],
    }
    return dimension, about


def _broken(label: str) -> str:
    """A long name in two lines, broken where words end; names may hold anything."""
    return escape(label).replace(":", ":<br>", 1) if len(label) > 14 else escape(label)


def _ticks(line: _Line, low: float, high: float) -> tuple[list[float], list[str]]:
    if line.labels:
        return [float(place) for place in range(len(line.labels))], [
            escape(label) for label in line.labels
        ]
    if line.log:
        return _log_ticks(low, high)
    step = _nice((high - low) / (MOST_TICKS - 2))
    if line.whole:
        step = max(1.0, step)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first + 1
    ticks = [(first + at) * step for at in range(count)]
    return ticks, [_number(tick) for tick in ticks]


def _log_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Ticks at 1, 2 and 5 of each decade if they are few, else at decades."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    for steps in (STEPS, STEPS[::2], STEPS[:1]):
        values = [step * 10.0**decade for decade in decades for step in steps]
        ticks = [value for value in values if low - 1e-9 <= math.log10(value) <= high + 1e-9]
        if len(ticks) <= MOST_TICKS:
            break
    ticks = ticks[:: -(-len(ticks) // MOST_TICKS) or 1]
    if len(ticks) < 2:
        ticks = [10.0**low, 10.0**high]
    return [math.log10(tick) for tick in ticks], [_number(tick) for tick in ticks]


def _nice(step: float) -> float:
    """The next step of 1, 2 or 5 times a power of ten."""
    decade = 10.0 ** math.floor(math.log10(step))
    return next((nice * decade for nice in (*STEPS, 10) if nice * decade >= step), step)


def _number(value: float) -> str:
    """A number with few digits and a prefix: 2.5k."""
    for size, prefix in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if prefix == 'k' else size):.3g}{prefix}"
    return f"{value:.3g}" if abs(value) < 1e3 else f"{value:.0f}"
