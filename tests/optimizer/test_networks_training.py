"""What a recipe leaves open is a gene of the network."""

import itertools
import random
from typing import Any

import pytest

from optimizer.errors import InvalidPoint, InvalidSpace
from optimizer.networks.genotype import TRAINING_FIELDS
from optimizer.networks.space import NetworkSpace
from optimizer.space import space_from_json

SHAPE = (8, 8, 1)
NAMES = {"weight_decay": "log_weight_decay", "batch_size": "log_batch_size"}
SUBSETS = [list(s) for n in range(4) for s in itertools.combinations(TRAINING_FIELDS, n)]


def tiny(left_open: list[str], **ranges: Any) -> NetworkSpace:
    definition = {"kind": "tiny", **ranges}
    training = dict.fromkeys(left_open)
    space = space_from_json(definition, input_shape=SHAPE, classes=10, training=training)
    assert isinstance(space, NetworkSpace)
    return space


@pytest.mark.parametrize("left_open", SUBSETS, ids="+".join)
def test_just_what_is_left_open_is_drawn_and_told_to_the_worker(left_open: list[str]) -> None:
    space, rng = tiny(left_open), random.Random(0)
    for _ in range(20):
        point = space.morph(space.sample(rng), rng)
        space.validate(point)
        genes = point.get("training", {})
        assert set(genes) == set(left_open)
        told = space.work(point)["training"]
        assert {name: told[name] for name in left_open} == genes
    space.validate(space.cheapest)
    added = {NAMES[name] for name in left_open if name in NAMES}
    names = {column.name for column in space.columns}
    assert added == names & set(NAMES.values())
    assert any(name.startswith("schedule_") for name in names) == ("schedule" in left_open)
    assert len(space.encode(point)) == len(space.columns)


def test_an_open_field_is_part_of_the_key_and_of_the_features() -> None:
    space = tiny(["batch_size"])
    point = space.sample(random.Random(0))
    other = {**point, "training": {"batch_size": 16}}
    point = {**point, "training": {"batch_size": 128}}
    assert space.key(point) != space.key(other)
    assert space.encode(point) != space.encode(other)


@pytest.mark.parametrize(
    ("left_open", "genes", "field"),
    [
        ([], {}, "point.training"),
        ([], {"batch_size": 32}, "point.training"),
        (["batch_size"], None, "training"),
        (["batch_size"], {}, "training.batch_size"),
        (["batch_size"], {"batch_size": 48}, "training.batch_size"),
        (["batch_size"], {"batch_size": 32, "schedule": "cosine"}, "training.schedule"),
        (["schedule"], {"schedule": "steps"}, "training.schedule"),
        (["weight_decay"], {"weight_decay": 1.0}, "training.weight_decay"),
        (["weight_decay"], {"weight_decay": True}, "training.weight_decay"),
    ],
)
def test_wrong_genes_are_refused(left_open: list[str], genes: Any, field: str) -> None:
    space = tiny(left_open)
    point = {**space.sample(random.Random(0)), "training": genes}
    with pytest.raises(InvalidPoint) as caught:
        space.validate(point)
    assert caught.value.field == field
    if left_open:
        del point["training"]
        with pytest.raises(InvalidPoint, match=r"point\.training: needs a value"):
            space.validate(point)


def test_a_fixed_field_is_not_drawn_whatever_its_range() -> None:
    space = tiny([], batch_sizes=[2], weight_decay=[0.5, 0.6])
    told = space.work(space.sample(random.Random(0)))["training"]
    assert (told["batch_size"], told["weight_decay"]) == (64, 0.001)


def test_what_flat_data_cannot_be_trained_by_is_refused_with_the_space() -> None:
    with pytest.raises(InvalidSpace) as caught:
        space_from_json(
            {"kind": "tiny"}, input_shape=(20,), classes=4, training={"augment": "shift1"}
        )
    assert caught.value.field == "training.augment"
