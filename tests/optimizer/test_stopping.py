"""Multi-objective successive halving on histories made by hand."""

import doctest
import itertools
import math
import random

import numpy as np
import pytest

from optimizer import stopping
from optimizer.errors import InvalidProblem
from optimizer.pareto import hypervolume
from optimizer.problem import Objective, Problem
from optimizer.scale import Scale
from optimizer.space import space_from_json
from optimizer.stopping import Halving, Kind, Reason, Report, stops
from worker.pruning.recipe import Pruning
from worker.train import cut_after

SPACE = space_from_json(
    {
        "kind": "parameters",
        "parameters": [{"name": "x", "kind": "real", "low": 0.0, "high": 1.0}],
    }
)
LINEAR = Scale(0.0, 1.0)
TWO = Problem(SPACE, (Objective("error", scale=LINEAR), Objective("size", scale=LINEAR)))
RULE = Halving()
FRESH = Kind()
# Eight on one front, and what comes after them.
FRONT = [(0.1 * n, 0.9 - 0.1 * n) for n in range(1, 9)]


def report(
    trial: int, error: float, size: float = 0.5, epoch: int = 7, kind: Kind = FRESH
) -> Report:
    return Report(trial, epoch, {"error": error, "size": size}, kind)


def seen(*rows: tuple[float, float], kind: Kind = FRESH) -> list[Report]:
    return [report(n, *row, kind=kind) for n, row in enumerate(rows, 1)]


def decided(error: float, size: float, others: list[Report]) -> Reason | None:
    return stops(TWO, RULE, report(99, error, size), others)


def test_the_example_of_the_docstring_is_true() -> None:
    assert doctest.testmod(stopping).failed == 0


def test_a_clearly_bad_trial_is_stopped_with_its_rank() -> None:
    reason = decided(0.9, 0.95, seen(*FRONT))
    assert reason == Reason(Kind(), 7, rank=9, of=9, kept=3)
    assert str(reason) == (
        "rank 9 of 9 after epoch 7 among trials from scratch, of which the best 3 go on."
    )


def test_a_trial_of_the_first_layer_is_never_stopped_however_many_share_it() -> None:
    crowd = [(n / 100, 1 - n / 100) for n in range(1, 100)]
    for trial in seen(*crowd):
        others = [other for other in seen(*crowd) if other.trial != trial.trial]
        assert stops(TWO, RULE, trial, others) is None
    assert decided(2.0, 0.001, seen(*crowd)) is None  # beyond the reference, but on the front


def test_fewer_than_eight_of_a_kind_stop_nobody() -> None:
    assert decided(0.9, 0.95, seen(*FRONT[:6])) is None
    assert decided(0.9, 0.95, seen(*FRONT[:7])) is not None
    assert stops(TWO, Halving(least_trials=3), report(9, 0.9, 0.95), seen(*FRONT[:2])) is not None


def test_layers_come_before_contributions() -> None:
    best = [(0.1, 0.1)]
    second = [(0.2, 0.2)]
    # Of the third layer; the first of them alone covers more than any other row of it.
    third = [(0.3, 0.3), (0.25, 0.9), (0.9, 0.25), (0.26, 0.89), (0.89, 0.26), (0.27, 0.88)]
    rows = [*best, *second, *third, (0.28, 0.87)]
    ranks = []
    for row in rows:
        others = [each for each in seen(*rows) if tuple(each.values.values()) != row]
        ranks.append(decided(*row, others))
    assert [reason is None for reason in ranks] == [True] * 3 + [False] * 6


def test_within_a_layer_the_exclusive_hypervolume_decides() -> None:
    random.seed(3)
    angles = [random.uniform(0.05, 0.95) for _ in range(12)]
    layer = [(0.3 + 0.5 * math.sin(a * 1.57), 0.3 + 0.5 * math.cos(a * 1.57)) for a in angles]
    layer = [(1.1 - x, 1.1 - y) for x, y in layer]
    scores = 1 - np.array(layer)
    whole = hypervolume(scores)
    alone = [whole - hypervolume(np.delete(scores, n, axis=0)) for n in range(len(layer))]
    best = sorted(range(len(layer)), key=lambda n: -alone[n])[:3]  # with one before: 13 // 3
    rows = [(0.01, 0.01), *layer]
    for n, row in enumerate(layer):
        reason = stops(TWO, RULE, report(n + 2, *row), seen(*rows))
        assert (reason is None) == (n in best)


