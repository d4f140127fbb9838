"""The fit of instructions, on layers whose costs are known."""

import random

import numpy as np
import pytest
import torch

from benchmarks.deployed import code
from benchmarks.deployed.counting import examples
from benchmarks.deployed.fit import fitted, foretold, quality
from benchmarks.deployed.networks import NAMES, case, graph
from resource_models.counted import features
from worker.deploy.simulate import Simulation


def layer(rng: random.Random) -> tuple[str, tuple[float, ...], int]:
    pixels, products = rng.randint(1, 400), rng.randint(1, 20_000)
    return "conv2d", (1.0, pixels, products), 300 + 20 * pixels + 3 * products


def test_costs_that_made_the_counts_are_found_again() -> None:
    rng = random.Random(0)
    layers = [layer(rng) for _ in range(40)]
    costs = fitted(layers)
    assert costs["conv2d"] == pytest.approx((300, 20, 3), rel=0.02)
    told = foretold(layers, costs)
    assert told == pytest.approx(sum(count for *_, count in layers), rel=1e-3)


def test_a_kernel_that_works_in_place_teaches_nothing_of_the_ordinary_one() -> None:
    chain = graph("chain", 0)
    line = {"space": "chain", "number": 0, "graph": chain.sha256(), "non_zeros": None}
    line |= {"counts": {"m4": dict.fromkeys(features(chain), 9)}, "in_place": ["d1", "p1"]}
    of_all, ordinary = (examples(line, "m4", ordinary=each) for each in (False, True))
    assert [form for form, *_ in of_all].count("depthwise_conv2d") == 2
    assert [form for form, *_ in ordinary].count("depthwise_conv2d") == 1
    assert len(of_all) == len(ordinary) + 1


def test_no_layer_is_larger_than_the_most_and_the_likely_is_near() -> None:
    rng = random.Random(1)

    def one() -> code.Program:
        runs = [(True, rng.random() < 0.5) for _ in range(rng.randint(1, 6))]
        layers = [("pad", each, 100 + 40 * each[1] + rng.randint(0, 10)) for each in runs]
        return code.Program(layers, 60, 900, 300)

    programs = [one() for _ in range(40)]
    costs = code.fitted(programs)
    assert costs["likely"]["pad"] == pytest.approx([105, 40], rel=0.1)
    least = [each / code.MARGIN for each in costs["most"]["pad"]]
    assert least == pytest.approx([110, 40], rel=0.03)
    assert costs["besides"] == {"code_bytes": 60, "most_flash_bytes": 1440, "most_ram_bytes": 450}
    error, larger = code.held_out(programs)
    assert (error < 0.05, larger) == (True, 0)
    long = code.Program([("pad", (True, True), 900)], 60, 900, 300)
    assert code.held_out([*programs, long])[1] == 1


def test_quality_is_relative_to_what_was_counted() -> None:
    found = quality(np.array([110.0, 190.0]), np.array([100.0, 200.0]))
    assert (found.mean_error, found.worst_error) == pytest.approx((0.075, 0.1))
    assert found.r2 == pytest.approx(1 - 200 / 5000)


def test_networks_are_always_the_same_and_small_enough_to_emulate() -> None:
    assert {graph(name, 3).sha256() for name in NAMES} == {
        graph(name, 3).sha256() for name in NAMES
    }
    one, other = case("sparse", 1, 3), case("sparse", 1, 3)
    assert np.array_equal(one.answers, other.answers)
    some = one.part(2)
    assert np.array_equal(some.inputs, one.inputs[[0, 1, 3, 4]])
    again = Simulation(one.record).run(torch.from_numpy(some.inputs)).numpy()
    assert np.array_equal(again, some.answers)
