"""An objective as an axis: where its values lie, how they are written, which lines cross it."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from optimizer.problem import Objective
from resource_models.devices import Device
from resource_models.footprint import unit_of
from service.figures.layout import line_across

# A budget further away than this is left out: beside 512 kB a network of 2 kB would be a dot.
NEAR_LINEAR = 1.5
NEAR_LOG = 4.0
# Decades; with the room at its ends, a log axis of four ticks is crowded below 1.1 of them.
SHORT_LOG = 1.5
# What is counted, and so whole; milliseconds and millijoules are not.
COUNTED = frozenset({"B", "MACs", "instructions"})


@dataclass(frozen=True, slots=True)
class Budget:
    """What a device has of the thing that an objective counts."""

    title: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Where something crosses an axis: a bound, a limit or the budget of a device."""

    name: str
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Axis:
    """One objective of a study, as a chart shows it.

    `accuracy` is true for the error of a network, which is a share, so 1 - error means something;
    a black box may call anything an error.
    """

    objective: Objective
    log: bool = False
    accuracy: bool = False
    budget: Budget | None = None

    @property
    def name(self) -> str:
        """The objective's name."""
        return self.objective.name

    @property
    def unit(self) -> str | None:
        """B, MACs, instructions, ms, mJ or nothing."""
        return unit_of(self.name) if self.objective.role == "known" else None

    @property
    def behind(self) -> str:
        """What is written behind a value beside the axis's name: the unit, unless that says it.

        A long word at each tick would take half of a narrow chart.
        """
        said = self.unit is None or self.name.startswith(f"{self.unit}@")
        return "" if said else f" {self.unit}"

    @property
    def counted(self) -> bool:
        """Whether values are whole numbers of a unit."""
        return self.unit in COUNTED

    @property
    def floor(self) -> float | None:
        """Where values at or below zero are drawn on a log axis; None if there is no such place.

        The ideal is that place: nothing better counts, and an error of 0 among 300 images is drawn
        where half an error would be.
        """
        scale = self.objective.scale
        if scale is None or min(scale.ideal, scale.reference) <= 0:
            return None
        return min(scale.ideal, scale.reference)

    def can_be_log(self, values: Sequence[float | None]) -> bool:
        """Whether a log axis could show all of these values."""
        return self.floor is not None or all(value is None or value > 0 for value in values)

    def fitting(self, values: Sequence[float | None]) -> "Axis":
        """Return this axis, without its log scale if that could not show all of these values."""
        return self if self.can_be_log(values) else replace(self, log=False)

    def about(self, letter: str, values: Sequence[float | None]) -> dict[str, Any]:
        """Say what lies on the axis, for whoever offers other choices."""
        can_log = self.can_be_log(values)
        return {"axis": letter, "name": self.name, "log": self.log, "can_log": can_log}

    def drawn(self, values: Sequence[float | None]) -> list[float | None]:
        """Return where values lie; None stays None, and so does what a log axis cannot show."""
        if not self.log:
            return list(values)
        return [self._on_log(value) for value in values]

    def _on_log(self, value: float | None) -> float | None:
        if value is None or value > 0:
            return value
        return self.floor

    def layout(self, values: Sequence[float | None]) -> dict[str, Any]:
        """Return the axis as Plotly takes it.

        Args:
            values: what is drawn.
        """
        axis: dict[str, Any] = {"title": {"text": self.name}, "zeroline": False}
        if self.log:
            few = {"nticks": _few_ticks(self.drawn(values))}
            axis |= {"type": "log", "title": {"text": f"{self.name} (log)"}} | few
        axis["tickformat"] = "~s" if self.counted else "~g"
        if self.behind:
            axis["ticksuffix"] = self.behind
        return axis

    def hover(self, column: int) -> str:
        """Return the line of a hover text that shows this objective from `customdata[column]`."""
        value = f"%{{customdata[{column}]:{self.spec}}}"
        return f"{self.name} {value}{self.behind}"

    @property
    def spec(self) -> str:
        """How Plotly writes a value."""
        if self.counted:
            return ",d"
        return ".4f" if self.accuracy else ".5~g"

    def marks(self, values: Sequence[float | None]) -> Iterator[Mark]:
        """Yield bound, limit and the device's budget, as far as they are near.

        Args:
            values: what is drawn, to tell what is near.
        """
        worst = max((value for value in values if value is not None), default=None)
        for name, at in (("bound", self.objective.bound), ("limit", self.objective.limit)):
            if at is not None and (name == "bound" or self._near(at, worst)) and self._shows(at):
                yield Mark(name, at, f"{name} {self.text(at)}")
        if self.budget is not None and self._near(self.budget.size_bytes, worst):
            text = f"{self.budget.title} {self.text(self.budget.size_bytes)}"
            yield Mark("budget", self.budget.size_bytes, text)

    def lines(self, across: str, values: Sequence[float | None]) -> Iterator[dict[str, Any]]:
        """Yield a line through the chart for each mark.

        Args:
            across: the Plotly axis on which this objective lies, x or y.
            values: what is drawn.
        """
        worst = max((value for value in values if value is not None), default=None)
        for mark in self.marks(values):
            # A line beyond all values lies at the edge of the chart: its text goes to the left.
            beyond = worst is not None and mark.at >= worst
            yield line_across(mark.name, across, mark.at, mark.text, "right" if beyond else "left")

    def _shows(self, at: float) -> bool:
        return at > 0 or not self.log

    def _near(self, at: float, worst: float | None) -> bool:
        return worst is None or at <= worst * (NEAR_LOG if self.log else NEAR_LINEAR)

    def text(self, value: float) -> str:
        """Write one value with its unit, for a place beside the axis."""
        text = f"{value:,.0f}" if self.counted else f"{value:.4g}"
        return f"{text}{self.behind}"


def _few_ticks(drawn: Sequence[float | None]) -> int:
    """Return how many ticks to ask for on a log axis, so that Plotly writes 1, 2 and 5 of a decade.

    It writes all of 1 to 9, one over the other, where a tick would stand for less than 0.3 decades.
    """
    known = [value for value in drawn if value is not None]
    decades = math.log10(max(known) / min(known)) if known else 0.0
    return 3 if decades < SHORT_LOG else 4


def budgets(device: Device | None) -> Mapping[str, Budget]:
    """Return what a device has, by the family of figures that it bounds."""
    if device is None:
        return {}
    return {
        "model_size": Budget(f"flash of {device.name}", device.flash_bytes),
        "working_memory": Budget(f"SRAM of {device.name}", device.sram_bytes),
    }


def leading(points: Iterable[tuple[float, float]], x: Axis, y: Axis) -> list[tuple[float, float]]:
    """Return what no other point dominates on two axes, by rising x; of equal ones the first."""
    right, up = (-1.0 if axis.objective.goal == "maximize" else 1.0 for axis in (x, y))
    best = float("inf")
    found = []
    for point in sorted(points, key=lambda each: (right * each[0], up * each[1])):
        if up * point[1] < best:
            best = up * point[1]
            found.append(point)
    return sorted(found)