def test_equal_trials_rank_alike_whoever_came_first() -> None:
    rows = [(0.1, 0.1), (0.2, 0.2), (0.2, 0.2), *[(0.5, 0.5)] * 6]
    reports = seen(*rows)
    answers = [stops(TWO, RULE, each, reports) for each in reports]
    assert [answer is None for answer in answers] == [True] * 3 + [False] * 6
    assert {answer.rank for answer in answers if answer} == {4}


def test_the_order_of_the_others_decides_nothing() -> None:
    rng = random.Random(0)
    rows = [(rng.random(), rng.random()) for _ in range(30)]
    reports = seen(*rows)
    first = [stops(TWO, RULE, each, reports) for each in reports]
    assert 10 <= sum(answer is not None for answer in first) <= 20
    for _ in range(5):
        rng.shuffle(reports)
        again = {each.trial: stops(TWO, RULE, each, reports) for each in reports}
        assert [again[n] for n in range(1, 31)] == first


def test_trials_are_compared_with_their_own_kind_and_epoch_only() -> None:
    others = [
        *seen(*FRONT, kind=Kind(inherits=True)),
        *seen(*FRONT, kind=Kind(pruning="after")),
        *[report(n, *row, epoch=6) for n, row in enumerate(FRONT)],
    ]
    assert decided(0.9, 0.95, others) is None
    child = Kind(inherits=True)
    reason = stops(TWO, RULE, report(99, 0.9, 0.95, kind=child), others)
    assert reason is not None
    assert reason.of == 9
    assert "that inherit" in str(reason)


def test_a_trial_is_not_its_own_rival() -> None:
    mine = report(3, 0.9, 0.95)
    assert stops(TWO, RULE, mine, [mine, *[mine] * 20]) is None


def test_nothing_is_stopped_before_its_pruning_ends() -> None:
    before, after = Kind(pruning="before"), Kind(pruning="after")
    assert stops(TWO, RULE, report(99, 0.9, 0.9, kind=before), seen(*FRONT, kind=before)) is None
    reason = stops(TWO, RULE, report(99, 0.9, 0.95, kind=after), seen(*FRONT, kind=after))
    assert reason is not None
    assert "from scratch, pruned" in str(reason)


def test_incomplete_reports_neither_count_nor_stop() -> None:
    blind = [Report(n, 7, {"size": 0.1}) for n in range(20)]
    assert decided(0.9, 0.95, blind) is None
    assert stops(TWO, RULE, blind[0], seen(*FRONT)) is None
    assert decided(0.9, 0.95, [*blind, *seen(*FRONT[:6])]) is None


def test_nothing_is_stopped_while_a_scale_is_open() -> None:
    problem = Problem(SPACE, (Objective("error"), Objective("size", scale=LINEAR)))
    assert stops(problem, RULE, report(99, 0.9, 0.95), seen(*FRONT)) is None


def test_what_breaks_a_limit_of_a_known_figure_ranks_behind_all_that_keep_it() -> None:
    networks = space_from_json({"kind": "tiny"}, input_shape=(8, 8, 1), classes=10)
    size = Objective("model_size:sparse", "known", scale=Scale(10.0, 1000.0), limit=400.0)
    # The limit of what is measured may still be kept later on.
    problem = Problem(networks, (Objective("error", scale=LINEAR, limit=0.01), size))

    def one(trial: int, error: float, size_bytes: float) -> Report:
        return Report(trial, 7, {"error": error, "model_size:sparse": size_bytes})

    others = [one(n, 0.5 + n / 100, 400.0) for n in range(9)]
    assert stops(problem, RULE, one(98, 0.02, 399.0), others) is None
    reason = stops(problem, RULE, one(99, 0.02, 401.0), others)
    assert reason is not None
    assert reason.rank == 10


