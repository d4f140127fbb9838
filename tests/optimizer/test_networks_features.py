"""Networks as numbers, and the scales of a network study."""

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from optimizer.errors import InvalidProblem
from optimizer.networks.scales import default_scales
from optimizer.networks.space import NetworkSpace
from optimizer.problem import Objective
from optimizer.scale import GivenScale, Scale
from optimizer.space import space_from_json
from resource_models.devices import device


def tiny(shape: tuple[int, ...] = (28, 28, 1), **more: Any) -> NetworkSpace:
    space = space_from_json({"kind": "tiny"}, input_shape=shape, classes=10, **more)
    assert isinstance(space, NetworkSpace)
    return space


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (32, 32, 3), (49, 10, 1), (30,)])
def test_features_are_finite_and_in_about_zero_to_one(shape: tuple[int, ...]) -> None:
    space, rng = tiny(shape), random.Random(0)
    encoded = np.array([space.encode(space.sample(rng)) for _ in range(300)])
    assert encoded.shape == (300, len(space.columns))
    assert len(space.columns) == 25 + 9  # joins, exits and pruning
    assert len({column.name for column in space.columns}) == len(space.columns)
    assert {column.kind for column in space.columns} == {"real"}
    assert np.isfinite(encoded).all()
    assert encoded.min() >= 0.0
    assert encoded.max() <= 1.5


def test_no_feature_is_the_same_for_all_colour_images() -> None:
    space, rng = tiny((32, 32, 3)), random.Random(0)
    encoded = np.array([space.encode(space.sample(rng)) for _ in range(300)])
    assert (encoded.std(axis=0) > 0.01).all()


def test_features_see_what_a_morph_changes() -> None:
    space, rng = tiny(), random.Random(0)
    moved = 0
    for _ in range(200):
        point = space.sample(rng)
        moved += space.encode(space.morph(point, rng)) != space.encode(point)
    assert moved > 170  # padding of a map that does not notice, a swap of equal layers: few


def test_what_the_study_fixes_is_constant() -> None:
    space, rng = tiny(training={"learning_rate": 0.01}), random.Random(0)
    column = [c.name for c in space.columns].index("log_learning_rate")
    assert len({space.encode(space.sample(rng))[column] for _ in range(20)}) == 1


ERROR = Objective("error")
SIZE = Objective("model_size:deployed", "known")
MEMORY = Objective("working_memory:arena", "known")
MACS = Objective("macs", "known")


def scale_of(objective: Objective, device: str | None = "stm32f103") -> Scale:
    return default_scales(tiny(), [objective], device, 10, 300)[objective.name]


def test_the_error_goes_from_half_an_image_to_half_of_what_guessing_gives() -> None:
    assert scale_of(ERROR) == Scale(0.5 / 300, 0.45, log=True)


def test_a_resource_goes_from_the_cheapest_network_to_limit_bound_or_budget() -> None:
    least = tiny().figures(tiny().cheapest)
    assert scale_of(SIZE).ideal == least["model_size:deployed"]
    assert scale_of(MEMORY).ideal == least["working_memory:arena"]
    assert scale_of(replace(SIZE, bound=500.0, limit=900.0)).reference == 900.0
    assert scale_of(replace(SIZE, bound=500.0)).reference == 2000.0
    assert scale_of(SIZE).reference == 64 * 1024
    assert scale_of(MEMORY).reference == 20 * 1024
    assert scale_of(SIZE, "stm32f446re").reference == 512 * 1024
    assert scale_of(SIZE, None).reference == 64 * 1024
    assert scale_of(MEMORY, None).reference == 16 * 1024
    assert scale_of(MACS).reference == 2_000_000
    assert scale_of(MACS).log


def test_time_and_energy_go_to_what_the_most_operations_take() -> None:
    latency, energy = Objective("latency", "known"), Objective("energy", "known")
    board = device("stm32f446re")
    slowest = max(line.latency_ms(2_000_000) for line in board.latency)
    assert scale_of(latency, "stm32f446re").reference == slowest
    assert board.power is not None
    assert scale_of(energy, "stm32f446re").reference == board.power.energy_mj(slowest)
    assert "latency" not in tiny(device="rp2040").known_names
    assert "latency" in tiny(device="stm32f446re").known_names


def test_what_the_user_gave_is_kept() -> None:
    given = replace(SIZE, limit=900.0, given=GivenScale(100.0, 5000.0, log=False))
    assert scale_of(given) == Scale(100.0, 5000.0, log=False)


@pytest.mark.parametrize(
    ("objective", "field"),
    [
        (replace(SIZE, limit=20.0), "objectives.0.limit"),
        (replace(SIZE, bound=10.0), "objectives.0.bound"),
        (replace(ERROR, given=GivenScale(reference=0.001)), "objectives.0.reference"),
        (Objective("macs", "known", "maximize"), "objectives.0.goal"),
    ],
)
def test_a_scale_with_nothing_between_its_ends_is_refused(objective: Objective, field: str) -> None:
    with pytest.raises(InvalidProblem) as caught:
        scale_of(objective)
    assert caught.value.field == field
