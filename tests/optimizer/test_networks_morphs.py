"""Morphs: small changes of a network, each of which is one."""

import copy
import random
from typing import Any

import pytest

from optimizer.networks import genotype
from optimizer.networks.morphs import MORPHS, Morph
from optimizer.networks.recipe import OPEN as OPEN_FIELDS
from optimizer.networks.space import NetworkSpace
from optimizer.networks.validity import check_point
from optimizer.space import Point, space_from_json

COLOUR = (16, 16, 3)
ALL = [morph for listed in MORPHS.values() for morph in listed]
OPEN = {"weight_decay": None, "batch_size": None, "schedule": None}
# Morphs that bring or take whole genes, or whose details may happen to stay.
LOOSE = ("blocks", "layers", "dense", "scope", "method")


def tiny(
    shape: tuple[int, ...] = COLOUR, training: dict[str, Any] | None = None, **ranges: Any
) -> NetworkSpace:
    definition = {"kind": "tiny", **ranges}
    space = space_from_json(definition, input_shape=shape, classes=4, training=training)
    assert isinstance(space, NetworkSpace)
    return space


@pytest.fixture(scope="module")
def drawn() -> list[Point]:
    space, rng = tiny(training=OPEN, pruning_thresholds=[False, True]), random.Random(0)
    return [space.sample(rng) for _ in range(300)]


def differences(first: Any, second: Any, name: str = "point") -> set[str]:
    """The names of the genes in which two genotypes differ; lists of unequal length count whole.

    Of a gene that only one of them has, all parts differ.
    """
    if isinstance(first, dict) or isinstance(second, dict):
        one, two = first or {}, second or {}
        return set().union(*(differences(one.get(k), two.get(k), k) for k in {*one, *two}))
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
        *genotype.BLOCK_FIELDS,
        *genotype.BLOCK_OPTIONS,
        *genotype.PRUNING_FIELDS,
        *genotype.TRAINING_FIELDS,
        "blocks",
        "learning_rate",
    )
    assert named == set(fields) - {"id"}
    whole = {"input", "head", "pruning", "training"}
    assert {*genotype.POINT_FIELDS, "pruning", "training"} - whole < named


def test_each_field_that_a_recipe_can_leave_open_has_a_gene() -> None:
    assert {*genotype.TRAINING_FIELDS, "learning_rate", "dropout"} == set(OPEN_FIELDS)


@pytest.mark.parametrize("morph", ALL, ids=lambda morph: morph.name)
def test_a_morph_changes_the_genes_it_names_and_stays_in_the_space(
    morph: Morph, drawn: list[Point]
) -> None:
    space, rng = tiny(training=OPEN, pruning_thresholds=[False, True]), random.Random(0)
    applied = 0
    for point in drawn:
        child = genotype.copy_of(point)
        before = copy.deepcopy(point)
        if not morph.apply(child, space.ranges, COLOUR, rng):
            assert differences(before, child) == set()
            continue
        applied += 1
        assert point == before
        check_point(child, space.ranges, COLOUR, space.searched)
        space.lower(child)
        changed = differences(before, child)
        assert changed
        if morph.genes[0] not in LOOSE:
            assert changed == set(morph.genes)
        elif morph.genes[0] in genotype.PRUNING_FIELDS:
            assert morph.genes[0] in changed <= set(morph.genes)
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