def test_objectives_to_maximise_are_read_the_other_way() -> None:
    problem = Problem(SPACE, (Objective("gain", goal="maximize", scale=Scale(1.0, 0.0)),))
    others = [Report(n, 1, {"gain": n / 10}) for n in range(9)]
    assert stops(problem, RULE, Report(99, 1, {"gain": 0.05}), others) is not None
    assert stops(problem, RULE, Report(99, 1, {"gain": 0.95}), others) is None


def test_the_error_is_smoothed_so_that_no_mistake_is_no_infinite_lead() -> None:
    log = Scale(0.005, 0.5, log=True)
    problem = Problem(
        SPACE, (Objective("error", scale=log), Objective("size", scale=LINEAR)), validation=100
    )
    # Less than half a mistake is none, so these errors are equal.
    others = [report(n, 0.001, 0.5) for n in range(9)]
    assert stops(problem, RULE, report(99, 0.004, 0.5), others) is None
    assert stops(problem, RULE, report(99, 0.006, 0.5), others) is not None


@pytest.mark.parametrize(
    ("epochs", "rungs"), [(1, ()), (2, (1,)), (3, (1,)), (5, (1, 2)), (9, (1, 3)), (20, (2, 7))]
)
def test_the_rungs_lie_at_a_ninth_and_a_third_of_the_epochs(
    epochs: int, rungs: tuple[int, ...]
) -> None:
    assert RULE.rungs(epochs) == rungs


def test_the_rungs_of_a_pruned_network_are_counted_from_its_cut() -> None:
    assert RULE.rungs(20, cut_after=12) == (13, 15)
    assert Halving(first_epoch=2).rungs(20, cut_after=12) == (14, 18)
    assert RULE.rungs(2, cut_after=1) == ()


def test_rungs_from_a_first_epoch_grow_by_eta() -> None:
    rule = Halving(eta=2, first_epoch=3)
    assert rule.rungs(20) == (3, 6, 12)
    steps = itertools.accumulate(range(4), lambda done, _: rule.next_rung(done, None) or -1)
    assert list(steps) == [0, 3, 6, 12]
    assert RULE.next_rung(0, None) is None


def test_the_rule_is_read_from_json_and_wrong_fields_are_named() -> None:
    rule = Halving(4, 9, 2)
    assert Halving.from_json(rule.to_json()) == rule
    assert Halving.from_json({}) == RULE
    for field, value in [("eta", 1), ("least_trials", 1.5), ("first_epoch", 0), ("rule", "median")]:
        with pytest.raises(InvalidProblem, match=f"stopping.{field}: need") as refused:
            Halving.from_json({field: value})
        assert refused.value.field == f"stopping.{field}"
    with pytest.raises(InvalidProblem, match=r"stopping\.patience: the rule has no such field"):
        Halving.from_json({"patience": 3})


def test_the_cut_is_expected_after_the_epoch_at_which_the_worker_cuts() -> None:
    for end, epochs in itertools.product((0.05, 0.5, 0.6, 0.99, 1.0), range(1, 31)):
        pruning = Pruning("channels", "magnitude", 0.5, start=0.0, end=end)
        assert stopping.cut_after(end, epochs) == cut_after(pruning, epochs)


@pytest.mark.parametrize("objectives", [4, 5, 6, 8])
def test_a_layer_too_large_to_measure_goes_on_whole(objectives: int) -> None:
    rng = np.random.default_rng(0)
    problem = Problem(SPACE, tuple(Objective(f"o{n}", scale=LINEAR) for n in range(objectives)))
    front = rng.random((400, objectives))
    front = 1 - front / np.linalg.norm(front, axis=1, keepdims=True)
    rows = [np.zeros(objectives), *front]
    reports = [
        Report(n, 7, {f"o{k}": float(x) for k, x in enumerate(row)}) for n, row in enumerate(rows)
    ]
    assert all(stops(problem, RULE, each, reports) is None for each in reports[1:20])
