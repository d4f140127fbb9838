"""What every designer promises. A new one joins by its line in `DESIGNERS`."""

import copy
import json
import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from optimizer.designers import DESIGNERS, LEARN, NEED_TORCH, Designer, Fitted, designer
from optimizer.errors import InvalidProblem, SpaceExhausted
from optimizer.history import History, Observation
from optimizer.networks.scales import default_scales
from optimizer.networks.space import NetworkSpace
from optimizer.problem import Constraint, Objective, Problem
from optimizer.proposal import Proposal
from optimizer.scale import Scale
from optimizer.space import Point, space_from_json

PARAMETERS = [
    {"name": "x", "kind": "real", "low": 0.0, "high": 1.0},
    {"name": "rate", "kind": "real", "low": 1e-4, "high": 1.0, "log": True},
    {"name": "n", "kind": "integer", "low": 1, "high": 40},
    {"name": "c", "kind": "choice", "values": ["a", "b", "c"]},
]
BOX = Problem(
    space_from_json({"kind": "parameters", "parameters": PARAMETERS}),
    (
        Objective("cost", scale=Scale(0.0, 2.0)),
        Objective("gain", goal="maximize", limit=-9.0, scale=Scale(2.0, 0.0)),
    ),
    seed=3,
)
TREE = Problem(
    space_from_json(
        {
            "kind": "parameters",
            "parameters": [
                {"name": "kind", "kind": "choice", "values": ["plain", "deep"]},
                {"name": "x", "kind": "real", "low": 0.0, "high": 1.0},
                {"name": "y", "kind": "real", "low": 0.0, "high": 1.0, "when": {"kind": ["deep"]}},
                {"name": "n", "kind": "integer", "low": 1, "high": 9, "when": {"kind": ["deep"]}},
            ],
            "constraints": ["x + y <= 0.8", "x >= 0.05"],
            "known": {"weight": "x + (n / 9 if kind == 'deep' else 0.5)"},
        }
    ),
    (
        Objective("cost", scale=Scale(0.0, 2.0)),
        Objective("weight", "known", limit=1.2, scale=Scale(0.0, 2.0)),
    ),
    constraints=(Constraint("heat", 0.9),),
    seed=5,
)
FINITE = Problem(
    space_from_json(
        {
            "kind": "parameters",
            "parameters": [
                {"name": "n", "kind": "integer", "low": 1, "high": 3},
                {"name": "c", "kind": "choice", "values": ["a", "b"]},
            ],
        }
    ),
    (Objective("cost", scale=Scale(0.0, 9.0)),),
)
POINTS = list(FINITE.space.points())


def networks() -> Problem:
    """Networks for the digits, below a limit that the prior would break but for it."""
    space = space_from_json({"kind": "tiny"}, input_shape=(8, 8, 1), classes=10)
    objectives = (
        Objective("error"),
        Objective("model_size:deployed", "known", limit=2000.0),
        Objective("working_memory:arena", "known"),
    )
    problem = Problem(space, objectives, validation=300, seed=5)
    assert isinstance(problem.space, NetworkSpace)
    return problem.with_scales(default_scales(problem.space, objectives, None, 10, 300))


NETWORKS = networks()


def outcome(problem: Problem, point: Point) -> dict[str, float]:
    """Values of any point, by a smooth rule; networks make fewer errors with more operations."""
    known = problem.space.figures(point)
    if problem is TREE:
        return {**known, "cost": point["x"] + point.get("y", 0.5), "heat": 1 - point["x"]}
    if known:
        return {**known, "error": max(1 / 300, min(0.9, 3 / math.log(20 + known["macs"]) - 0.2))}
    if "x" not in point:
        return {"cost": float(point["n"])}
    return {
        "cost": point["x"] + point["n"] / 40,
        "gain": 1 - point["x"] + math.log10(point["rate"]),
    }


