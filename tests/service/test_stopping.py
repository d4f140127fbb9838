"""Stop decisions by the ledger, and what becomes of a trial that was told to stop."""

from pathlib import Path

import pytest

from service import ledger, lineage, studies, thinking
from service.errors import InvalidDefinition, InvalidProposal
from service.lending import Lease
from service.models import Trial
from service.runs import runs
from service.states import Order, Outcome, Status
from tests.service import network_study as net
from tests.service.stage import Stage

GIVEN = [
    {"name": "cost", "ideal": 0.0, "reference": 10.0},
    {"name": "gain", "goal": "maximize", "ideal": 10.0, "reference": 0.0},
]
HALVING = {"rule": "halving", "first_epoch": 2}


def black_box(stage: Stage, **changes: object) -> int:
    return stage.study(**{"objectives": GIVEN, "stopping": HALVING, **changes})


def start(stage: Stage, study_id: int, count: int) -> list[Lease]:
    stage.enqueue(study_id, count)
    return stage.claim(count=count, study_id=study_id)


def eight(stage: Stage, study_id: int) -> list[Lease]:
    """Eight trials that run, all on one front at the first rung."""
    leases = start(stage, study_id, 8)
    for n, lease in enumerate(leases):
        stage.wait(1)
        stage.report(lease, 2, cost=1.0 + n / 2, gain=5.0 + n / 2)
    stage.advance(study_id)
    return leases


def last_run(stage: Stage, study_id: int) -> tuple[str, str | None]:
    """What the timeline says of the attempt that began last."""
    with stage.db.read() as session:
        found, _ = runs(session, studies.get(session, study_id), 1)
    return found[0].outcome, found[0].reason


def due(stage: Stage) -> list[int]:
    with stage.db.read() as session:
        return ledger.due(session, stage.now)


def test_a_trial_that_falls_behind_is_told_to_stop_and_its_rivals_go_on(stage: Stage) -> None:
    study_id = black_box(stage)
    rivals = eight(stage, study_id)
    (bad,) = start(stage, study_id, 1)
    assert stage.report(bad, 1, cost=9.0, gain=1.0) == Order.CONTINUE
    assert due(stage) == []
    assert stage.report(bad, 2, cost=9.0, gain=1.0) == Order.CONTINUE  # no rule in a request
    assert due(stage) == [study_id]
    stage.advance(study_id)
    assert due(stage) == []
    assert stage.report(bad, 3, cost=8.0, gain=1.0) == Order.STOP
    assert stage.renew(bad).order is Order.STOP
    assert {stage.renew(lease).order for lease in rivals} == {Order.CONTINUE}


def test_a_stopped_trial_says_where_and_why_and_counts_but_is_on_no_front(stage: Stage) -> None:
    study_id = black_box(stage)
    eight(stage, study_id)
    (bad,) = start(stage, study_id, 1)
    for step in (1, 2):
        stage.report(bad, step, cost=9.0, gain=1.0)
    stage.advance(study_id)
    stage.report(bad, 3, cost=0.1, gain=9.9)
    stage.complete(bad, cost=0.1, gain=9.9)
    stage.advance(study_id)
    trial = stage.read_trial(bad.trial_id)
    assert (trial.status, trial.finish_no, trial.on_front) == (Status.STOPPED, 1, False)
    assert trial.reason == (
        "stopped at epoch 3: rank 9 of 9 after epoch 2 among trials from scratch, "
        "of which the best 3 go on."
    )
    assert stage.values(bad.trial_id)["cost"] == 0.1
    outcome, reason = last_run(stage, study_id)
    assert outcome == "stopped"
    assert reason is not None
    assert reason.startswith("rank 9 of 9")
    study = stage.read_study(study_id)
    assert (study.finish_no, study.front_size, study.epochs_done) == (1, 0, 3)
    with stage.db.read() as session:
        (row,) = thinking.history_rows(session, study)
    assert row.status == "stopped"


def test_a_trial_is_judged_again_at_the_next_rung(stage: Stage) -> None:
    study_id = black_box(stage)
    leases = eight(stage, study_id)
    assert [a.rung for lease in leases for a in stage.attempts(lease.trial_id)] == [6] * 8
    for n, lease in enumerate(leases):
        stage.wait(1)
        stage.report(lease, 6, cost=2.0 + n, gain=9.0 - n)
        stage.advance(study_id)
    # The eighth is the first to find seven others there.
    orders = [stage.renew(lease).order for lease in leases]
    assert orders == [Order.CONTINUE] * 7 + [Order.STOP]


