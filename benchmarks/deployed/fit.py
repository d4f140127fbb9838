"""The costs of `resource_models/counted.py`, fitted to counted layers; how well they foretell."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from benchmarks.deployed.counting import examples, macs_of

FOLDS = 5
Layers = Sequence[tuple[str, tuple[float, ...], int]]
Costs = dict[str, tuple[float, ...]]
Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quality:
    """How near foretold instructions of networks come to counted ones."""

    r2: float
    mean_error: float  # of each network, relative to what was counted
    worst_error: float


def fitted(layers: Iterable[tuple[str, tuple[float, ...], int]]) -> Costs:
    """Costs >= 0 that foretell each layer with the least square of the relative error.

    Relative, so that small layers count; not below 0, so that no layer of any size is foretold to
    save instructions.
    """
    by_form: dict[str, list[tuple[tuple[float, ...], int]]] = defaultdict(list)
    for form, counts, instructions in layers:
        by_form[form].append((counts, instructions))
    costs = {}
    for form, rows in sorted(by_form.items()):
        design = np.array([counts for counts, _ in rows], float)
        told = np.array([instructions for _, instructions in rows], float)
        scale = np.maximum(np.abs(design / told[:, None]).max(0), 1e-12)
        found, _ = nnls(design / told[:, None] / scale, np.ones(len(told)))
        costs[form] = tuple(float(f"{cost:.5g}") for cost in found / scale)
    return costs


def foretold(layers: Layers, costs: Mapping[str, tuple[float, ...]]) -> float:
    """Instructions of a network; a form that was not fitted counts as nothing."""
    return sum(float(np.dot(costs[form], counts)) for form, counts, _ in layers if form in costs)


def quality(told: Vector, counted: Vector) -> Quality:
    """Of networks that the fit has not seen."""
    errors = np.abs(told - counted) / counted
    spread = ((counted - counted.mean()) ** 2).sum()
    r2 = 1 - ((told - counted) ** 2).sum() / spread
    return Quality(float(r2), float(errors.mean()), float(errors.max()))


def held_out(lines: Sequence[Mapping[str, Any]], core: str) -> tuple[Quality, Quality]:
    """Of the formula, and of a line through MACs alone, each fitted to the other folds."""
    layers = [examples(line, core) for line in lines]
    ordinary = [examples(line, core, ordinary=True) for line in lines]
    counted = np.array([sum(count for *_, count in network) for network in layers], float)
    macs = np.array([macs_of(line) for line in lines], float)
    told, plain = np.zeros(len(lines)), np.zeros(len(lines))
    fold = np.arange(len(lines)) % FOLDS
    for number in range(FOLDS):
        seen, unseen = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        costs = fitted(layer for i in seen for layer in ordinary[i])
        told[unseen] = [foretold(layers[i], costs) for i in unseen]
        plain[unseen] = _by_macs(macs[seen], counted[seen], macs[unseen])
    return quality(told, counted), quality(plain, counted)


def _by_macs(macs: Vector, counted: Vector, others: Vector) -> Vector:
    design = np.stack([np.ones_like(macs), macs], 1) / counted[:, None]
    (fixed, each), *_ = np.linalg.lstsq(design, np.ones(len(counted)), rcond=None)
    found: Vector = fixed + each * others
    return found
