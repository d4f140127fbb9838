"""Weights of 4 bits: what recipes say of them, and what the prior makes of their size."""

import random

import pytest

from optimizer.errors import InvalidSpace
from optimizer.networks.recipe import Recipe
from optimizer.networks.space import NetworkSpace
from optimizer.space import space_from_json
from resource_models.model_size import deployed_bytes
from resource_models.weights import weights

POINT = {"learning_rate": 0.02, "head": {"dropout": 0.3}}


def test_a_recipe_tells_of_weights_of_4_bits_and_of_others_nothing() -> None:
    eight, four = (Recipe.from_json({"weight_bits": bits}, 897) for bits in (8, 4.0))
    assert "weight_bits" not in {**eight.to_json(), **eight.of(POINT)}
    assert four.to_json()["weight_bits"] == four.of(POINT)["weight_bits"] == 4
    assert type(four.of(POINT)["weight_bits"]) is int
    assert Recipe.from_json(four.to_json(), None) == four


def test_the_prior_measures_weights_of_4_bits_as_the_figures_count_them() -> None:
    space = space_from_json(
        {"kind": "tiny"},
        input_shape=(13, 11, 3),
        classes=7,
        training={"quantisation": "aware", "weight_bits": 4},
    )
    assert isinstance(space, NetworkSpace)
    rng = random.Random(0)
    drawn = [space.cheapest, *(space.sample(rng) for _ in range(40))]
    for point in drawn:
        whole = {name: gene for name, gene in point.items() if name != "pruning"}
        size = space.figures(whole)["model_size:deployed"]
        assert space.meter.measure(whole).size_bytes == size
        assert size == deployed_bytes(space.lower(whole), weights(space.lower(whole)), 4)
    with pytest.raises(InvalidSpace, match=r"weight_bits: need 8 where instructions@m4 is asked"):
        space.asked(["instructions@m4"])