def test_reports_between_rungs_and_before_the_scale_is_fixed_decide_nothing(stage: Stage) -> None:
    study_id = black_box(stage, objectives=[{"name": "cost"}, GIVEN[1]])
    leases = start(stage, study_id, 9)
    for n, lease in enumerate(leases):
        stage.report(lease, 2, cost=1.0 + n, gain=9.0 - n)
    stage.advance(study_id)
    assert due(stage) == []
    for n, lease in enumerate(leases):
        stage.report(lease, 5, cost=1.0 + n, gain=9.0 - n)
    assert due(stage) == []
    assert {stage.renew(lease).order for lease in leases} == {Order.CONTINUE}


def test_finished_and_stopped_trials_stay_rivals(stage: Stage) -> None:
    study_id = black_box(stage)
    for n, lease in enumerate(eight(stage, study_id)):
        stage.complete(lease, cost=1.0 + n / 2, gain=5.0 + n / 2)
    for expected in (9, 10):
        (bad,) = start(stage, study_id, 1)
        stage.report(bad, 2, cost=9.0, gain=1.0)
        stage.advance(study_id)
        (attempt,) = stage.attempts(bad.trial_id)
        assert attempt.stop_reason is not None
        assert f"of {expected} after epoch 2" in attempt.stop_reason
        stage.complete(bad, cost=9.0, gain=1.0)


def test_a_lost_worker_gives_its_trial_a_fresh_start(stage: Stage) -> None:
    study_id = black_box(stage)
    eight(stage, study_id)
    (bad,) = start(stage, study_id, 1)
    stage.report(bad, 2, cost=9.0, gain=1.0)
    stage.advance(study_id)
    for lease in (bad,):
        assert stage.renew(lease).order is Order.STOP
    stage.expire()
    again = next(one for one in stage.claim(count=9) if one.trial_id == bad.trial_id)
    assert stage.renew(again).order is Order.CONTINUE
    assert stage.attempts(bad.trial_id)[-1].rung == 2
    stage.report(again, 2, cost=0.1, gain=9.9)
    stage.advance(study_id)
    assert stage.renew(again).order is Order.CONTINUE


def test_a_stop_outlives_a_lease_that_expired_and_was_taken_back(stage: Stage) -> None:
    study_id = black_box(stage)
    eight(stage, study_id)
    (bad,) = start(stage, study_id, 1)
    stage.report(bad, 2, cost=9.0, gain=1.0)
    stage.advance(study_id)
    stage.expire()
    assert stage.renew(bad).order is Order.STOP
    assert stage.complete(bad).status is Status.STOPPED


def test_a_late_result_of_a_stopped_attempt_is_no_full_one(stage: Stage) -> None:
    study_id = black_box(stage)
    eight(stage, study_id)
    (bad,) = start(stage, study_id, 1)
    stage.report(bad, 2, cost=9.0, gain=1.0)
    stage.advance(study_id)
    stage.expire()
    assert stage.complete(bad).status is Status.STOPPED
    assert stage.attempts(bad.trial_id)[0].outcome is Outcome.COMPLETED


def test_without_a_rule_nobody_is_judged(stage: Stage) -> None:
    study_id = black_box(stage, stopping=None)
    leases = eight(stage, study_id)
    (bad,) = start(stage, study_id, 1)
    stage.report(bad, 2, cost=9.0, gain=1.0)
    assert due(stage) == []
    stage.advance(study_id)
    assert {stage.renew(lease).order for lease in [*leases, bad]} == {Order.CONTINUE}


# Networks: rungs come from the recipe, known figures from the proposal.


def networks(stage: Stage, **changes: object) -> int:
    wanted = {"stopping": {}, "training": {"epochs": 20, "inherit_epochs": 9}, "trials": 100}
    return net.network(stage, **{**wanted, **changes})


def trained(stage: Stage, study_id: int, seed: int, error: float, step: int = 2) -> Lease:
    trial = net.enqueue(stage, study_id, net.point(stage, study_id, seed))
    return reported(stage, study_id, trial, error, step)


def reported(stage: Stage, study_id: int, trial: Trial, error: float, step: int) -> Lease:
    lease = stage.lease(study_id=study_id, can=net.ALL)
    assert lease.trial_id == trial.id
    stage.wait(1)
    stage.report(lease, step, error=error, loss=1.0)
    stage.advance(study_id)
    return lease


