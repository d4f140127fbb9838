"""What confirm runs say: means, deviations, and the hypervolume that holds."""

from typing import Any

import pytest

from service import confirmed, fronts, studies
from service.confirmed import Confirmed
from service.lending import Lease
from tests.service.network_study import (
    ALL,
    complete,
    confirm,
    enqueue,
    network,
    point,
    pruned,
    searched,
)
from tests.service.stage import Stage


def read(stage: Stage, study_id: int) -> Confirmed:
    with stage.db.read() as session:
        return confirmed.confirmed(session, studies.get(session, study_id))


def leases(stage: Stage, study_id: int, count: int) -> list[Lease]:
    return stage.claim(study_id=study_id, count=count, can=ALL)


def run(stage: Stage, lease: Lease, error: float, test_error: float, **more: float) -> None:
    complete(stage, lease, {"error": error, "test_error": test_error, **more})


def hypervolume(stage: Stage, study_id: int, *rows: Any) -> float:
    problem = studies.problem_of(stage.read_study(study_id))
    value = fronts.hypervolume_of(problem, rows)
    assert value is not None
    return value


def test_nothing_is_confirmed_of_a_study_that_froze_nothing(stage: Stage) -> None:
    assert read(stage, searched(stage, [0.4])) == Confirmed([], None, None)
    assert read(stage, stage.study()) == Confirmed([], None, None)


def test_mean_and_deviation_are_over_the_runs_that_came(stage: Stage) -> None:
    study_id = searched(stage, [0.3])
    confirm(stage, study_id, seeds=3)
    (network,) = read(stage, study_id).networks
    assert (network.completed, network.mean, network.sd) == (0, {}, {})
    first, second, third = leases(stage, study_id, 3)
    run(stage, first, 0.30, 0.40)
    (network,) = read(stage, study_id).networks
    assert network.mean["test_error"] == 0.40
    assert network.sd["test_error"] is None
    stage.fail(second, infeasible=True)
    run(stage, third, 0.34, 0.44)
    found = read(stage, study_id)
    (network,) = found.networks
    assert (network.completed, len(network.runs), found.open) == (2, 3, 0)
    assert network.mean["error"] == pytest.approx(0.32)
    assert network.mean["test_error"] == pytest.approx(0.42)
    assert network.sd["test_error"] == pytest.approx(0.04 / 2**0.5)
    assert network.observed["error"] == 0.3
    assert network.mean["model_size:deployed"] == network.observed["model_size:deployed"]
    assert [str(each.status) for each in network.runs] == ["completed", "infeasible", "completed"]


def test_the_optimism_is_what_the_search_promised_and_the_test_set_did_not_keep(
    stage: Stage,
) -> None:
    study_id = searched(stage, [0.3, 0.1])
    confirm(stage, study_id, seeds=1)
    one, other = leases(stage, study_id, 2)
    before = read(stage, study_id)
    observed = stage.read_study(study_id).hypervolume
    assert before.observed_hypervolume == pytest.approx(observed)
    assert (before.confirmed_hypervolume, before.optimism, before.open) == (None, None, 2)
    run(stage, one, 0.3, 0.32)
    half = read(stage, study_id)
    assert (half.open, half.optimism) == (1, None)
    first = {**stage.values(one.trial_id), "error": 0.32}
    assert half.confirmed_hypervolume == pytest.approx(hypervolume(stage, study_id, first))
    run(stage, other, 0.1, 0.15)
    whole = read(stage, study_id)
    second = {**stage.values(other.trial_id), "error": 0.15}
    expected = hypervolume(stage, study_id, first, second)
    assert whole.confirmed_hypervolume == pytest.approx(expected)
    assert whole.optimism == pytest.approx(observed - expected)  # type: ignore[operator]
    assert whole.optimism > 0  # type: ignore[operator]


def test_a_network_of_which_no_run_came_is_listed_last_and_not_confirmed(stage: Stage) -> None:
    study_id = searched(stage, [0.3, 0.1], max_attempts=1)
    confirm(stage, study_id, seeds=1)
    one, other = leases(stage, study_id, 2)
    stage.fail(one)
    run(stage, other, 0.1, 0.15)
    found = read(stage, study_id)
    assert [(n.trial.number, n.completed, n.feasible) for n in found.networks] == [
        (2, 1, True),
        (1, 0, None),
    ]
    assert found.networks[1].runs[0].reason == "broke"
    # The search promised it all the same.
    assert found.observed_hypervolume == pytest.approx(stage.read_study(study_id).hypervolume)
    assert found.optimism is not None


def test_if_no_run_came_at_all_nothing_is_claimed(stage: Stage) -> None:
    study_id = searched(stage, [0.3], max_attempts=1)
    confirm(stage, study_id, seeds=1)
    stage.fail(leases(stage, study_id, 1)[0])
    found = read(stage, study_id)
    assert (found.confirmed_hypervolume, found.optimism, found.open) == (None, None, 0)


def test_the_best_on_the_test_set_comes_first(stage: Stage) -> None:
    study_id = searched(stage, [0.3, 0.2, 0.1])
    confirm(stage, study_id, seeds=1)
    for lease, test_error in zip(leases(stage, study_id, 3), (0.25, 0.31, 0.12), strict=True):
        run(stage, lease, 0.2, test_error)
    assert [network.trial.number for network in read(stage, study_id).networks] == [3, 1, 2]


def test_the_means_of_a_pruned_network_are_of_what_came_out(stage: Stage) -> None:
    study_id = network(stage)
    trial = enqueue(stage, study_id, pruned(point(stage, study_id)))
    complete(stage, leases(stage, study_id, 1)[0], {"error": 0.2, **trial.known})
    stage.advance(study_id)
    confirm(stage, study_id, seeds=2)
    size = trial.known["model_size:deployed"]
    for lease, more in zip(leases(stage, study_id, 2), (4.0, 8.0), strict=True):
        run(stage, lease, 0.2, 0.3, **{**trial.known, "model_size:deployed": size + more})
    (found,) = read(stage, study_id).networks
    assert found.mean["model_size:deployed"] == size + 6
    assert found.sd["macs"] == 0
    assert found.feasible


def test_what_breaks_a_limit_on_average_adds_no_hypervolume(stage: Stage) -> None:
    size = {"name": "model_size", "limit": 16_000, "reference": 32_000}
    study_id = network(stage, objectives=[{"name": "error"}, size])
    trial = enqueue(stage, study_id, pruned(point(stage, study_id)))
    complete(stage, leases(stage, study_id, 1)[0], {"error": 0.2, **trial.known})
    stage.advance(study_id)
    confirm(stage, study_id, seeds=1)
    (lease,) = leases(stage, study_id, 1)
    run(stage, lease, 0.1, 0.1, **{**trial.known, "model_size:deployed": 16_001.0})
    found = read(stage, study_id)
    assert [each.feasible for each in found.networks] == [False]
    assert found.confirmed_hypervolume == 0
    assert found.optimism == found.observed_hypervolume


def test_a_second_time_adds_runs_to_the_same_networks(stage: Stage) -> None:
    study_id = searched(stage, [0.3])
    confirm(stage, study_id, seeds=1)
    confirm(stage, study_id, seeds=2, again=True)
    for lease, test_error in zip(leases(stage, study_id, 3), (0.2, 0.3, 0.4), strict=True):
        run(stage, lease, 0.3, test_error)
    (found,) = read(stage, study_id).networks
    assert found.mean["test_error"] == pytest.approx(0.3)
    assert found.sd["test_error"] == pytest.approx(0.1)
