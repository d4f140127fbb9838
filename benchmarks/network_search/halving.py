"""The stopping rule of the optimiser as a watch over the trials of a run."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.network_search.trials import Trial, Watch
from optimizer.problem import Problem
from optimizer.proposal import Proposal
from optimizer.space import Point
from optimizer.stopping import Halving, Kind, Report, cut_after, stops

RULE = Halving()


def watch_of(problem: Problem, before: Sequence[Trial], number: int, proposal: Proposal) -> Watch:
    """What the rule says of a trial as it reports, knowing the reports of those before it."""
    epochs, cut, _ = _course(problem, proposal.point)
    rungs = RULE.rungs(epochs, cut)

    def watch(epoch: int, metrics: Mapping[str, float]) -> bool:
        if epoch not in rungs:
            return False
        mine = _report(problem, number, proposal.point, epoch, {**proposal.known, **metrics})
        others = [
            _report(problem, t.number, t.point, epoch, {**t.values, "error": t.errors[epoch - 1]})
            for t in before
            if len(t.errors) >= epoch
        ]
        return stops(problem, RULE, mine, others) is not None

    return watch


def _course(problem: Problem, point: Point) -> tuple[int, int, bool]:
    """The epochs of a training, the one after which it prunes (0: none), whether it inherits."""
    work: dict[str, Any] = problem.space.work(point)
    epochs = work["training"]["epochs"]
    cut = 0 if work["pruning"] is None else cut_after(work["pruning"]["end"], epochs)
    return epochs, cut, work["parent"] is not None


def _report(
    problem: Problem, number: int, point: Point, epoch: int, values: Mapping[str, float]
) -> Report:
    """A trial after an epoch; the network is cut behind epoch `cut`, so that one is before."""
    _, cut, inherits = _course(problem, point)
    pruning: Any = "none" if cut == 0 else "before" if epoch <= cut else "after"
    return Report(number, epoch, values, Kind(inherits, pruning))
