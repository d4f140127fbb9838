"""Any two networks for the same data: the child inherits something and can be trained."""

import random

import pytest

from optimizer.networks.space import NetworkSpace
from optimizer.space import space_from_json
from resource_models.even_cut import even_cut
from resource_models.graph import Graph
from tests.worker.families import CLASSES, branch_out, child_of, difference, grown, samples
from worker.course import Course
from worker.recipe import Recipe
from worker.regime import Regime

SHAPES: list[tuple[int, ...]] = [(7, 7, 1), (9, 6, 3), (11,)]
RECIPE = Recipe(epochs=1, batch_size=60, learning_rate=0.01)


def space(shape: tuple[int, ...]) -> NetworkSpace:
    found = space_from_json(
        {"kind": "tiny", "max_macs": 60_000}, input_shape=shape, classes=CLASSES
    )
    assert isinstance(found, NetworkSpace)
    return found.within({}, {"model_size:deployed": 2000.0})


def wild(here: NetworkSpace, rng: random.Random) -> Graph:
    """A network of the prior, some morphs away, with more branches and exits than it would have."""
    point = here.sample(rng)
    for _ in range(rng.randrange(4)):
        point = here.morph(point, rng)
    branch_out(point, rng)
    return here.lower(point)


@pytest.mark.parametrize("shape", SHAPES)
def test_any_network_can_inherit_from_any_other(shape: tuple[int, ...]) -> None:
    here, rng, data = space(shape), random.Random(0), samples(shape)
    for _ in range(12):
        parent = grown(wild(here, rng), data)
        network, found = child_of(parent, wild(here, rng), data)
        assert found.carried + found.resampled + found.neutral + found.fresh == pytest.approx(1)
        Course(RECIPE, data, network.sensor, 0).run(network, 1, lambda *_: False, Regime())


@pytest.mark.parametrize("shape", SHAPES)
def test_what_was_pruned_grows_back_without_a_trace(shape: tuple[int, ...]) -> None:
    here, rng, data = space(shape), random.Random(1), samples(shape)
    for scope in ("channels", "inputs", "both") * 4:
        whole = wild(here, rng)
        parent = grown(even_cut(whole, scope, 0.4).graph, data)
        network, _ = child_of(parent, whole, data)
        assert difference(parent, network, data) < 1e-5
