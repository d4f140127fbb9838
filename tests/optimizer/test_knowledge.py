"""What a proposal depends on: constraints, the reference, stopped trials, corrections."""

import math
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from optimizer.correction import Correction
from optimizer.designers.bayes import BayesDesigner
from optimizer.history import History, Observation
from optimizer.hyperparameters import Hyperparameters
from optimizer.knowledge import Knowledge, observed
from optimizer.networks.lineage import log_epochs
from optimizer.networks.space import NetworkSpace
from optimizer.problem import Constraint, Objective, Problem
from optimizer.scalarisation import sphere_weights
from optimizer.scale import GivenScale, Scale
from optimizer.space import Point, space_from_json
from optimizer.targets import compress, usable_rows

SQUARE = space_from_json(
    {
        "kind": "parameters",
        "parameters": [{"name": n, "kind": "real", "low": 0.0, "high": 1.0} for n in "xy"],
    }
)
COSTS = (Objective("a", scale=Scale(0.0, 4.0)), Objective("b", scale=Scale(0.0, 4.0)))


def costs(point: Mapping[str, float]) -> dict[str, float]:
    x, y = point["x"], point["y"]
    return {"a": x**2 + y**2, "b": (x - 1) ** 2 + (y - 1) ** 2, "heat": x}


def tried(count: int) -> History:
    rng = random.Random(0)
    points = [{"x": rng.random(), "y": rng.random()} for _ in range(count)]
    return History(tuple(Observation(p, costs(p), n) for n, p in enumerate(points, 1)))


def knowledge(problem: Problem, history: History, count: int = 1) -> Knowledge:
    fitted = BayesDesigner().fit(problem, history, 0)
    assert fitted is not None
    models = fitted.values["models"]
    hyperparameters = {n: Hyperparameters.from_json(m) for n, m in models.items()}
    return Knowledge.of(problem, history, hyperparameters, count)


def test_what_probably_breaks_a_measured_constraint_is_worth_little() -> None:
    asked = Problem(SQUARE, COSTS, constraints=(Constraint("heat", 0.4),))
    worth = knowledge(asked, tried(24)).acquisition(sphere_weights(64, 2, 0))
    kept, broken = worth(
        torch.tensor([[0.3, 0.5], [0.6, 0.5]], dtype=torch.float64),
        torch.empty((2, 0), dtype=torch.float64),
    ).tolist()
    assert kept > broken + 3


def test_at_least_a_limit_is_the_other_side() -> None:
    asked = Problem(SQUARE, COSTS, constraints=(Constraint("heat", 0.4, "maximize"),))
    worth = knowledge(asked, tried(24)).acquisition(sphere_weights(64, 2, 0))
    broken, kept = worth(
        torch.tensor([[0.2, 0.5], [0.5, 0.5]], dtype=torch.float64),
        torch.empty((2, 0), dtype=torch.float64),
    ).tolist()
    assert kept > broken + 3


def test_trials_that_break_a_constraint_are_no_front_to_beat() -> None:
    free = knowledge(Problem(SQUARE, COSTS), tried(24))
    held = knowledge(Problem(SQUARE, COSTS, constraints=(Constraint("heat", 0.4),)), tried(24))
    assert len(held.front) < len(free.front)


def test_hypervolume_is_sought_near_the_front_where_nobody_gave_a_reference() -> None:
    found = knowledge(Problem(SQUARE, COSTS), tried(24))
    worst, best = found.front.min(axis=0), found.front.max(axis=0)
    assert found.reference == pytest.approx(worst - 0.1 * (best - worst))


def test_every_other_time_it_is_sought_from_below_all_results() -> None:
    history = tried(25)
    found = knowledge(Problem(SQUARE, COSTS), history)
    scores = compress(1 - history.values(("a", "b")) / 4.0)
    worst, best = scores.min(axis=0), scores.max(axis=0)
    assert found.reference == pytest.approx(worst - 0.5 * (best - worst), abs=0.01)


@pytest.mark.parametrize(("count", "far"), [(1, "0101"), (2, "00110")])
def test_batches_look_in_turn_from_near_and_from_afar(count: int, far: str) -> None:
    problem = Problem(SQUARE, COSTS)
    lowest = [knowledge(problem, tried(24 + n), count).reference.min() for n in range(len(far))]
    between = (min(lowest) + max(lowest)) / 2
    assert "".join(str(int(each < between)) for each in lowest) == far


def test_a_front_that_is_one_corner_is_left() -> None:
    corner = [{"x": 0.02 * n, "y": 0.0} for n in range(4)]
    points = [o.point for o in tried(21).observations] + corner
    values = [costs(p) | {"b": 4.0 * costs(p)["a"] - 4.0 * p["x"] * (p in corner)} for p in points]
    told = zip(points, values, strict=True)
    history = History(tuple(Observation(p, v, n) for n, (p, v) in enumerate(told, 1)))
    found = knowledge(Problem(SQUARE, COSTS), history)
    assert np.ptp(found.front, axis=0).max() < 0.1
    assert (found.front - found.reference).min() > 0.5


