"""The prior of `tiny`: sizes, shapes, ends, speed."""

import math
import random
import time
from collections.abc import Callable
from statistics import mean, median
from typing import Any

import pytest

from optimizer.errors import SpaceExhausted
from optimizer.networks.genotype import layers_of, side_range
from optimizer.networks.prior import fit_widths, widths_of
from optimizer.networks.ranges import KINDS, LAST_POOLS, Ranges
from optimizer.networks.space import NetworkSpace
from optimizer.networks.structure import draw_structure
from optimizer.space import Point, space_from_json

DIGITS, COLOUR = (8, 8, 1), (32, 32, 3)


def tiny(shape: tuple[int, ...] = DIGITS, **ranges: Any) -> NetworkSpace:
    space = space_from_json({"kind": "tiny", **ranges}, input_shape=shape, classes=10)
    assert isinstance(space, NetworkSpace)
    return space


@pytest.fixture(scope="module")
def drawn() -> list[Point]:
    space, rng = tiny(COLOUR), random.Random(0)
    return [space.sample(rng) for _ in range(2000)]


def sizes(space: NetworkSpace, count: int = 400) -> list[float]:
    rng = random.Random(0)
    return [space.figures(space.sample(rng))[space.caps.size_figure] for _ in range(count)]


def test_sizes_are_log_uniform_from_the_smallest_network_to_64_kb() -> None:
    space = tiny()
    found = sorted(sizes(space, 600))
    low = math.log(space.figures(space.cheapest)["model_size:deployed"])
    high = math.log(64 * 1024)
    for share in (0.25, 0.5, 0.75):  # the quartiles, within a tenth of the whole width
        quantile = math.log(found[int(share * len(found))])
        assert (quantile - low) / (high - low) == pytest.approx(share, abs=0.1)
    assert found[-1] <= 1.5 * 64 * 1024


def test_the_bound_and_the_limit_end_the_sizes_in_their_convention() -> None:
    bounded = tiny().within({"model_size:sparse": 250.0}, {})
    assert bounded.caps.size_figure == "model_size:sparse"
    assert 700 < max(sizes(bounded)) <= 1.5 * 1000
    limited = tiny().within({}, {"model_size:deployed": 400.0})
    assert 300 < max(sizes(limited)) <= 400


def test_every_limit_is_kept_by_every_sample() -> None:
    limits = {"working_memory:wm2": 600.0, "model_size:sparse": 2770.0, "macs": 20_000.0}
    space, rng = tiny((28, 28, 1)).within({}, limits), random.Random(0)
    for _ in range(100):
        figures = space.figures(space.sample(rng))
        assert all(figures[name] <= limit for name, limit in limits.items())


def test_limits_that_nothing_keeps_end_in_an_error_not_in_a_loop() -> None:
    space = tiny((30,)).within({}, {"working_memory:arena": 10.0})
    with pytest.raises(SpaceExhausted):
        space.sample(random.Random(0))


def test_the_number_of_blocks_falls_geometrically_with_a_mean_of_about_two_and_a_half(
    drawn: list[Point],
) -> None:
    counts = [len(point["blocks"]) for point in drawn]
    assert mean(counts) == pytest.approx(2.5, abs=0.35)
    assert counts.count(1) > counts.count(2) > counts.count(3) > counts.count(5)


def test_the_middle_network_is_small_and_not_all_alike(drawn: list[Point]) -> None:
    space = tiny(COLOUR)
    weights = [space.figures(point)["model_size:munas"] for point in drawn[:500]]
    assert 300 < median(weights) < 10_000
    assert sum(w < 1000 for w in weights) > 0.2 * len(weights)


def some(drawn: list[Point], of: Callable[[Point], Any]) -> set[Any]:
    return {value for point in drawn for value in of(point)}


