"""Metrics: what may be reported, and the values of a trial."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session, aliased

from service.errors import InvalidMetrics
from service.models import Metric, Trial

# Trials per query: a statement takes 32,766 parameters on SQLite and 65,535 on PostgreSQL.
AT_ONCE = 1000
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_:.@-]{0,63}")


def checked(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return metrics as floats.

    Raises:
        InvalidMetrics: a name is malformed or a value is not finite.
    """
    return {name: _checked(name, value) for name, value in metrics.items()}


def _checked(name: str, value: float) -> float:
    field = f"metrics.{name}"
    if NAME.fullmatch(name) is None:
        raise InvalidMetrics(
            field, f"{field}: need a name of up to 64 letters, digits and _:.@-, got {name!r}."
        )
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidMetrics(field, f"{field}: need a number, got {value!r}.")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InvalidMetrics(
            field,
            f"{field}: need a finite number, got {value}.",
            "If the training diverged, fail the trial with infeasible=true and the reason.",
        )
    return number


def checked_result(
    metrics: Mapping[str, float], measured: Iterable[str], known: Mapping[str, float]
) -> dict[str, float]:
    """Return the metrics of a finished trial as floats.

    Args:
        metrics: what was delivered.
        measured: what must be among it.
        known: the figures that cannot be others; none of a pruned network, where all are measured.

    Raises:
        InvalidMetrics: as `checked`; or a measured objective is missing, or a figure that is known
            exactly is reported with another value.
    """
    result = checked(metrics)
    for name in measured:
        if name not in result:
            given = ", ".join(result) or "none"
            raise InvalidMetrics(
                f"metrics.{name}", f"metrics.{name}: this objective is needed, got only {given}."
            )
    for name, value in known.items():
        if result.get(name, value) != value:
            raise InvalidMetrics(
                f"metrics.{name}",
                f"metrics.{name}: is known from the proposal as {value:g}, got {result[name]:g}.",
                f"Leave {name} out, or report the other figure under another name.",
            )
    return result


def store(session: Session, trial: Trial, result: Mapping[str, float]) -> dict[str, float]:
    """Write the values of a finished trial: what is known of it and what was measured.

    Returns:
        All of them, as `values_of` gives them.
    """
    values = {**known_of(trial), **dict(sorted(result.items()))}
    session.add_all(
        Metric(trial_id=trial.id, study_id=trial.study_id, name=name, value=value)
        for name, value in values.items()
    )
    return values


def known_of(trial: Trial) -> dict[str, float]:
    """Return the figures that are known of a trial without any work; predictions are none."""
    return {} if trial.pruned else dict(trial.known)


def values_of(session: Session, trials: Sequence[Trial]) -> dict[int, dict[str, float]]:
    """Return the values of each trial: known figures at once, the others when it has finished."""
    values = {trial.id: known_of(trial) for trial in trials}
    trial_ids = list(values)
    for first in range(0, len(trial_ids), AT_ONCE):
        rows = session.execute(
            select(Metric.trial_id, Metric.name, Metric.value)
            .where(Metric.trial_id.in_(trial_ids[first : first + AT_ONCE]))
            .order_by(Metric.trial_id, Metric.name)
        )
        for trial_id, name, value in rows:
            values[trial_id][name] = value
    return values


def with_values(trials: Select[Any], names: Sequence[str]) -> Select[Any]:
    """Add to columns of trials one for each of these metrics; None where a trial has none.

    Columns, not rows: ten thousand trials as objects take long.
    """
    for name in names:
        metric = aliased(Metric)
        here = and_(metric.trial_id == Trial.id, metric.name == name)
        trials = trials.outerjoin(metric, here).add_columns(metric.value)
    return trials
