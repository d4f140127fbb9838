"""What was tried and what came out. The only place where results turn into scores."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from optimizer.errors import InvalidObservation, InvalidProblem
from optimizer.pareto import non_dominated
from optimizer.problem import Problem
from optimizer.space import Point, Space

Status = Literal["completed", "infeasible", "stopped", "failed", "cancelled"]
STATUSES = ("completed", "infeasible", "stopped", "failed", "cancelled")
Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Observation:
    """One finished trial, as a designer sees it.

    `values` holds measured results and known figures, each finite, in their own units.
    `key` is the space's key of the point where the caller has it at hand, else it is computed.
    """

    point: Point
    values: Mapping[str, float]
    finish_no: int
    status: Status = "completed"
    origin: str = "random"
    epochs: float = 0.0
    key: str = ""

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            known = ", ".join(STATUSES)
            raise InvalidObservation("status", f"need one of {known}, got {self.status!r}")
        if self.finish_no < 1:
            raise InvalidObservation("finish_no", f"need at least 1, got {self.finish_no}")
        for name, value in self.values.items():
            if not math.isfinite(value):
                raise InvalidObservation(f"values.{name}", f"need a finite number, got {value}")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, read by `from_json`."""
        return {
            "point": self.point,
            "values": dict(self.values),
            "finish_no": self.finish_no,
            "status": self.status,
            "origin": self.origin,
            "epochs": self.epochs,
            "key": self.key,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Observation":
        """Read what `to_json` wrote."""
        return cls(**data)


@dataclass(frozen=True)
class History:
    """The finished trials of a study, in the order of their `finish_no`."""

    observations: tuple[Observation, ...] = field(default=())

    def __post_init__(self) -> None:
        numbers = [o.finish_no for o in self.observations]
        if any(later <= earlier for earlier, later in itertools.pairwise(numbers)):
            raise InvalidObservation("finish_no", "need rising numbers, each once")

    def __len__(self) -> int:
        return len(self.observations)

    @property
    def version(self) -> int:
        """The largest `finish_no`; 0 while nothing has finished."""
        return self.observations[-1].finish_no if self.observations else 0

    @property
    def completed(self) -> Mask:
        """`n`, boolean: the trials whose values are final. Stopped ones are not."""
        return self.of_status("completed")

    def of_status(self, *statuses: Status) -> Mask:
        """`n`, boolean: the trials that ended so."""
        return np.isin(self._statuses, statuses)

    def keys(self, space: Space) -> set[str]:
        """The keys of all points that were tried, whatever became of them."""
        return {o.key or space.key(o.point) for o in self.observations}

    def values(self, names: Sequence[str]) -> Array:
        """Results in their own units and directions.

        Returns:
            `n x len(names)`; NaN where a trial has no such value.
        """
        columns = [self._column(name) for name in names]
        return np.stack(columns, axis=1) if columns else np.empty((len(self), 0))

    def _column(self, name: str) -> Array:
        """The values of one name; looked up once, for a proposal asks for them many times."""
        if name not in self._columns:
            told = [o.values.get(name, math.nan) for o in self.observations]
            self._columns[name] = np.array(told, dtype=np.float64)
        return self._columns[name]

    @cached_property
    def _columns(self) -> dict[str, Array]:
        return {}

    @cached_property
    def _statuses(self) -> npt.NDArray[np.str_]:
        return np.array([o.status for o in self.observations], dtype=np.str_)

    def scores(self, problem: Problem) -> Array:
        """Results on the problem's scales: larger is better, 0 the reference, 1 the ideal.

        Returns:
            `n x m`, one column per objective; NaN where a trial has no such value, whatever its
            status: mask with `completed` before you call anything a front.

        Raises:
            InvalidProblem: while a scale is not fixed.
        """
        values = self.values(problem.names)
        scores = np.empty_like(values)
        for column, objective in enumerate(problem.objectives):
            if objective.scale is None:
                raise InvalidProblem(
                    f"objectives.{column}.scale", f"{objective.name} has no scale yet"
                )
            scores[:, column] = objective.scale.score(values[:, column])
        return scores

    def feasible(self, problem: Problem) -> Mask:
        """`n`, boolean: completed trials that break no limit."""
        kept = self.completed
        for judge in problem.judges:
            if judge.limit is not None:
                sign = 1.0 if judge.goal == "minimize" else -1.0
                # A value that is missing is not judged: NaN is not beyond anything.
                kept &= ~(sign * self._column(judge.name) > sign * judge.limit)
        return kept

    def front(self, problem: Problem) -> Mask:
        """`n`, boolean: feasible trials that no other feasible trial dominates."""
        marked = self.feasible(problem)
        rows = np.flatnonzero(marked)
        marked[rows] = non_dominated(self.scores(problem)[rows])
        return marked