def test_every_end_of_every_range_is_reached(drawn: list[Point]) -> None:
    ranges = Ranges()
    assert some(drawn, lambda p: [p["input"]["side"]]) >= set(side_range(ranges, COLOUR))
    assert some(drawn, lambda p: [p["input"]["grey"]]) == {False, True}
    assert some(drawn, lambda p: [len(p["blocks"])]) == set(range(11))
    assert some(drawn, lambda p: [len(b["layers"]) for b in p["blocks"]]) == {1, 2, 3}
    assert some(drawn, lambda p: [p["head"]["pool"]]) == set(LAST_POOLS)
    assert some(drawn, lambda p: [p["head"]["window"]]) == {2, 4, 6}
    assert some(drawn, lambda p: [len(p["head"]["dense"])]) == {0, 1, 2, 3}
    assert some(drawn, lambda p: [d["units"] for d in p["head"]["dense"]]) >= {4, 256}
    assert some(drawn, lambda p: [p["head"]["dropout"] > 0.49]) == {False, True}
    assert 0.0 in some(drawn, lambda p: [p["head"]["dropout"]])
    rates = some(drawn, lambda p: [p["learning_rate"]])
    assert min(rates) < 1.2e-3
    assert max(rates) > 2.9e-2


@pytest.mark.parametrize(
    ("gene", "ends"),
    [
        ("kind", set(KINDS)),
        ("filters", {1, 128}),
        ("expansion", {1, 2, 3, 4, 5, 6}),
        ("pre_pool", {False, True}),
        ("batch_norm", {False, True}),
        ("relu", {False, True}),
        ("padding", {"same", "valid"}),
    ],
)
def test_every_value_of_a_layers_gene_is_reached(
    drawn: list[Point], gene: str, ends: set[Any]
) -> None:
    assert some(drawn, lambda p: [layer[gene] for layer in layers_of(p)]) >= ends


def test_kernels_and_strides_of_all_sizes_are_square_on_images_and_rectangular_on_features(
    drawn: list[Point],
) -> None:
    kernels = some(drawn, lambda p: [tuple(layer["kernel"]) for layer in layers_of(p)])
    strides = some(drawn, lambda p: [tuple(layer["stride"]) for layer in layers_of(p)])
    assert kernels == {(1, 1), (3, 3), (5, 5), (7, 7)}
    assert strides == {(1, 1), (2, 2)}
    space, rng = tiny((49, 10, 1)), random.Random(0)
    features = [space.sample(rng) for _ in range(400)]
    kernels = some(features, lambda p: [tuple(layer["kernel"]) for layer in layers_of(p)])
    assert len(kernels) == 16


def test_narrow_ranges_are_kept() -> None:
    space, rng = (
        tiny(filters=[3, 4], blocks=[2, 2], strides=[2], last_pools=["max"]),
        random.Random(0),
    )
    for _ in range(50):
        point = space.sample(rng)
        space.validate(point)
        assert len(point["blocks"]) == 2


def test_widths_are_scaled_to_the_target_or_the_structure_is_given_up() -> None:
    space, rng = tiny(), random.Random(5)
    fitted = 0
    for _ in range(200):
        point = draw_structure(space.ranges, space.input_shape, rng)
        fit = fit_widths(point, widths_of(point), 2000.0, space.ranges, space.meter)
        size = space.figures(point)["model_size:deployed"]
        assert fit.ratio == size / 2000
        fitted += fit.near
        if fit.near:
            assert 2000 / 1.5 <= size <= 2000 * 1.5
    assert fitted > 60


def test_the_cheapest_network_is_in_the_space_and_no_sample_is_smaller(drawn: list[Point]) -> None:
    for shape in (DIGITS, COLOUR, (49, 10, 1), (30,)):
        space, rng = tiny(shape), random.Random(0)
        space.validate(space.cheapest)
        least = space.figures(space.cheapest)["model_size:deployed"]
        samples = [space.figures(space.sample(rng)) for _ in range(200)]
        assert least <= min(figures["model_size:deployed"] for figures in samples)
    deep = tiny(blocks=[2, 3], layers=[2, 2], last_pools=["none", "avg"])
    deep.validate(deep.cheapest)


def test_samples_depend_on_the_seed_alone() -> None:
    first, second = ([tiny().sample(random.Random(s)) for s in range(20)] for _ in range(2))
    assert first == second


@pytest.mark.parametrize("shape", [DIGITS, (28, 28, 1), COLOUR, (49, 10, 1)])
def test_a_hundred_networks_are_drawn_in_a_moment(shape: tuple[int, ...]) -> None:
    space, rng = tiny(shape), random.Random(0)
    start_s = time.process_time()
    for _ in range(100):
        space.sample(rng)
    assert time.process_time() - start_s < 2
