"""The designer `bayes`: what it does beyond what every designer promises (tests/contract)."""

import json
import math
import random
from dataclasses import replace

import pytest
import torch

import optimizer.hyperparameters
import optimizer.knowledge
import optimizer.surrogate
from optimizer.designers import Fitted, designer
from optimizer.designers.bayes import BayesDesigner
from optimizer.designers.scalarising import Scalarising
from optimizer.history import History, Observation, Status
from optimizer.pareto import hypervolume
from optimizer.problem import Objective, Problem, initial_count
from optimizer.proposal import Proposal
from optimizer.scale import Scale
from optimizer.space import Point, space_from_json
from optimizer.targets import Targets

SQUARE = space_from_json(
    {
        "kind": "parameters",
        "parameters": [{"name": n, "kind": "real", "low": 0.0, "high": 1.0} for n in "xy"],
    }
)
OBJECTIVES = (Objective("a", scale=Scale(0.0, 1.0)), Objective("b", scale=Scale(0.0, 1.0)))
PROBLEM = Problem(SQUARE, OBJECTIVES, seed=1)
BAYES = BayesDesigner()


def two_bowls(point: Point) -> dict[str, float]:
    """The front lies on the line from (0.2, 0.2) to (0.8, 0.8)."""
    x, y = point["x"], point["y"]
    return {
        "a": (x - 0.2) ** 2 + (y - 0.2) ** 2,
        "b": (x - 0.8) ** 2 + (y - 0.8) ** 2,
    }


def tried(count: int, seed: int = 0, problem: Problem = PROBLEM) -> History:
    rng = random.Random(seed)
    points = [problem.space.sample(rng) for _ in range(count)]
    return History(tuple(Observation(p, two_bowls(p), n) for n, p in enumerate(points, 1)))


def also(history: History, *more: Observation) -> History:
    numbered = [replace(o, finish_no=history.version + n) for n, o in enumerate(more, 1)]
    return History((*history.observations, *numbered))


def suggest(
    history: History, problem: Problem = PROBLEM, count: int = 1, seed: int = 0
) -> list[Proposal]:
    return BAYES.suggest(problem, history, [], None, count, seed)


def test_the_initial_design_comes_first() -> None:
    needed = initial_count(PROBLEM)
    assert BAYES.fit(PROBLEM, tried(needed - 1), 0) is None
    (early,) = suggest(tried(needed - 1))
    assert (early.designer, early.origin) == ("bayes", "initial")
    assert suggest(tried(needed))[0].origin == "model"


def test_without_a_scale_the_design_is_still_the_initial_one() -> None:
    unscaled = replace(PROBLEM, objectives=tuple(replace(o, scale=None) for o in OBJECTIVES))
    (proposal,) = suggest(tried(30), unscaled)
    assert proposal.origin == "initial"
    assert BAYES.fit(unscaled, tried(30), 0) is None


def test_infeasible_trials_do_not_end_the_initial_design() -> None:
    history = tried(initial_count(PROBLEM) - 1)
    failed = [Observation({"x": n / 9, "y": 0.5}, {}, 1, "infeasible") for n in range(9)]
    assert suggest(also(history, *failed))[0].origin == "initial"


def test_the_initial_design_is_that_of_sobol() -> None:
    (mine,) = suggest(tried(3))
    (theirs,) = designer("sobol").suggest(PROBLEM, tried(3), [], None, 1, 0)
    assert mine.point == theirs.point


def test_proposals_lie_near_the_front_of_a_learnt_function() -> None:
    for proposal in suggest(tried(15), count=4):
        assert abs(proposal.point["x"] - proposal.point["y"]) < 0.1
        assert 0.1 < proposal.point["x"] < 0.9


def test_a_stored_fit_gives_the_same_proposals_bit_for_bit() -> None:
    history = tried(14)
    fitted = BAYES.fit(PROBLEM, history, seed=0)
    assert fitted is not None
    stored = Fitted.from_json(json.loads(json.dumps(fitted.to_json())))
    assert stored.history_version == 14
    assert stored.observations == 14
    assert {"torch", "gpytorch", "botorch", "numpy", "scipy"} <= stored.libraries.keys()
    later = also(history, Observation({"x": 0.5, "y": 0.45}, {"a": 0.15, "b": 0.21}, 1))
    one = BAYES.suggest(PROBLEM, later, [{"x": 0.1, "y": 0.1}], fitted, 3, 5)
    other = BAYES.suggest(PROBLEM, later, [{"x": 0.1, "y": 0.1}], stored, 3, 5)
    assert [p.to_json() for p in one] == [p.to_json() for p in other]