def test_one_terrible_result_does_not_stretch_what_is_sought() -> None:
    history = tried(24)
    point = history.observations[0].point
    terrible = Observation(point, {"a": 1e12, "b": 0.5, "heat": 0.0}, 25)
    told = History((*history.observations, terrible))
    reference = knowledge(Problem(SQUARE, COSTS), told).reference
    assert reference.min() > -3.0


def test_a_reference_that_was_given_stands() -> None:
    told = tuple(replace(o, given=GivenScale(reference=4.0)) for o in COSTS)
    assert knowledge(Problem(SQUARE, told), tried(24)).reference.tolist() == [0.0, 0.0]


INHERITING = {"training": {"inherit_epochs": 5}}


def networks(context: Mapping[str, Any] = INHERITING) -> Problem:
    digits: dict[str, Any] = {"input_shape": (8, 8, 1), "classes": 10, "train_images": 897}
    space = space_from_json({"kind": "tiny"}, **digits, **context)
    objectives = (
        Objective("error", scale=Scale(0.005, 0.45, log=True)),
        Objective("model_size:deployed", "known", scale=Scale(100.0, 64_000.0, log=True)),
    )
    return Problem(space, objectives, validation=300)


def observation(problem: Problem, point: Point, number: int, **changes: object) -> Observation:
    values = {**problem.space.figures(point), "error": 0.2}
    return replace(Observation(point, values, number), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("context", [INHERITING, {"stops": True}])
def test_a_stopped_trial_teaches_what_it_was_at_its_own_epochs(context: dict[str, Any]) -> None:
    asked, rng = networks(context), random.Random(1)
    points = [asked.space.sample(rng) for _ in range(3)]
    history = History(
        (
            observation(asked, points[0], 1),
            observation(asked, points[1], 2, status="stopped", epochs=4.0),
            observation(asked, points[2], 3, status="failed", values={}),
        )
    )
    rows = usable_rows(asked, history, 300)
    assert rows.tolist() == [0, 1]
    x = observed(asked, [history.observations[row] for row in rows])
    assert x[1, -1] == pytest.approx(log_epochs(4.0))
    assert x[0, -1] > x[1, -1]


def test_a_stopped_trial_is_never_on_the_front() -> None:
    asked, rng = networks(), random.Random(1)
    points = [asked.space.sample(rng) for _ in range(2)]
    best = {**asked.space.figures(points[1]), "error": 0.0}
    history = History(
        (
            observation(asked, points[0], 1),
            observation(asked, points[1], 2, status="stopped", values=best, epochs=4.0),
        )
    )
    assert history.front(asked).tolist() == [True, False]


def test_candidates_are_judged_as_if_trained_from_scratch_in_full() -> None:
    space = networks().space
    assert isinstance(space, NetworkSpace)
    point = space.sample(random.Random(2))
    child = space.heir(point, "0" * 64, 60.0)
    assert space.encode(child) != space.encode(point)
    confirmed = space.encode(child)
    for column, value in space.confirmed.items():
        confirmed[column] = value
    assert confirmed == pytest.approx(space.encode(point))


def pruned(problem: Problem, count: int, seed: int) -> list[Point]:
    rng = random.Random(seed)
    found: list[Point] = []
    while len(found) < count:
        point = problem.space.sample(rng)
        gene = point.get("pruning")
        if gene is not None and gene["scope"] == "channels" and gene["target"] is not None:
            found.append(point)
    return found


def test_cuts_that_leave_more_than_an_even_one_correct_the_next_prediction() -> None:
    asked = networks()
    known = [o for o in asked.objectives if o.role == "known"]
    points = pruned(asked, 9, seed=3)
    rows = []
    for number, point in enumerate(points[:8], 1):
        figures = asked.space.figures(point)
        values = {name: 1.5 * value for name, value in figures.items()}
        rows.append(Observation(point, {**values, "error": 0.2}, number))
    correction = Correction.of(asked, known, observed(asked, rows), rows)
    assert correction is not None
    bare = {name: gene for name, gene in points[8].items() if name != "pruning"}
    x = torch.tensor([asked.space.encode(p) for p in (points[8], bare)], dtype=torch.float64)
    scores = torch.tensor([[0.5], [0.5]], dtype=torch.float64)
    cut, whole = correction(x, scores)[:, 0].tolist()
    most = math.log(1.5) / math.log(640)
    assert 0.3 * most < 0.5 - cut <= most
    assert whole == 0.5


def test_without_a_pruned_result_predictions_stand() -> None:
    asked = networks()
    known = [o for o in asked.objectives if o.role == "known"]
    assert Correction.of(asked, known, np.empty((0, len(asked.space.columns))), []) is None


def test_other_functions_and_upper_bounds_start_from_the_same_front() -> None:
    known = knowledge(Problem(SQUARE, COSTS), tried(24))
    weights = sphere_weights(16, 2, 0)
    x, nothing = torch.tensor([[0.4, 0.4]]).double(), torch.empty((1, 0)).double()
    for function in ("hypervolume", "tchebyshev", "augmented", "linear"):
        hoped = [known.acquisition(weights, function, d)(x, nothing).item() for d in (1, 3)]
        assert known.acquisition(weights, function)(x, nothing).isfinite().all()
        assert hoped[0] < hoped[1]
