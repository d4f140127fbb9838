"""The stages of `sparse`: where its candidates come from, and when."""

import random
from dataclasses import replace
from typing import Any

import pytest

from optimizer.designers import bayes
from optimizer.designers.bayes import parents
from optimizer.designers.options import check_options
from optimizer.designers.sparse import CHILDREN, SAMPLES, SparseDesigner, _Farther
from optimizer.errors import InvalidProblem
from optimizer.history import History, Observation
from optimizer.networks.lineage import PARENT
from optimizer.pool import Pool, first_pool
from optimizer.problem import Objective, Problem
from optimizer.proposal import Proposal
from optimizer.scale import Scale
from optimizer.space import space_from_json

SPACE = space_from_json(
    {"kind": "tiny"}, input_shape=(8, 8, 1), classes=10, training={"inherit_epochs": 5}
)
OBJECTIVES = (
    Objective("error", scale=Scale(0.005, 0.45, log=True)),
    Objective("model_size:deployed", "known", scale=Scale(100.0, 64_000.0, log=True)),
)
PROBLEM = Problem(SPACE, OBJECTIVES, validation=300, budget=100)


def tried(count: int) -> History:
    rng, found = random.Random(0), []
    for number in range(1, count + 1):
        point = SPACE.sample(rng)
        known = SPACE.figures(point)
        error = max(0.9 * (1 + known["macs"] / 400) ** -0.5, 1 / 300)
        found.append(
            Observation(point, {**known, "error": error}, number, key=SPACE.key(point), epochs=30.0)
        )
    return History(tuple(found))


def suggest(trials: int, count: int, **options: object) -> list[Proposal]:
    problem = replace(PROBLEM, options=options)
    return SparseDesigner().suggest(problem, tried(trials), [], None, count, 1)


def test_it_explores_the_whole_space_by_model_and_chance_without_pruning() -> None:
    found = suggest(12, 3)
    assert {p.details["stage"] for p in found} == {"explore"}
    assert {p.origin for p in found} == {"model", "random"}
    assert not any(PARENT in p.point for p in found)
    assert not any("pruning" in p.point for p in found if p.origin == "model")


def test_then_it_morphs_the_front_which_passes_on_its_weights() -> None:
    history = tried(20)
    marks = history.front(PROBLEM)
    keys = {o.key for o, on in zip(history.observations, marks, strict=True) if on}
    found = suggest(20, 4)
    assert {p.details["stage"] for p in found} == {"morph"}
    children = [p for p in found if p.origin == "morph"]
    assert children
    assert all(p.point[PARENT]["key"] in keys for p in children)
    assert not any("pruning" in p.point for p in found)


@pytest.mark.parametrize("limit", [None, 0.001])
def test_children_and_samples_are_ranked_even_where_the_front_is_empty(
    monkeypatch: pytest.MonkeyPatch, limit: float | None
) -> None:
    ranked: list[Pool] = []

    def noted(*given: Any) -> Pool:
        ranked.append(first_pool(*given))
        return ranked[-1]

    monkeypatch.setattr(bayes, "first_pool", noted)
    error, size = OBJECTIVES
    problem = replace(PROBLEM, objectives=(replace(error, limit=limit), size))
    history = tried(20)
    assert history.front(problem).any() == (limit is None)
    (found,) = SparseDesigner().suggest(problem, history, [], None, 1, 1)
    assert len(ranked[0]) == CHILDREN + SAMPLES
    children = sum(PARENT in c.point for c in ranked[0].candidates)
    assert children == (CHILDREN if limit is None else 0)
    assert found.details["stage"] == "morph"


def test_networks_that_know_nothing_have_no_children_while_others_do() -> None:
    history = tried(30)
    marks, scores = history.front(PROBLEM), history.scores(PROBLEM)
    useful = marks & (scores > 0).all(axis=1)
    assert useful.sum() < marks.sum()  # some of the front are beyond the reference
    keys = {o.key for o, kept in zip(history.observations, useful, strict=True) if kept}
    assert {point[PARENT]["key"] for point in parents(PROBLEM, history, inherit=True)} == keys


def test_at_last_it_prunes() -> None:
    found = suggest(70, 3)
    assert {p.details["stage"] for p in found} == {"prune"}
    assert any("pruning" in p.point for p in found)


def test_the_shares_of_the_budget_are_options() -> None:
    (found,) = suggest(12, 1, explore=0.1, morph=0.12)
    assert found.details["stage"] == "prune"


def test_a_study_may_ask_for_children_from_scratch() -> None:
    (found,) = suggest(20, 1, inherit=False)
    assert found.details["stage"] == "morph"
    assert PARENT not in found.point


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"explore": 1.5}, "explore"),
        ({"explore": True}, "explore"),
        ({"explore": 0.8}, "morph"),
        ({"morph": "late"}, "morph"),
        ({"inherit": "no"}, "inherit"),
        ({"prune": 0.5}, "prune"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_by_name(
    options: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidProblem) as caught:
        check_options("sparse", replace(PROBLEM, options=options))
    assert caught.value.field == f"designer_options.{field}"


def test_a_child_is_one_change_away_or_several() -> None:
    class Counted:
        def sample(self, rng: random.Random) -> dict[str, Any]:
            return {"changes": 0}

        def morph(self, point: dict[str, Any], rng: random.Random) -> dict[str, Any]:
            return {"changes": point["changes"] + 1}

    moves, rng = _Farther(Counted()), random.Random(0)
    changes = [moves.morph({"changes": 0}, rng)["changes"] for _ in range(400)]
    assert min(changes) == 1
    assert 1.8 < sum(changes) / len(changes) < 2.2
    assert moves.sample(rng) == {"changes": 0}
