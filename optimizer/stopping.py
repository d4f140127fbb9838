"""Which trainings are worth going on with: successive halving for several objectives.

A rung is a number of epochs. When a trial reports there, it is compared with all trials of its
kind that ever reported at this rung, and ends unless it belongs to the best third. That is
successive halving (Jamieson and Talwalkar 2016) without waiting, as ASHA does (Li et al. 2020): one
decision per trial and rung, by what is known at that moment, and never undone.

"Best" is the order of Schmucker et al. 2021 (multi-objective ASHA): first by layers, as NSGA-II and
SMS-EMOA sort them (Deb et al. 2002, Beume et al. 2007), then within a layer. They found orders that
know the shape of the front ahead of random scalarisations. Inside a layer ours is SMS-EMOA's: the
hypervolume that a trial alone adds to it, on the problem's scales, which favours what is far from
others without favouring the ends only, and needs no number of neighbours.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import moocore
import numpy as np
import numpy.typing as npt

from optimizer.errors import InvalidProblem
from optimizer.pareto import MOST_SCORE
from optimizer.problem import Objective, Problem

Scores = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Phase = Literal["none", "before", "after"]

RULE = "halving"
ERROR = "error"
# Rungs by default: a ninth and a third of the epochs (eta 3). An earlier one would judge networks
# while a one-cycle schedule still warms up, a later one has hardly anything left to save.
DEFAULT_RUNGS = 2
# Contributions of k points take 2 s for k = 1,000 and 4 objectives, 1 s for 300 and 5, 0.4 s for
# 100 and 6 (measured); a decision shall take a tenth of that. With 3 objectives, 2,000 take 5 ms.
LARGEST_LAYER = {4: 300, 5: 150, 6: 64, 7: 32, 8: 20}


@dataclass(frozen=True, slots=True)
class Halving:
    """Of those of a kind that reach a rung, about one in `eta` goes on.

    `least_trials` of a kind must have reached a rung before anything is stopped there.
    `first_epoch` is the first rung, each further one lies `eta` times later; None lets the rungs
    end at the full training: with `eta` 3 at a ninth and a third of it.
    """

    eta: int = 3
    least_trials: int = 8
    first_epoch: int | None = None

    def __post_init__(self) -> None:
        _need("eta", self.eta, 2)
        _need("least_trials", self.least_trials, 2)
        if self.first_epoch is not None:
            _need("first_epoch", self.first_epoch, 1)

    def next_rung(self, done: int, epochs: int | None, cut_after: int = 0) -> int | None:
        """The first rung beyond `done` epochs; None if there is none before the training ends.

        Args:
            done: own epochs so far.
            epochs: those of the whole training; None for a black box, whose end nobody knows.
            cut_after: the epoch after which a network is pruned, 0 for none. Rungs are counted from
                there on: what was reported before is of another, larger network.
        """
        if self.first_epoch is not None:
            step = float(self.first_epoch)
        elif epochs is not None:
            step = (epochs - cut_after) / self.eta**DEFAULT_RUNGS
        else:
            return None
        while True:
            rung = cut_after + max(1, round(step))
            if epochs is not None and rung >= epochs:
                return None
            if rung > done:
                return rung
            step *= self.eta

    def rungs(self, epochs: int, cut_after: int = 0) -> tuple[int, ...]:
        """All rungs of a training of so many epochs, rising: (2, 7) for 20, (1,) for 2."""
        found: list[int] = []
        rung = self.next_rung(0, epochs, cut_after)
        while rung is not None:
            found.append(rung)
            rung = self.next_rung(rung, epochs, cut_after)
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, read by `from_json`."""
        return {
            "rule": RULE,
            "eta": self.eta,
            "least_trials": self.least_trials,
            "first_epoch": self.first_epoch,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Halving":
        """Read what `to_json` wrote; fields may be missing.

        Raises:
            InvalidProblem: a field is unknown, or has a value that makes no sense.
        """
        fields = dict(data)
        rule = fields.pop("rule", RULE)
        if rule != RULE:
            raise InvalidProblem("stopping.rule", f"need {RULE}, got {rule!r}")
        unknown = sorted(fields.keys() - {"eta", "least_trials", "first_epoch"})
        if unknown:
            raise InvalidProblem(f"stopping.{unknown[0]}", "the rule has no such field")
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class Kind:
    """Trials of one kind compare at equal own epochs; others had another start.

    `pruning` says whether the network is pruned in its training, and whether that is still to
    come. A network is never stopped before it is cut: until then nobody knows what it costs.
    """

    inherits: bool = False
    pruning: Phase = "none"

    def __str__(self) -> str:
        origin = "that inherit" if self.inherits else "from scratch"
        return f"{origin}, pruned" if self.pruning != "none" else origin


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of a trial after so many epochs of its own.

    `values` holds the measured objectives as they are now and the known figures, in their own
    units; of a pruned network those that were counted after the cut.
    """

    trial: int
    epoch: int
    values: Mapping[str, float]
    kind: Kind = Kind()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a trial was stopped: `rank` 1 would have been the best of `of`."""

    kind: Kind
    epoch: int
    rank: int
    of: int
    kept: int

    def __str__(self) -> str:
        return (
            f"rank {self.rank} of {self.of} after epoch {self.epoch} among trials {self.kind}, "
            f"of which the best {self.kept} go on."
        )


def stops(problem: Problem, rule: Halving, mine: Report, others: Sequence[Report]) -> Reason | None:
    """Decide whether a trial ends at a rung that it has just reached.

    Never stopped is: a trial while fewer than `least_trials` of its kind have reached this rung,
    itself included; one before its pruning ends; one that no other of its kind dominates there;
    one whose values are incomplete; any trial of a problem without fixed scales. Trials that break
    a limit of a known figure rank behind all that keep it (Deb et al. 2002), since no further epoch
    changes that. Equals rank alike, so the order of `others` decides nothing.

    Args:
        problem: with scales; knows the number of validation images.
        rule: how many go on.
        mine: the report that the decision is about. Whether its epoch is a rung is up to the
            caller: `if report.epoch in rule.rungs(epochs)`.
        others: reports of other trials, running, finished or stopped. Those of another kind, at
            another epoch, of the same trial or incomplete are left out here.

    Returns:
        Why it ends; None if it goes on.

    Example:
        >>> from optimizer.problem import Objective, Problem
        >>> from optimizer.scale import Scale
        >>> from optimizer.space import space_from_json
        >>> x = {"name": "x", "kind": "real", "low": 0.0, "high": 1.0}
        >>> space = space_from_json({"kind": "parameters", "parameters": [x]})
        >>> problem = Problem(space, (Objective("loss", scale=Scale(0.0, 1.0)),))
        >>> rule = Halving()
        >>> seen = [Report(n, 7, {"loss": 0.1 + n / 100}) for n in range(8)]
        >>> stops(problem, rule, Report(8, 7, {"loss": 0.5}), seen).rank
        9
        >>> stops(problem, rule, Report(8, 7, {"loss": 0.05}), seen) is None
        True
    """
    rivals = [r for r in others if _comparable(r, mine)]
    if mine.kind.pruning == "before" or not problem.scaled:
        return None
    reports = [mine, *rivals]
    values = _values(problem, reports)
    complete: Mask = np.asarray(np.isfinite(values).all(axis=1))
    if not complete[0] or complete.sum() < rule.least_trials:
        return None
    kept = [_keeps_limits(problem, report) for report in reports]
    values, hopeless = values[complete], ~np.array(kept)[complete]
    better = _better(problem, values, hopeless)
    of = len(values)
    goes_on = max(1, of // rule.eta)
    if better is None or better < goes_on:
        return None
    return Reason(mine.kind, mine.epoch, better + 1, of, goes_on)


def cut_after(end: float, epochs: int) -> int:
    """The epoch after which a worker cuts a network that is pruned until this share of them."""
    return min(max(1, round(end * epochs)), max(1, epochs - 1))


def _comparable(other: Report, mine: Report) -> bool:
    return (other.kind, other.epoch) == (mine.kind, mine.epoch) and other.trial != mine.trial


def _values(problem: Problem, reports: Sequence[Report]) -> Scores:
    """`n x m`, in the objectives' own units, the error smoothed; NaN where a value is missing."""
    rows = [[r.values.get(name, math.nan) for name in problem.names] for r in reports]
    values = np.array(rows, dtype=np.float64).reshape(len(reports), len(problem.names))
    if problem.validation is not None and ERROR in problem.names:
        # As the models see it (optimizer/targets.py): no network is without any error.
        column, images = problem.names.index(ERROR), problem.validation
        wrong = np.clip(np.round(values[:, column] * images), 0, images)
        values[:, column] = (wrong + 0.5) / (images + 1)
    return values


def _keeps_limits(problem: Problem, report: Report) -> bool:
    """Whether no known figure breaks a limit; what is measured may still get better."""
    known = problem.space.known_names
    return problem.keeps_limits({name: v for name, v in report.values.items() if name in known})


def _better(problem: Problem, values: Scores, hopeless: Mask) -> int | None:
    """How many rows rank before row 0; None for one of the first layer, which always goes on.

    Args:
        problem: with scales.
        values: `n x m`, finite, in the objectives' own units.
        hopeless: `n`, rows that break a limit for good.
    """
    # By the values themselves: on a log scale all that lies beyond the ideal would be equal.
    ordered = values * [-1.0 if o.goal == "minimize" else 1.0 for o in problem.objectives]
    layers = np.empty(len(values), dtype=np.intp)
    layers[~hopeless] = _layers(ordered[~hopeless])
    layers[hopeless] = len(values) + _layers(ordered[hopeless])
    layer = layers[0]
    if layer == layers.min() and not hopeless[0]:
        return None
    before = int((layers < layer).sum())
    same = np.flatnonzero(layers == layer)  # row 0 first
    if values.shape[1] == 1 or len(same) > LARGEST_LAYER.get(values.shape[1], len(same)):
        return before  # one objective: the rows of a layer are equal
    gains = _contributions(problem.objectives, values[same])
    return before + int((gains > gains[0]).sum())


def _layers(ordered: Scores) -> npt.NDArray[np.intp]:
    """`n`, from 0: the front, then the front of what remains, and so on; larger is better."""
    if len(ordered) == 0:
        return np.empty(0, dtype=np.intp)
    return np.asarray(moocore.pareto_rank(ordered, maximise=True), dtype=np.intp)


def _contributions(objectives: Sequence[Objective], values: Scores) -> Scores:
    """`n`: the hypervolume that each row alone adds; equal rows share what they add together."""
    columns = [o.scale.score(values[:, k]) for k, o in enumerate(objectives) if o.scale is not None]
    scores = np.clip(np.stack(columns, axis=1), 0.0, MOST_SCORE)
    rows, which = np.unique(scores, axis=0, return_inverse=True)
    gains = moocore.hv_contributions(rows, ref=np.zeros(rows.shape[1]), maximise=True)
    return np.asarray(gains, dtype=np.float64)[which.reshape(-1)]


def _need(field: str, value: Any, least: int) -> None:
    if type(value) is not int or value < least:
        need = f"need a whole number from {least}, got {value!r}"
        raise InvalidProblem(f"stopping.{field}", need)
