"""The front of a study: its trials that no other trial beats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from tinyfront.errors import NothingFits
from tinyfront.frames import frame
from tinyfront.knee import knee
from tinyfront.limits import kept, limits_of, why_none
from tinyfront.limits import named as named_of
from tinyfront.numbers import number
from tinyfront.records import StudyObjective
from tinyfront.trial import Trial

if TYPE_CHECKING:
    from pandas import DataFrame
    from plotly.graph_objects import Figure

    from tinyfront.findings import Findings


class Front(Sequence[Trial]):
    """Trials of a front, sorted by the first objective; a sequence that does not change."""

    def __init__(
        self, study: Findings, objectives: Iterable[StudyObjective], trials: Iterable[Trial]
    ) -> None:
        self.study = study
        self.objectives = tuple(objectives)
        self._trials = tuple(trials)
        self._why_empty = ""

    @overload
    def __getitem__(self, index: int) -> Trial: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Trial]: ...
    def __getitem__(self, index: int | slice) -> Trial | Sequence[Trial]:
        return self._trials[index]

    def __len__(self) -> int:
        return len(self._trials)

    def __repr__(self) -> str:
        names = ", ".join(each.name for each in self.objectives)
        return f"<Front of {self.study.name}: {len(self)} trials over {names}>"

    def __str__(self) -> str:
        """A small table for `print`: a row a trial, a column for each objective."""
        rows = [["trial", *(each.name for each in self.objectives)]]
        for trial in self:
            values = [trial.values.get(each.name) for each in self.objectives]
            rows.append([str(trial.number), *(number(value) for value in values)])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(map(str.rjust, row, widths)) for row in rows]
        return "\n".join(lines)

    def within(self, limits: Mapping[str, float] | None = None, **named: float) -> Front:
        """The trials that keep all limits: `front.within(error=0.05, model_size=64_000)`.

        A limit is the worst value that is wanted: the most of an objective that is minimised, the
        least of one that is maximised. Other figures of the trials, such as `macs`, are limited
        from above. A name with a colon goes into a mapping: `within({"model_size:sparse": 2770})`.

        Raises:
            InvalidArgument: no trial has such a value, or a limit is no number.
        """
        if not self._trials:
            return self
        constraints = self.study.state.constraints
        given = {**(limits or {}), **named}
        read = limits_of(given, self.objectives, constraints, self._trials)
        found = Front(self.study, self.objectives, kept(self._trials, read))
        if not found:
            found._why_empty = why_none(self.study.name, self._trials, read)
        return found

    def best(
        self,
        objective: str,
        limits: Mapping[str, float] | None = None,
        *,
        fits: str | None = None,
        **named: float,
    ) -> Trial:
        """The trial with the best value of one objective: `front.best("error", model_size=64_000)`.

        Args:
            objective: Its name; `model_size` finds the study's `model_size:deployed`.
            limits: As in `within`.
            fits: A device; the server is asked for the front of what fits its flash and SRAM.
            named: Limits, too.

        Raises:
            InvalidArgument: the study has no such objective or value.
            NothingFits: no trial of the front does; the message says which limit excludes all, and
                what comes nearest.
        """
        wanted = find_objective(self.objectives, objective)
        trials = self._fitting(fits).within(limits, **named)._some()
        choose: Callable[..., Trial] = min if wanted.goal == "minimize" else max
        return choose(trials, key=lambda trial: trial.values[wanted.name])

    def knee(self, fits: str | None = None) -> Trial:
        """The trial at the knee, a good compromise when nothing speaks for another one.

        Of all trials it lies farthest below the plane through the ends of the front, each objective
        on the study's own scale (`tinyfront.knee` has the formula and its source). Ends decide
        where the plane lies: leave out what nobody wants first, `front.within(error=0.2).knee()`.

        Raises:
            NothingFits: the front is empty.
        """
        return knee(self.objectives, self._fitting(fits)._some())

    def to_pandas(self) -> DataFrame:
        """One row a trial, in the order of the front."""
        return frame(self._trials, flat=self.study.is_black_box)

    def plot(self, *, three_d: bool = False, **options: Any) -> Figure:
        """Draw the front as the server shows it now, in two dimensions or in three."""
        return self.study.plot("front3d" if three_d else "front", **options)

    def _fitting(self, device: str | None) -> Front:
        if device is None:
            return self
        found = self.study.front(device=device)
        if not found:
            found._why_empty = f"No trial of the front of {self.study.name} fits {device}."
        return found

    def _some(self) -> Sequence[Trial]:
        if not self._trials:
            raise NothingFits(self._why_empty or f"The front of {self.study.name} has no trial.")
        return self._trials


def find_objective(objectives: Sequence[StudyObjective], name: str) -> StudyObjective:
    """The objective of that name, or the only one of that family (`model_size` of `…:sparse`)."""
    found = named_of(name, [each.name for each in objectives], "objective")
    return next(each for each in objectives if each.name == found)
