"""Which features of a study's trials mattered for each of its objectives."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from optimizer.importance import LEAST, TREES, Importance, importance
from optimizer.problem import Objective
from optimizer.scale import WORST_Z
from service.features import Results

# So many trees an objective where there are several: an answer shall not take seconds.
LEAST_TREES = 8
EXPLAINED = "{percent:.0f} % of the variance of results that the model had not seen is explained."


@dataclass(frozen=True, slots=True)
class Shares:
    """How the variance of one objective is shared out, largest share first."""

    name: str
    basis: int
    explained: float | None
    features: tuple[tuple[str, float], ...]
    note: str


def importances(found: Results, objectives: tuple[Objective, ...]) -> list[Shares]:
    """Share the variance of each objective out among the features of the results."""
    trees = max(LEAST_TREES, 2 * TREES // max(2, len(objectives)))
    columns = [feature.column for feature in found.features]
    rows = np.array([feature.coordinates for feature in found.features]).T
    return [_shares(found, rows, columns, objective, trees) for objective in objectives]


def _shares(found: Results, rows: Any, columns: Any, objective: Objective, trees: int) -> Shares:
    told = found.figures[objective.name]
    valued = [at for at, value in enumerate(told) if value is not None]
    values = np.array([told[at] for at in valued], dtype=np.float64)
    if objective.scale is not None:
        # As it is judged; one value far beyond the reference would else be all the variance.
        values = np.clip(objective.scale.z(values), -WORST_Z, WORST_Z)
    if not columns:
        return Shares(objective.name, len(valued), None, (), _without_features(len(valued)))
    result = importance(rows[valued], values.tolist(), columns, trees)
    pairs = zip((column.name for column in columns), result.shares, strict=False)
    features = tuple(sorted(pairs, key=lambda pair: -pair[1]))
    return Shares(objective.name, result.basis, result.explained, features, _note(result))


def _without_features(basis: int) -> str:
    if basis < LEAST:
        return f"Needs {LEAST} results; there are {basis}."
    return "All results have the same features."


def _note(result: Importance) -> str:
    """What a reader must know before believing the shares."""
    if not result.differ:
        return f"All {result.basis:,} results have the same value."
    if result.explained is None:
        return _without_features(result.basis)
    told = EXPLAINED.format(percent=100 * result.explained)
    if not result.shares:
        return f"From {result.basis:,} results nothing can be told. {told}"
    return f"From {result.basis:,} results. {told}"
