"""Trials as a pandas data frame."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tinyfront.errors import MissingPackage
from tinyfront.trial import Trial

if TYPE_CHECKING:
    from pandas import DataFrame

FIXED = ("id", "status", "feasible", "on_front", "finish_no", "designer", "origin", "reason")


def frame(trials: Iterable[Trial], *, flat: bool) -> DataFrame:
    """One row a trial, indexed by its number; a column for each value.

    Args:
        trials: Any order; it is kept.
        flat: Whether points are parameters, which get a column each (`parameter.x`). The point of
            a network is one column of JSON.
    """
    try:
        import pandas  # an optional package, and slow to import
    except ImportError:
        raise MissingPackage("pandas", "pandas") from None
    rows = [_row(trial, flat) for trial in trials]
    if not rows:
        return pandas.DataFrame(columns=list(FIXED)).rename_axis("number")
    return pandas.DataFrame(rows).set_index("number")


def _row(trial: Trial, flat: bool) -> dict[str, Any]:
    fixed = {"number": trial.number} | {name: getattr(trial, name) for name in FIXED}
    if not flat:
        return fixed | dict(trial.values) | {"point": trial.point}
    point = {f"parameter.{name}": value for name, value in trial.point.items()}
    return fixed | dict(trial.values) | point