def test_a_given_fit_is_used_and_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    history = tried(14)
    fitted = BAYES.fit(PROBLEM, history, seed=0)
    assert fitted is not None

    def never(*_: object) -> None:
        raise AssertionError("fitted again")

    monkeypatch.setattr(optimizer.designers.bayes, "fit", never)
    (proposal,) = BAYES.suggest(PROBLEM, tried(20), [], fitted, 1, 0)
    assert proposal.details["fitted"]["history_version"] == 14


def test_a_fit_of_another_version_or_problem_is_replaced() -> None:
    history = tried(14)
    fitted = BAYES.fit(PROBLEM, history, seed=0)
    assert fitted is not None
    (expected,) = BAYES.suggest(PROBLEM, history, [], fitted, 1, 0)
    foreign = replace(fitted, values={**fitted.values, "columns": ["z"]}, history_version=3)
    for other in (replace(fitted, version=0, values={}, history_version=3), foreign):
        (proposal,) = BAYES.suggest(PROBLEM, history, [], other, 1, 0)
        assert proposal == expected


def test_torch_keeps_the_threads_that_it_had() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    suggest(tried(10))
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


def distance(one: Point, other: Point) -> float:
    return math.dist((one["x"], one["y"]), (other["x"], other["y"]))


def test_a_pending_point_sends_the_next_proposal_elsewhere() -> None:
    history = tried(12)
    (first,) = suggest(history)
    (second,) = BAYES.suggest(PROBLEM, history, [first.point], None, 1, 0)
    assert distance(first.point, second.point) > 0.05


def test_a_batch_is_spread() -> None:
    batch = [proposal.point for proposal in suggest(tried(12), count=5)]
    apart = [distance(p, q) for n, p in enumerate(batch) for q in batch[:n]]
    assert min(apart) > 0.02


@pytest.mark.parametrize("status", ["infeasible", "failed"])
def test_a_region_without_results_is_left(status: Status) -> None:
    history = tried(12)
    aims = [proposal.point for proposal in suggest(history, count=3)]
    dead = [
        Observation({"x": p["x"] + dx, "y": p["y"] + dy}, {}, 1, status)
        for p in aims
        for dx, dy in ((0.004, 0.0), (-0.004, 0.003), (0.0, -0.004))
    ]
    after = suggest(also(history, *dead))[0]
    assert min(distance(after.point, aim) for aim in aims) > 0.1
    assert after.details["feasibility"] > 0.5


def test_half_of_the_square_without_results_is_learnt() -> None:
    """The wall hides a third of the front; nothing but infeasible trials tells where it is."""
    rng = random.Random(0)
    observations = []
    for number in range(1, 31):
        point = SQUARE.sample(rng)
        if point["x"] > 0.6:
            observations.append(Observation(point, {}, number, "infeasible"))
        else:
            observations.append(Observation(point, two_bowls(point), number))
    points = [p.point for p in suggest(History(tuple(observations)), count=6)]
    assert sum(p["x"] > 0.65 for p in points) <= 1


def test_nothing_that_is_not_finite_reaches_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Targets] = []

    def spy(objective: object, *args: object) -> object:
        learnt = original(objective, *args)
        seen.append(learnt)
        return learnt

    original = optimizer.knowledge.targets
    monkeypatch.setattr(optimizer.knowledge, "targets", spy)
    holes = [
        Observation({"x": 0.11, "y": 0.2}, {"a": 0.5}, 1),
        Observation({"x": 0.12, "y": 0.2}, {}, 1, "infeasible"),
        Observation({"x": 0.13, "y": 0.2}, {}, 1, "failed"),
        Observation({"x": 0.14, "y": 0.2}, {"a": 0.5, "b": 0.5}, 1, "stopped"),
    ]
    (proposal,) = suggest(also(tried(12), *holes))
    assert [len(learnt.y) for learnt in seen] == [12] * 4  # fitted, then conditioned
    assert math.isfinite(proposal.details["value"])


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_result_that_is_not_finite_never_becomes_an_observation(number: float) -> None:
    with pytest.raises(Exception, match="finite"):
        Observation({"x": 0.1, "y": 0.1}, {"a": number, "b": 0.1}, 1)


