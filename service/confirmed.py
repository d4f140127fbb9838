"""What the confirm runs of a study say: mean and deviation of each network, and of the front."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from optimizer.problem import Problem
from service import fronts, metrics, studies
from service.fronts import Values
from service.models import Study, Trial
from service.states import CONFIRM, OPEN, Status

ERROR, TEST_ERROR = "error", "test_error"


@dataclass(frozen=True, slots=True)
class Network:
    """A frozen network: what the search saw of it, and what its runs found.

    `values` are those of each run, by its id. `mean` and `sd` are over the runs that completed, in
    each metric's own unit; `sd` is that of a sample, None of a single run. Both are empty while no
    run has completed.
    """

    trial: Trial
    observed: Values
    runs: Sequence[Trial]
    values: Mapping[int, Values]
    mean: Values
    sd: Mapping[str, float | None]
    feasible: bool | None

    @property
    def completed(self) -> int:
        """How many runs have a result."""
        return sum(run.status is Status.COMPLETED for run in self.runs)

    @property
    def judged(self) -> Values:
        """The mean values, with the error on the test set as the error."""
        return {**self.mean, ERROR: self.mean[TEST_ERROR]}


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The frozen networks of a study, the best on the test set first, and their hypervolumes.

    The observed one is that of all frozen networks with the values of the search; the confirmed
    one is that of those that have a result and keep the limits, None before the first. Their
    difference is the optimism of the search; None while a run is open.
    """

    networks: Sequence[Network]
    observed_hypervolume: float | None
    confirmed_hypervolume: float | None

    @property
    def open(self) -> int:
        """How many runs are still to come."""
        return sum(run.status in OPEN for network in self.networks for run in network.runs)

    @property
    def optimism(self) -> float | None:
        """By how much the search promised more than what was confirmed."""
        observed, confirmed = self.observed_hypervolume, self.confirmed_hypervolume
        if observed is None or confirmed is None or self.open:
            return None
        return observed - confirmed


def confirmed(session: Session, study: Study) -> Confirmed:
    """Return what is confirmed of a study; without networks if nothing was frozen yet."""
    wanted = select(Trial).where(Trial.study_id == study.id, Trial.purpose == CONFIRM)
    by_network: dict[int, list[Trial]] = {}
    for run in session.scalars(wanted.order_by(Trial.number)):
        assert run.confirms_id is not None  # by constraint
        by_network.setdefault(run.confirms_id, []).append(run)
    frozen = session.scalars(select(Trial).where(Trial.id.in_(by_network))).all()
    every_run = [run for runs in by_network.values() for run in runs]
    values = metrics.values_of(session, [*frozen, *every_run])
    problem = studies.problem_of(study)
    networks = [_network(problem, trial, by_network[trial.id], values) for trial in frozen]
    networks.sort(key=lambda each: (each.mean.get(TEST_ERROR, float("inf")), each.trial.number))
    kept = [network for network in networks if network.feasible]
    some = any(network.mean for network in networks)
    return Confirmed(
        networks,
        _hypervolume(problem, [network.observed for network in networks]) if networks else None,
        _hypervolume(problem, [network.judged for network in kept]) if some else None,
    )


def _network(
    problem: Problem, trial: Trial, runs: Sequence[Trial], values: Mapping[int, Values]
) -> Network:
    results = [values[run.id] for run in runs if run.status is Status.COMPLETED]
    names = set(results[0]).intersection(*results[1:]) if results else set()
    columns = {name: [result[name] for result in results] for name in sorted(names)}
    mean = {name: statistics.fmean(column) for name, column in columns.items()}
    judged = {**mean, ERROR: mean[TEST_ERROR]} if mean else {}
    return Network(
        trial=trial,
        observed=values[trial.id],
        runs=runs,
        values={run.id: values[run.id] for run in runs},
        mean=mean,
        sd={name: statistics.stdev(c) if len(c) > 1 else None for name, c in columns.items()},
        feasible=problem.keeps_limits(judged) if judged else None,
    )


def _hypervolume(problem: Problem, rows: Sequence[Values]) -> float | None:
    return fronts.hypervolume_of(problem, rows) if rows else 0.0