def test_the_rungs_of_a_network_follow_its_recipe_and_its_cut(stage: Stage, tmp_path: Path) -> None:
    store = net.store(tmp_path)
    study_id = networks(stage, space={**net.PLAIN, "pruning_epochs": [0.1, 0.6]})
    parent = net.finished(stage, store, study_id)
    point = net.point(stage, study_id, 1)
    wishes = [(point, None), (point, parent.number), (net.pruned(point), None)]
    rungs = []
    for wish, number in wishes:
        net.enqueue(stage, study_id, wish, number)
        lease = stage.lease(study_id=study_id, can=net.ALL)
        rungs.append(stage.attempts(lease.trial_id)[0].rung)
    assert rungs == [2, 1, 13]


def test_a_stopped_network_counts_the_epochs_it_had_and_is_nobodys_parent(
    stage: Stage, tmp_path: Path
) -> None:
    store = net.store(tmp_path)
    study_id = networks(stage, objectives=[{"name": "error"}])
    parent = net.finished(stage, store, study_id)
    stage.advance(study_id)
    for seed in range(1, 9):
        child = net.enqueue(stage, study_id, net.point(stage, study_id, seed), parent.number)
        assert child.epochs == 29.0
        lease = reported(stage, study_id, child, 0.1 + seed / 20, 1)
    assert stage.renew(lease).order is Order.STOP
    stage.report(lease, 2, error=0.4, loss=1.0)
    for name in lineage.FILES:
        net.leave(stage, store, lease, name)
    stopped = net.complete(stage, lease, {"error": 0.4})
    assert (stopped.status, stopped.epochs) == (Status.STOPPED, 22.0)
    assert stopped.reason is not None
    assert stopped.reason.startswith("stopped at epoch 2 of 9: rank 8 of 8 after epoch 1 among")
    assert "that inherit" in stopped.reason
    with pytest.raises(InvalidProposal, match="need a completed trial, but trial 9 is stopped"):
        net.enqueue(stage, study_id, net.point(stage, study_id, 50), stopped.number)


def test_known_figures_keep_a_small_network_whatever_its_error(stage: Stage) -> None:
    study_id = networks(stage)
    sizes = {}
    for seed in range(1, 12):
        lease = trained(stage, study_id, seed, 0.5)
        sizes[lease.trial_id] = stage.read_trial(lease.trial_id).known["model_size:deployed"]
    smallest = min(sizes, key=lambda trial_id: sizes[trial_id])
    assert stage.read_trial(smallest).order is Order.CONTINUE


def test_an_order_that_comes_after_the_last_epoch_changes_nothing(stage: Stage) -> None:
    study_id = networks(stage, objectives=[{"name": "error"}])
    for seed in range(1, 9):
        lease = trained(stage, study_id, seed, 0.1 + seed / 20)
    assert stage.renew(lease).order is Order.STOP
    stage.report(lease, 20, error=0.05, loss=0.1)
    done = net.complete(stage, lease, {"error": 0.05})
    assert (done.status, done.epochs, done.reason) == (Status.COMPLETED, 20.0, None)
    assert last_run(stage, study_id) == ("completed", None)


def test_a_pruned_network_is_compared_with_pruned_ones_by_what_the_cut_left(stage: Stage) -> None:
    size = "model_size:deployed"
    study_id = networks(stage, objectives=[{"name": "error"}, {"name": size}])
    point = net.point(stage, study_id, 1)
    leases = []
    for n in range(8):
        wish = net.pruned(point, target=0.1 * (n + 1))
        net.enqueue(stage, study_id, wish)
        (lease,) = stage.claim(study_id=study_id, can=net.ALL)
        stage.wait(1)
        stage.report(lease, 12, error=0.9, loss=1.0)
        stage.report(lease, 13, **{"error": 0.1 + n / 20, "loss": 1.0, size: 400.0 + n})
        stage.advance(study_id)
        leases.append(lease)
    assert [stage.renew(lease).order for lease in leases] == [Order.CONTINUE] * 7 + [Order.STOP]


def test_a_rule_is_stored_whole_and_wrong_ones_are_refused(stage: Stage) -> None:
    study_id = networks(stage)
    whole = {"rule": "halving", "eta": 3, "least_trials": 8, "first_epoch": None}
    study = stage.read_study(study_id)
    assert study.definition["stopping"] == study.stopping == whole
    with stage.begin() as session:
        same = {**net.NETWORK, "stopping": whole, "trials": 100}
        same["training"] = {**net.FLOATS, "epochs": 20, "inherit_epochs": 9}
        assert studies.create(session, same, stage.now)[1] is False
    with pytest.raises(InvalidDefinition, match=r"stopping\.eta: need a whole number from 2"):
        black_box(stage, stopping={"eta": 1, "first_epoch": 1})
    with pytest.raises(InvalidDefinition, match="a black box has no recipe") as refused:
        black_box(stage, stopping={})
    assert refused.value.field == "stopping.first_epoch"
