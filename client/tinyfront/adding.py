"""Add past results to a study: each once, however often they are added."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinyfront.errors import Conflict, InvalidArgument, Refused, WrongRows
from tinyfront.past import Row
from tinyfront.trial import Trial

if TYPE_CHECKING:
    from tinyfront.study import Study


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of a row: the trial that holds it already, or how it is sent."""

    row: Row
    present: Trial | None = None
    replicate: bool = False


def add(study: Study, rows: Sequence[Row], replicates: bool) -> list[Trial]:
    """Add what the study does not hold yet, and return the trials of all rows in their order.

    Raises:
        WrongRows: a point is held with other values, or the server refuses it.
        InvalidArgument: the budget has no room.
    """
    state = study.refresh().state
    steps = plan(rows, study.trials(), replicates)
    new = [step for step in steps if step.present is None]
    room = max(state.trials - state.finished, 0)
    if len(new) > room:
        raise InvalidArgument(
            "results",
            f"the budget of {state.name} has room for {room} of {len(new)} new results; "
            f"give it more by study.extend({len(new) - room}).",
        )
    return _send(study, steps)


def plan(rows: Sequence[Row], present: Iterable[Trial], replicates: bool) -> list[Step]:
    """Find out which rows are there already; a pure function.

    Raises:
        WrongRows: a point is held with other values, or is to be measured, and is no replicate.
    """
    held: dict[Any, list[Trial]] = defaultdict(list)
    for trial in present:
        held[_same(trial.point)].append(trial)
    sent: dict[Any, int] = {}
    steps: list[Step] = []
    problems: dict[int, str] = {}
    for row in rows:
        key = _same(row.point)
        twins = held[key]
        equal = next((trial for trial in twins if _holds(trial, row)), None)
        if equal is not None:
            twins.remove(equal)  # a second row like this one is a second measurement
            steps.append(Step(row, equal))
            sent.setdefault(key, row.place)
            continue
        if (twins or key in sent) and not replicates:
            problems[row.place] = _twin_text(twins, sent.get(key))
        steps.append(Step(row, replicate=bool(twins) or key in sent))
        sent.setdefault(key, row.place)
    if problems:
        raise WrongRows(problems, len(rows), added=0)
    return steps


def _send(study: Study, steps: Sequence[Step]) -> list[Trial]:
    trials: list[Trial] = []
    problems: dict[int, str] = {}
    for step in steps:
        if step.present is not None:
            trials.append(step.present)
            continue
        row = step.row
        try:
            trials.append(study.enqueue(row.point, row.values, replicate=step.replicate))
        except (Conflict, Refused) as refused:
            problems[row.place] = str(refused)
    if problems:
        added = sum(step.present is None for step in steps) - len(problems)
        raise WrongRows(problems, len(steps), added)
    return trials


def _twin_text(twins: Sequence[Trial], row: int | None) -> str:
    how = "give replicates=True to add it as a further measurement."
    if not twins:
        return f"the point is that of row {row}; {how}"
    twin = twins[0]
    if twin.status in {"queued", "running"}:
        return f"the point is about to be measured as trial {twin.number}; {how}"
    return f"the study holds the point as trial {twin.number} with other values; {how}"


def _holds(trial: Trial, row: Row) -> bool:
    return trial.status == "completed" and all(
        trial.values.get(name) == value for name, value in row.values.items()
    )


def _same(value: Any) -> Any:
    """A key that is the same for the same point, whatever its numbers came as."""
    if isinstance(value, Mapping):
        return frozenset((name, _same(each)) for name, each in value.items())
    if isinstance(value, list | tuple):
        return tuple(_same(each) for each in value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return type(value).__name__, value
    return float(value)