def history_of(problem: Problem, count: int, seed: int = 0) -> History:
    """Finished trials at random points; every fifth has no value."""
    rng = random.Random(seed)
    observations = []
    for number in range(1, count + 1):
        point = problem.space.sample(rng)
        if number % 5:
            observations.append(Observation(point, outcome(problem, point), number, epochs=30))
            continue
        known = problem.space.figures(point)
        status = ("infeasible", "failed", "cancelled", "stopped")[number // 5 % 4]
        observations.append(Observation(point, known, number, status))  # type: ignore[arg-type]
    return History(tuple(observations))


@pytest.fixture(params=list(DESIGNERS))
def tested(request: pytest.FixtureRequest) -> Designer:
    return designer(request.param)


def accepts(designer: Designer, problem: Problem) -> bool:
    try:
        designer.check(problem)
    except InvalidProblem:
        return False
    return True


PAIRS = [
    pytest.param(name, problem, id=f"{name}-{label}")
    for name in DESIGNERS
    for label, problem in (("parameters", BOX), ("conditions", TREE), ("networks", NETWORKS))
    if name in NEED_TORCH or accepts(designer(name), problem)
]


CHOICES: tuple[dict[str, object], ...] = (
    {"function": "tchebyshev", "prior": "simplex", "rays": 1, "acquisition": "thompson"},
    {"function": "augmented", "prior": "munas", "rays": 32},
    {"function": "linear", "prior": "box", "rays": 32, "acquisition": "ucb"},
)


def suggest(
    designer: Designer,
    problem: Problem,
    history: History,
    pending: Sequence[Point] = (),
    count: int = 3,
    seed: int = 0,
) -> list[Proposal]:
    fitted = designer.fit(problem, history, seed)
    return designer.suggest(problem, history, pending, fitted, count, seed)


@pytest.mark.parametrize(("name", "problem"), PAIRS)
@pytest.mark.parametrize("trials", [0, 3, 24])
def test_proposals_are_new_valid_and_as_many_as_asked_for(
    name: str, problem: Problem, trials: int
) -> None:
    history = history_of(problem, trials)
    pending = [problem.space.sample(random.Random(seed)) for seed in (91, 92)]
    proposals = suggest(designer(name), problem, history, pending, count=3)
    assert len(proposals) == 3
    tried = history.keys(problem.space) | {problem.space.key(point) for point in pending}
    keys = {proposal.key for proposal in proposals}
    assert len(keys) == 3
    assert not keys & tried
    for proposal in proposals:
        problem.space.validate(proposal.point)
        assert proposal.key == problem.space.key(proposal.point)
        assert dict(proposal.known) == problem.space.figures(proposal.point)
        assert proposal.designer == name


@pytest.mark.parametrize(("name", "problem"), PAIRS)
@pytest.mark.parametrize("trials", [0, 24])
def test_equal_arguments_give_equal_proposals_and_stay_as_they_are(
    name: str, problem: Problem, trials: int
) -> None:
    history, pending = history_of(problem, trials), [problem.space.sample(random.Random(7))]
    before = copy.deepcopy(([o.to_json() for o in history.observations], pending))
    first, second = (
        suggest(designer(name), problem, history, pending, count=2, seed=11) for _ in range(2)
    )
    assert first == second
    assert before == ([o.to_json() for o in history.observations], pending)


@pytest.mark.parametrize(("name", "problem"), PAIRS)
def test_a_fit_and_proposals_survive_json(name: str, problem: Problem) -> None:
    tested, history = designer(name), history_of(problem, 24)
    fitted = tested.fit(problem, history, 1)
    assert fitted is None or name in LEARN
    again = None if fitted is None else Fitted.from_json(json.loads(json.dumps(fitted.to_json())))
    first, second = (tested.suggest(problem, history, [], f, 1, 2) for f in (fitted, again))
    assert first == second
    for proposal in first:
        text = json.dumps(proposal.to_json(), allow_nan=False)
        assert Proposal.from_json(json.loads(text)) == proposal
        for part in proposal.prediction.values():
            assert set(part) == {"mean", "sd"}


@pytest.mark.parametrize("name", [p.values[0] for p in PAIRS if p.values[1] is NETWORKS])
@pytest.mark.parametrize("trials", [0, 24])
def test_no_proposal_breaks_a_limit_on_a_known_figure(name: str, trials: int) -> None:
    for proposal in suggest(designer(name), NETWORKS, history_of(NETWORKS, trials), count=6):
        assert proposal.known["model_size:deployed"] <= 2000


@pytest.mark.parametrize("trials", [0, 24])
def test_no_proposal_breaks_a_known_constraint_or_a_limit_of_a_black_box(
    tested: Designer, trials: int
) -> None:
    for proposal in suggest(tested, TREE, history_of(TREE, trials), count=6):
        TREE.space.validate(proposal.point)
        assert proposal.known["weight"] <= 1.2


@pytest.mark.parametrize("options", CHOICES, ids=lambda told: told["function"])
@pytest.mark.parametrize("problem", [BOX, TREE, NETWORKS], ids=["box", "tree", "nets"])
def test_choices_of_scalarisation_keep_the_contract(
    options: dict[str, object], problem: Problem
) -> None:
    asked, history = replace(problem, options=options), history_of(problem, 24)
    pending = [problem.space.sample(random.Random(seed)) for seed in (91, 92)]
    first, second = (suggest(designer("bayes"), asked, history, pending) for _ in range(2))
    assert first == second
    tried = history.keys(problem.space) | {problem.space.key(point) for point in pending}
    assert len({p.key for p in first} - tried) == 3
    for proposal in first:
        problem.space.validate(proposal.point)
        assert problem.keeps_limits(proposal.known)
        json.dumps(proposal.to_json(), allow_nan=False)


@pytest.mark.parametrize(("name", "problem"), PAIRS)
def test_a_history_without_a_single_value_is_no_obstacle(name: str, problem: Problem) -> None:
    rng = random.Random(0)
    observations = tuple(
        Observation(problem.space.sample(rng), {}, number, "infeasible") for number in range(1, 16)
    )
    assert len(suggest(designer(name), problem, History(observations), count=2)) == 2


@pytest.mark.parametrize(("name", "problem"), PAIRS)
def test_equal_values_everywhere_are_no_obstacle(name: str, problem: Problem) -> None:
    rng = random.Random(0)
    observations = []
    for number in range(1, 16):
        point = problem.space.sample(rng)
        values = dict.fromkeys(problem.names, 0.5) | problem.space.figures(point)
        observations.append(Observation(point, values, number))
    assert len(suggest(designer(name), problem, History(tuple(observations)), count=2)) == 2


def test_while_scales_are_not_fixed_the_space_is_filled(tested: Designer) -> None:
    problem = Problem(BOX.space, (Objective("cost"), Objective("gain", goal="maximize")))
    proposals = suggest(tested, problem, history_of(BOX, 24), count=4)
    assert len(proposals) == 4
    assert {proposal.origin for proposal in proposals} <= {"initial", "random"}


def test_a_finite_space_is_proposed_whole_and_then_exhausted(tested: Designer) -> None:
    history = History()
    for number in range(1, len(POINTS) + 1):
        proposal = suggest(tested, FINITE, history, seed=number, count=1)[0]
        values = outcome(FINITE, proposal.point)
        history = History((*history.observations, Observation(proposal.point, values, number)))
    assert len(history.keys(FINITE.space)) == len(POINTS)
    with pytest.raises(SpaceExhausted):
        suggest(tested, FINITE, history)


@pytest.mark.parametrize("tried", [2, 5])
def test_fewer_are_proposed_where_fewer_are_left(tested: Designer, tried: int) -> None:
    observations = [
        Observation(point, outcome(FINITE, point), number)
        for number, point in enumerate(POINTS[:tried], 1)
    ]
    proposals = suggest(tested, FINITE, History(tuple(observations)), count=50)
    assert len(proposals) == len(POINTS) - tried
    with pytest.raises(SpaceExhausted):
        suggest(tested, FINITE, History(tuple(observations)), POINTS[tried:])


def test_unknown_options_are_refused_by_name(tested: Designer) -> None:
    tested.check(BOX)
    with pytest.raises(InvalidProblem) as caught:
        tested.check(replace(BOX, options={"colour": "red"}))
    assert caught.value.field == "designer_options.colour"


def test_sobol_refuses_networks() -> None:
    with pytest.raises(InvalidProblem) as caught:
        designer("sobol").check(NETWORKS)
    assert caught.value.field == "designer"