def results(history: History, *rows: dict[str, float]) -> History:
    """The same points with these results, over and over."""
    changed = [replace(o, values=rows[n % len(rows)]) for n, o in enumerate(history.observations)]
    return History(tuple(changed))


@pytest.mark.parametrize(
    "rows",
    [
        [{"a": 0.5, "b": 0.5}],
        [{"a": 1e300, "b": -1e300}, {"a": 0.5, "b": 0.5}],
        [{"a": -1e300, "b": -1e300}, {"a": 1e300, "b": 1e300}],
        [{"a": 7.0, "b": 9.0}, {"a": 5.0, "b": 30.0}],
        [{"a": -7.0, "b": -9.0}, {"a": -5.0, "b": -30.0}],
        [{"a": 0.5 + 1e-16, "b": 1e-300}, {"a": 0.5, "b": 2e-300}],
    ],
    ids=["equal", "one huge", "all huge", "beyond reference", "beyond ideal", "minute"],
)
def test_odd_results_still_give_a_finite_proposal(rows: list[dict[str, float]]) -> None:
    for proposal in suggest(results(tried(12), *rows), count=2):
        text = json.dumps(proposal.to_json(), allow_nan=False)
        assert Proposal.from_json(json.loads(text)) == proposal
        assert proposal.origin == "model"


def test_points_at_one_place_with_different_results_give_a_proposal() -> None:
    place = {"x": 0.5, "y": 0.5}
    same = [Observation(place, {"a": n / 9, "b": -n / 9}, 1) for n in range(9)]
    assert suggest(also(tried(6), *same))[0].point != place


def test_a_fit_that_breaks_down_is_told_in_the_details(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise optimizer.hyperparameters.IllConditioned

    monkeypatch.setattr(optimizer.hyperparameters.Density, "climb", failing)
    (proposal,) = suggest(tried(12))
    assert proposal.details["models"] == {"a": "default", "b": "default"}
    monkeypatch.setattr(optimizer.surrogate, "cholesky", failing)
    (proposal,) = suggest(tried(12))
    assert proposal.details["models"] == {"a": "constant", "b": "constant"}


def test_a_limit_on_a_measured_objective_draws_proposals_within_it() -> None:
    limited = replace(PROBLEM, objectives=(replace(OBJECTIVES[0], limit=0.1), OBJECTIVES[1]))
    for proposal in suggest(tried(15), limited, count=4):
        assert two_bowls(proposal.point)["a"] < 0.12
    free = [two_bowls(proposal.point)["a"] for proposal in suggest(tried(15), count=4)]
    assert max(free) > 0.2


def test_a_maximised_objective_is_made_large() -> None:
    def turned(history: History) -> History:
        rows = [{**o.values, "b": -o.values["b"]} for o in history.observations]
        return results(history, *rows)

    gain = Objective("b", goal="maximize", scale=Scale(0.0, -1.0))
    asked = replace(PROBLEM, objectives=(OBJECTIVES[0], gain))
    mirrored = suggest(turned(tried(12)), asked)[0]
    assert mirrored.point == suggest(tried(12))[0].point
    assert mirrored.prediction["b"]["mean"] == pytest.approx(
        -suggest(tried(12))[0].prediction["b"]["mean"]
    )


def test_predictions_hold_what_comes_out() -> None:
    for proposal in suggest(tried(20), count=5):
        for name, value in two_bowls(proposal.point).items():
            told = proposal.prediction[name]
            assert abs(value - told["mean"]) < 4 * told["sd"] + 1e-3
            assert told["sd"] < 0.1


def test_the_value_is_the_log_of_the_hypervolume_to_be_gained() -> None:
    history = tried(12)
    (proposal,) = suggest(history)
    assert proposal.details["acquisition"] == "log_expected_hypervolume_improvement"
    before = hypervolume(history.scores(PROBLEM))
    outcome = Observation(proposal.point, two_bowls(proposal.point), 1)
    gained = hypervolume(also(history, outcome).scores(PROBLEM)) - before
    assert math.exp(proposal.details["value"]) == pytest.approx(gained, rel=0.5)


def test_one_ray_per_proposal_is_a_choice() -> None:
    proposals = BayesDesigner(Scalarising(rays=1)).suggest(PROBLEM, tried(12), [], None, 3, 0)
    assert {p.details["acquisition"] for p in proposals} == {"log_expected_improvement"}
    assert len({p.details["weights_seed"] for p in proposals}) == 3
