"""From every point to every value of every gene, by morphs alone."""

import random
from typing import Any

import pytest

from optimizer.networks.space import NetworkSpace
from optimizer.space import NETWORK_KINDS, Point, space_from_json
from tests.optimizer.genes import COLOUR, FEATURES, FLAT, OPEN, Seen, shown, wanted

# Ends near each other, so that a walk is short. All else is as in the preset.
SHORT: dict[str, Any] = {
    "filters": [1, 6],
    "units": [10, 14],
    "dropout": [0.0, 0.2],
    "learning_rate": [0.004, 0.01],
    "weight_decay": [0.001, 0.01],
    "pruning_targets": [0.3, 0.6],
    "batch_sizes": [16, 50, 128],
}
STEPS = 30_000  # at most; it takes some thousands


def space_of(kind: str, shape: tuple[int, ...]) -> NetworkSpace:
    thresholds = [False] if kind == "munas" else [False, True]
    blocks = [1 if kind != "tiny" else 0, 3]
    definition = {"kind": kind, **SHORT, "blocks": blocks, "pruning_thresholds": thresholds}
    space = space_from_json(definition, input_shape=shape, classes=4, training=OPEN)
    assert isinstance(space, NetworkSpace)
    return space


def unseen_after_a_walk(space: NetworkSpace, start: Point, rng: random.Random) -> Seen:
    left = set(wanted(space))
    point = start
    for _ in range(STEPS):
        left.difference_update(shown(point))
        if not left:
            break
        point = space.morph(point, rng)
    space.validate(point)
    return left


@pytest.mark.parametrize("kind", NETWORK_KINDS)
@pytest.mark.parametrize("shape", [COLOUR, FEATURES, FLAT])
def test_every_value_and_end_of_every_gene_is_reached_from_the_smallest_network_and_from_any(
    kind: str, shape: tuple[int, ...]
) -> None:
    space, rng = space_of(kind, shape), random.Random(0)
    assert unseen_after_a_walk(space, space.cheapest, rng) == set()
    assert unseen_after_a_walk(space, space.sample(rng), rng) == set()


def test_a_walk_in_the_widest_space_meets_the_ends_of_what_is_large() -> None:
    space = space_from_json({"kind": "tiny"}, input_shape=(16, 16, 1), classes=10)
    rng, left = random.Random(1), {("filters", 128), ("units", 256), ("blocks", 10)}
    left |= {("filters", 1), ("units", 4), ("blocks", 0), ("side", 4), ("target", 0.98)}
    point = space.sample(rng)
    for _ in range(STEPS):
        left.difference_update(
            (n, v) for n, v in shown({**point, "training": {}}) if (n, v) in left
        )
        if not left:
            break
        point = space.morph(point, rng)
    assert left == set()
