"""The front of a study: its trials that no other trial beats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, overload

from tinyfront.errors import InvalidArgument, TinyfrontError
from tinyfront.frames import frame
from tinyfront.numbers import number
from tinyfront.records import StudyObjective
from tinyfront.trial import Trial

if TYPE_CHECKING:
    from pandas import DataFrame
    from plotly.graph_objects import Figure

    from tinyfront.study import Study


class Front(Sequence[Trial]):
    """Trials of a front, sorted by the first objective; a sequence that does not change."""

    def __init__(
        self, study: Study, objectives: Iterable[StudyObjective], trials: Iterable[Trial]
    ) -> None:
        self.study = study
        self.objectives = tuple(objectives)
        self._trials = tuple(trials)

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

    def best(self, objective: str, fits: str | None = None) -> Trial:
        """The trial with the best value of one objective.

        Args:
            objective: Its name; `model_size` finds the study's `model_size:deployed`.
            fits: A device; the server is asked for the front of what fits its flash and SRAM.

        Raises:
            InvalidArgument: the study has no such objective.
            TinyfrontError: no trial of the front fits, or the front is empty.
        """
        wanted = find_objective(self.objectives, objective)
        trials = self if fits is None else self.study.front(device=fits)
        if not trials:
            on_device = "" if fits is None else f" that fits {fits}"
            raise TinyfrontError(f"The front of {self.study.name} has no trial{on_device}.")
        choose: Callable[..., Trial] = min if wanted.goal == "minimize" else max
        return choose(trials, key=lambda trial: trial.values[wanted.name])

    def to_pandas(self) -> DataFrame:
        """One row a trial, in the order of the front."""
        return frame(self._trials, flat=self.study.is_black_box)

    def plot(self, *, three_d: bool = False) -> Figure:
        """Draw the front as the server shows it now, in two dimensions or in three."""
        return self.study.plot("front3d" if three_d else "front")


def find_objective(objectives: Sequence[StudyObjective], name: str) -> StudyObjective:
    """The objective of that name, or the only one of that family (`model_size` of `…:sparse`)."""
    exact = [each for each in objectives if each.name == name]
    family = [each for each in objectives if each.name.startswith(f"{name}:")]
    found = exact or family
    if len(found) == 1:
        return found[0]
    names = ", ".join(each.name for each in objectives)
    raise InvalidArgument("objective", f"need one of {names}, got {name!r}.")
