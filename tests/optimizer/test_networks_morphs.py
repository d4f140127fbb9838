"""Morphs: small changes of a network, each of which is one."""

import copy
import random
from typing import Any

import pytest

from optimizer.networks import genotype
from optimizer.networks.morphs import MORPHS, Morph
from optimizer.networks.space import NetworkSpace
from optimizer.space import space_from_json

COLOUR = (16, 16, 3)
ALL = [morph for listed in MORPHS.values() for morph in listed]


def tiny(shape: tuple[int, ...] = COLOUR, **ranges: Any) -> NetworkSpace:
    space = space_from_json({"kind": "tiny", **ranges}, input_shape=shape, classes=4)
    assert isinstance(space, NetworkSpace)
    return space


def differences(first: Any, second: Any, name: str = "point") -> set[str]:
    """The names of the genes in which two genotypes differ; lists of unequal length count whole."""
    if isinstance(first, dict):
        return set().union(*(differences(first[key], second[key], key) for key in first))
    if isinstance(first, list) and len(first) == len(second):
        return set().union(*(differences(a, b, name) for a, b in zip(first, second, strict=True)))
    return set() if first == second else {name}


def test_every_gene_is_changed_by_a_morph() -> None:
    named = {gene for morph in ALL for gene in morph.genes}
    fields = (
        *genotype.INPUT_FIELDS,
        *genotype.LAYER_FIELDS,
        *genotype.HEAD_FIELDS,
        *genotype.DENSE_FIELDS,
        "blocks",
        "layers",
        "learning_rate",
    )
    assert {field for field in fields if field not in ("id",)} - named == {"units"} - named


@pytest.mark.parametrize("morph", ALL, ids=lambda morph: morph.name)
def test_a_morph_changes_the_genes_it_names_and_stays_in_the_space(morph: Morph) -> None:
    space, rng = tiny(), random.Random(0)
    applied = 0
    for _ in range(300):
        point = space.sample(rng)
        child = genotype.copy_of(point)
        before = copy.deepcopy(point)
        if not morph.apply(child, space.ranges, COLOUR, rng):
            assert differences(before, child) == set()
            continue
        applied += 1
        assert point == before
        genotype.check_point(child, space.ranges, COLOUR)
        space.lower(child)
        changed = differences(before, child)
        assert changed
        if morph.genes[0] not in ("blocks", "layers", "dense"):
            assert changed == set(morph.genes)
        else:
            assert morph.genes[0] in changed
    assert applied > 20


def test_neighbours_are_valid_different_and_leave_the_point_alone() -> None:
    for shape in (COLOUR, (49, 10, 1), (30,)):
        space, rng = tiny(shape), random.Random(1)
        for _ in range(150):
            point = space.sample(rng)
            before = copy.deepcopy(point)
            child = space.morph(point, rng)
            space.validate(child)
            assert point == before
            assert space.key(child) != space.key(point)


def test_ids_stay_with_what_a_morph_does_not_touch() -> None:
    space, rng = tiny(), random.Random(2)
    for _ in range(200):
        point = space.sample(rng)
        child = space.morph(point, rng)
        old = {layer["id"] for layer in genotype.layers_of(point)}
        new = {layer["id"] for layer in genotype.layers_of(child)}
        assert len(old & new) >= min(len(old), len(new)) - 3
        if len(old) == len(new):
            assert old == new


def test_a_study_that_fixes_the_learning_rate_is_not_offered_it_as_a_change() -> None:
    space = space_from_json(
        {"kind": "tiny"}, input_shape=COLOUR, classes=4, training={"learning_rate": 0.01}
    )
    rng = random.Random(3)
    for _ in range(200):
        point = space.sample(rng)
        assert space.key(space.morph(point, rng)) != space.key(point)


def test_a_space_of_one_network_gives_an_equal_copy() -> None:
    space = tiny(
        blocks=[0, 0],
        shrink=[1, 1],
        grey=[False],
        last_pools=["global"],
        windows=[2],
        dense_layers=[0, 0],
        dropout=[0, 0],
        learning_rate=[0.01, 0.01],
    )
    point = space.sample(random.Random(0))
    child = space.morph(point, random.Random(0))
    assert child == point
    assert child is not point


def test_long_walks_stay_in_the_space() -> None:
    space, rng = tiny(), random.Random(4)
    point = space.sample(rng)
    for _ in range(400):
        point = space.morph(point, rng)
    space.validate(point)
