"""New candidates: no key twice, no limit broken, and an end where the space ends."""

import random

import pytest

from optimizer import parameter_space
from optimizer.designers.novelty import candidates, drawn, nothing_new, seen_keys, take
from optimizer.errors import SpaceExhausted
from optimizer.history import History, Observation
from optimizer.problem import Objective, Problem
from optimizer.space import space_from_json

N = {"name": "n", "kind": "integer", "low": 1, "high": 6}
FINITE = Problem(space_from_json({"kind": "parameters", "parameters": [N]}), (Objective("cost"),))


def test_points_are_passed_on_once_and_only_if_unseen() -> None:
    seen = seen_keys(FINITE, History((Observation({"n": 1}, {}, 1),)), [{"n": 2}])
    found = candidates(FINITE, [{"n": k} for k in (1, 2, 3, 3, 4)], seen)
    assert [candidate.point["n"] for candidate in found] == [3, 4]
    assert list(candidates(FINITE, [{"n": 3}], seen)) == []


def test_a_source_that_repeats_itself_still_gives_every_point_of_a_finite_space() -> None:
    source = drawn(FINITE, lambda: {"n": 1}, set(), random.Random(0))
    assert {candidate.point["n"] for candidate in source} == {1, 2, 3, 4, 5, 6}


def test_a_source_without_end_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parameter_space, "MOST_LISTED", 2)
    source = drawn(FINITE, lambda: {"n": 1}, set(), random.Random(0))
    assert len(list(source)) == 1


def test_nothing_left_is_said_and_little_left_is_given() -> None:
    points = [{"n": k} for k in range(1, 7)]
    assert len(take(FINITE, candidates(FINITE, points, set()), 10)) == 6
    with pytest.raises(SpaceExhausted):
        take(FINITE, candidates(FINITE, [], set()), 1)


def test_a_search_that_found_nothing_does_not_say_that_all_was_proposed() -> None:
    x = {"name": "x", "kind": "real", "low": 0.0, "high": 1.0}
    problem = Problem(space_from_json({"kind": "parameters", "parameters": [x]}), FINITE.objectives)
    assert str(nothing_new(FINITE)) == "every point of the space was proposed already"
    assert "none of 2,000 draws in a row was a new point" in str(nothing_new(problem))


def test_a_point_over_a_limit_is_no_candidate() -> None:
    space = space_from_json({"kind": "tiny"}, input_shape=(8, 8, 1), classes=10)
    limited = Objective("model_size:deployed", "known", limit=1000.0)
    problem = Problem(space, (Objective("error"), limited))
    rng = random.Random(1)
    points = [space.sample(rng) for _ in range(60)]
    kept = list(candidates(problem, points, set()))
    assert 0 < len(kept) < 60
    assert all(candidate.known["model_size:deployed"] <= 1000 for candidate in kept)
