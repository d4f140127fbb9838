"""Trials as a pandas data frame."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tinyfront.errors import MissingPackage
from tinyfront.trial import Trial

if TYPE_CHECKING:
    from pandas import DataFrame

PARAMETER = "parameter."  # before the name of a parameter, so that no value has the same
FIXED = ("id", "status", "feasible", "on_front", "finish_no", "designer", "origin", "reason")


def frame(trials: Iterable[Trial], *, flat: bool) -> DataFrame:
    """One row a trial, indexed by its number; a column for each value.

    Args:
        trials: Any order; it is kept.
        flat: Whether points are parameters, which get a column each (`parameter.x`). The point of
            a network is one column of JSON.
    """
    package = pandas()
    rows = [_row(trial, flat) for trial in trials]
    columns = None if rows else ["number", *FIXED]
    table: DataFrame = package.DataFrame(rows, columns=columns).set_index("number")
    return table


def pandas() -> Any:
    """The package, imported when it is needed.

    Raises:
        MissingPackage: it is not installed.
    """
    try:
        import pandas as package  # an optional package, and slow to import
    except ImportError:
        raise MissingPackage("pandas", "pandas") from None
    return package


def _row(trial: Trial, flat: bool) -> dict[str, Any]:
    fixed = {"number": trial.number} | {name: getattr(trial, name) for name in FIXED}
    if not flat:
        return fixed | dict(trial.values) | {"point": trial.point}
    point = {f"{PARAMETER}{name}": value for name, value in trial.point.items()}
    return fixed | dict(trial.values) | point
