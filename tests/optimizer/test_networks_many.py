"""Thousands of networks, none of which fails; a million are in benchmarks/genotypes.py."""

import pytest

from benchmarks import genotypes
from benchmarks.genotypes import SHAPES, Task, done, fault, space_of, tasks
from optimizer.space import NETWORK_KINDS

EACH = 300


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", NETWORK_KINDS)
def test_samples_and_morphs_are_valid_become_graphs_and_cost_something(
    kind: str, shape: tuple[int, ...]
) -> None:
    found = done(Task(kind, shape, seed=0, count=EACH))
    assert found.failures == []
    assert found.morphed == EACH - EACH // 5
    assert found.pruned > 0
    assert (found.joined > 0) == (len(shape) == 3)


def test_what_is_wrong_is_found() -> None:
    space = space_of("tiny", (28, 28, 1))
    point = space.cheapest
    assert fault(space, point) is None
    wrong = fault(space, {**point, "learning_rate": 9.0})
    assert wrong is not None
    assert "learning_rate" in wrong


def test_the_million_is_shared_by_all_spaces() -> None:
    listed = tasks(1_000_000, seed=0)
    assert sum(task.count for task in listed) == 1_000_000
    assert {(task.kind, task.shape) for task in listed} == {
        (kind, shape) for kind in NETWORK_KINDS for shape in genotypes.SHAPES
    }
    assert len({task.seed for task in listed}) == len(listed)
