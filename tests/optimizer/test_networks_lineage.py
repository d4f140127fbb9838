"""The gene that says whose weights a network begins with."""

import random
from dataclasses import replace
from typing import Any

import pytest

from optimizer.designers import designer
from optimizer.errors import InvalidPoint
from optimizer.history import History, Observation
from optimizer.networks.lineage import heir, orphan
from optimizer.networks.scales import default_scales
from optimizer.networks.space import NetworkSpace
from optimizer.problem import Objective, Problem
from optimizer.space import space_from_json

KEY, OTHER = "a" * 64, "b" * 64


def space(**training: Any) -> NetworkSpace:
    built = space_from_json(
        {"kind": "tiny"}, input_shape=(8, 8, 1), classes=10, training={"epochs": 8, **training}
    )
    assert isinstance(built, NetworkSpace)
    return built


INHERITS = space(inherit_epochs=2)


def sample(seed: int = 0) -> dict[str, Any]:
    return INHERITS.sample(random.Random(seed))


def test_a_child_is_trained_as_long_as_the_recipe_says_and_names_its_parent() -> None:
    point = sample()
    child = INHERITS.heir(point, KEY, 8.0)
    assert "parent" not in point
    work = INHERITS.work(child)
    assert work["training"]["epochs"] == 2
    assert (work["parent"]["key"], work["parent"]["epochs"]) == (KEY, 8.0)
    assert space().work(child)["training"]["epochs"] == 8  # where the study says nothing


def test_the_key_tells_parents_apart_but_not_their_epochs() -> None:
    point = sample()
    keys = [INHERITS.key(p) for p in (point, heir(point, KEY, 8), heir(point, OTHER, 8))]
    assert len(set(keys)) == 3
    assert INHERITS.key(heir(point, KEY, 9)) == keys[1]
    assert INHERITS.key(orphan(heir(point, KEY, 8))) == keys[0]


def test_a_morph_keeps_the_parent_and_the_figures_are_those_of_the_network() -> None:
    child = INHERITS.heir(sample(), KEY, 8.0)
    for seed in range(20):
        morphed = INHERITS.morph(child, random.Random(seed))
        INHERITS.validate(morphed)
        assert morphed["parent"] == child["parent"]
    assert INHERITS.figures(child) == INHERITS.figures(sample())


def test_what_a_morph_adds_has_an_id_that_the_parent_never_had() -> None:
    """Else it would inherit the weights of a layer that stood elsewhere."""
    parent = sample(3)
    before = ids_of(parent)
    for seed in range(60):
        rng, seen, point = random.Random(seed), set(before), INHERITS.heir(parent, KEY, 8.0)
        for _ in range(8):
            left = ids_of(point)
            point = INHERITS.morph(point, rng)
            assert not (ids_of(point) - left) & seen


def ids_of(point: dict[str, Any]) -> set[str]:
    found = {block["id"] for block in point["blocks"]}
    found |= {layer["id"] for block in point["blocks"] for layer in block["layers"]}
    return found | {dense["id"] for dense in point["head"]["dense"]}


def test_whether_and_how_long_a_line_was_trained_are_features_where_weights_are_inherited() -> None:
    names = [column.name for column in INHERITS.columns]
    assert names[-2:] == ["inherits", "log_epochs"]
    assert "inherits" not in [column.name for column in space().columns]
    alone, child = INHERITS.encode(sample()), INHERITS.encode(heir(sample(), KEY, 8.0))
    assert len(alone) == len(child) == len(names)
    assert (alone[-2], child[-2]) == (0.0, 1.0)
    assert alone[:-2] == child[:-2]
    assert child[-1] > alone[-1]  # 10 epochs in all, against 8


@pytest.mark.parametrize(
    ("gene", "field"),
    [
        ("x", "parent"),
        ({"key": KEY}, "parent"),
        ({"key": "../etc", "epochs": 1}, "parent.key"),
        ({"key": KEY, "epochs": -1}, "parent.epochs"),
        ({"key": KEY, "epochs": float("nan")}, "parent.epochs"),
        ({"key": KEY, "epochs": 1, "ids": -1}, "parent.ids"),
        ({"key": KEY, "epochs": 1, "ids": 10**9}, "parent.ids"),
    ],
)
def test_a_parent_that_names_no_trial_is_refused(gene: Any, field: str) -> None:
    with pytest.raises(InvalidPoint) as refused:
        INHERITS.validate({**sample(), "parent": gene})
    assert refused.value.field == field


def history(problem: Problem) -> History:
    """Networks of all sizes, of which one alone has learnt something: the best place to look."""
    found = []
    for number in range(1, 15):
        point = problem.space.sample(random.Random(number))
        figures = problem.space.figures(point)
        error = 0.01 if number == 9 else 0.8
        found.append(
            Observation(point, {**figures, "error": error}, number, key=problem.space.key(point))
        )
    return History(tuple(found))


@pytest.mark.parametrize("inherits", [True, False])
def test_bayes_lets_morphs_of_the_front_inherit_where_the_study_says_so(inherits: bool) -> None:
    built = INHERITS if inherits else space()
    objectives = (Objective("error"), Objective("model_size:deployed", "known"))
    problem = Problem(built, objectives, validation=300)
    problem = problem.with_scales(default_scales(built, objectives, None, 10, 300))
    seen = history(problem)
    front = seen.front(problem)
    keys = {o.key for o, kept in zip(seen.observations, front, strict=True) if kept}
    bayes = designer("bayes")
    fitted = bayes.fit(problem, seen, 0)
    proposals = [p for seed in range(3) for p in bayes.suggest(problem, seen, [], fitted, 2, seed)]
    parents = {p.point["parent"]["key"] for p in proposals if "parent" in p.point}
    assert parents <= keys
    assert bool(parents) is inherits
    for proposal in proposals:
        problem.space.validate(proposal.point)
        assert proposal.key == problem.space.key(proposal.point)
        assert proposal.origin == ("morph" if "parent" in proposal.point else "model")


def test_bayes_leaves_the_parents_of_a_users_children_alone_where_nothing_is_inherited() -> None:
    objectives = (Objective("error"), Objective("model_size:deployed", "known"))
    problem = Problem(space(), objectives, validation=300)
    problem = problem.with_scales(default_scales(space(), objectives, None, 10, 300))
    heirs = [replace(o, point=heir(o.point, KEY, 8)) for o in history(problem).observations]
    proposals = designer("bayes").suggest(problem, History(tuple(heirs)), [], None, 4, 0)
    assert all("parent" not in p.point and p.origin == "model" for p in proposals)
