"""Limits on the values of a front's trials: what keeps them, and why nothing does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tinyfront.errors import InvalidArgument
from tinyfront.numbers import number
from tinyfront.records import StudyConstraint, StudyObjective
from tinyfront.trial import Trial


@dataclass(frozen=True, slots=True)
class Limit:
    """The worst value that is wanted: the most, or of what is maximised the least."""

    name: str
    worst: float
    goal: str = "minimize"
    unit: str | None = None

    def excess(self, trial: Trial) -> float:
        """How far a trial is beyond the limit; not above 0 if it keeps it."""
        value = trial.values.get(self.name)
        if value is None:
            return float("inf")  # what is not known is not kept
        return value - self.worst if self.goal == "minimize" else self.worst - value

    def keeps(self, trial: Trial) -> bool:
        """Whether a trial keeps the limit."""
        return self.excess(trial) <= 0

    def __str__(self) -> str:
        sign = "<=" if self.goal == "minimize" else ">="
        return f"{self.name} {sign} {number(self.worst, self.unit)}"


def limits_of(
    given: Mapping[str, float],
    objectives: Sequence[StudyObjective],
    constraints: Sequence[StudyConstraint],
    trials: Iterable[Trial],
) -> tuple[Limit, ...]:
    """Read limits: on objectives and constraints in their direction, on other figures from above.

    Raises:
        InvalidArgument: no trial has such a value, several have that family, or it is no number.
    """
    known: dict[str, StudyObjective | StudyConstraint] = {each.name: each for each in constraints}
    known |= {each.name: each for each in objectives}
    names = list(dict.fromkeys([*known, *(name for trial in trials for name in trial.values)]))
    return tuple(_limit(name, worst, known, names) for name, worst in given.items())


def named(wanted: str, names: Sequence[str], field: str) -> str:
    """The name itself, or the only one of that family (`model_size` of `model_size:sparse`)."""
    if wanted in names:
        return wanted
    family = _family(wanted, names)
    if len(family) == 1:
        return family[0]
    raise InvalidArgument(field, f"need one of {', '.join(family or names)}, got {wanted!r}.")


def _family(wanted: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith((f"{wanted}:", f"{wanted}@"))]


def _limit(
    wanted: str,
    worst: float,
    known: Mapping[str, StudyObjective | StudyConstraint],
    names: Sequence[str],
) -> Limit:
    objectives = _family(wanted, known)
    # Beside an objective of that family trials have other figures of it: the objective is meant.
    name = objectives[0] if len(objectives) == 1 and wanted not in names else None
    name = named(wanted, names, "limits") if name is None else name
    try:
        value = float(worst)
    except (TypeError, ValueError):
        raise InvalidArgument(f"limits.{wanted}", f"need a number, got {worst!r}.") from None
    if value != value:
        raise InvalidArgument(f"limits.{wanted}", "need a number, got nan.")
    about = known.get(name)
    goal = "minimize" if about is None else about.goal
    return Limit(name, value, goal, getattr(about, "unit", None))


def kept(trials: Iterable[Trial], limits: Sequence[Limit]) -> list[Trial]:
    """The trials that keep every limit."""
    return [trial for trial in trials if all(limit.keeps(trial) for limit in limits)]


def why_none(study: str, trials: Sequence[Trial], limits: Sequence[Limit]) -> str:
    """Say which limit excludes all trials, or that only all together do, and what is nearest."""
    for limit in limits:
        if not any(limit.keeps(trial) for trial in trials):
            nearest = min(trials, key=limit.excess)
            return (
                f"No trial of the front of {study} keeps {limit}: "
                f"the nearest is {_told(nearest, [limit])}."
            )
    listed = " and ".join(str(limit) for limit in limits)
    nearest = min(trials, key=lambda trial: max(_share(limit, trial) for limit in limits))
    return (
        f"No trial of the front of {study} keeps {listed} together, though each alone is kept: "
        f"the nearest is {_told(nearest, limits)}."
    )


def _share(limit: Limit, trial: Trial) -> float:
    """The excess as a share of the limit, so that bytes and errors compare."""
    excess = limit.excess(trial)
    return excess / abs(limit.worst) if limit.worst else excess


def _told(trial: Trial, limits: Sequence[Limit]) -> str:
    values = [f"{each.name} {number(trial.values.get(each.name), each.unit)}" for each in limits]
    return f"trial {trial.number} with {', '.join(values)}"
