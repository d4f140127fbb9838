import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from resource_models.graph import Graph
from resource_models.nodes import Add, Conv2d, Dense, Input
from tests.deploy import networks
from tests.worker.samples import EVERYTHING, FLAT
from worker.deploy.calibrate import observe, quantise
from worker.deploy.errors import InvalidSamples, InvalidWeights
from worker.deploy.floats import FloatNetwork
from worker.deploy.fold import FloatKernel, Folded
from worker.deploy.observers import (
    OBSERVERS,
    Histogram,
    MeanSquare,
    MinMax,
    Observer,
    Percentile,
)
from worker.deploy.record import Sensor
from worker.deploy.scales import groups
from worker.deploy.simulate import Simulation
from worker.deploy.tables import Affine

PLAIN = Sensor(np.zeros(3, np.float32), np.ones(3, np.float32))


def histogram(values: NDArray[np.float64]) -> Histogram:
    low, high = float(values.min()), float(values.max())
    return Histogram(low, high, np.histogram(values, 2048)[0])


def dense_pair(first: list[list[float]], bias: list[float], activation: str = "none") -> Folded:
    """A hidden dense node with these weights, and one behind it that passes it on."""
    hidden = Dense("hidden", ("in",), len(first), activation)  # type: ignore[arg-type]
    graph = Graph((Input("in", (3,)), hidden, Dense("out", ("hidden",), 1)))
    kernels = {
        "hidden": FloatKernel(np.array(first), np.array(bias)),
        "out": FloatKernel(np.ones((1, len(first))), np.zeros(1)),
    }
    return Folded(graph, kernels, PLAIN)


def uniform(count: int = 200) -> torch.Tensor:
    return torch.rand(count, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize("name", OBSERVERS)
@pytest.mark.parametrize("space", networks.SPACES)
def test_integers_stand_for_what_the_floats_give(name: str, space: str) -> None:
    for seed, graph in enumerate(networks.sampled(space, 3)):
        folded, samples = networks.drawn_folded(graph, seed)
        wanted = FloatNetwork(folded)(samples)
        found = Simulation(quantise(folded, samples, OBSERVERS[name]())).logits(samples)
        off = (found - wanted).square().mean().sqrt() / wanted.abs().max()
        assert off < 0.05, off  # half a percent on most


def test_min_max_takes_all_that_was_seen() -> None:
    folded, samples = networks.drawn_folded(EVERYTHING)
    found = groups(folded.graph)
    for group, seen in zip(found, observe(folded, samples, found), strict=True):
        made = [x for name, x in FloatNetwork(folded).activations(samples) if name in group.members]
        assert seen.low == min(0.0, *(float(x.min()) for x in made))
        assert seen.high == max(0.0, *(float(x.max()) for x in made))
        assert seen.counts.sum() == sum(int((x != 0).sum()) for x in made)
        assert MinMax().range_of(seen, False) == (seen.low, seen.high)


def test_many_samples_are_seen_in_parts() -> None:
    folded, samples = networks.drawn_folded(FLAT)
    found = groups(folded.graph)
    twice = observe(folded, torch.cat([samples] * 4), found)
    for one, other in zip(observe(folded, samples, found), twice, strict=True):
        assert (other.low, other.high) == pytest.approx((one.low, one.high))
        assert np.abs(other.counts.cumsum() - 4 * one.counts.cumsum()).max() <= 8


def test_a_percentile_leaves_outliers_out_and_the_bulk_in() -> None:
    values = np.concatenate([np.linspace(-1, 1, 100_000), [500.0]])
    low, high = Percentile(1e-3).range_of(histogram(values), False)
    assert low == pytest.approx(-0.999, abs=0.3)
    assert high == pytest.approx(0.999, abs=0.3)
    assert Percentile(0.0).range_of(histogram(values), False) == pytest.approx((-1, 500))


@pytest.mark.parametrize("symmetric", [False, True])
def test_the_mean_square_of_its_errors_is_below_that_of_all_values(
    symmetric: bool,
) -> None:
    values = np.random.default_rng(0).standard_t(3, 50_000)  # long tails

    def error(ends: tuple[float, float]) -> float:
        low, high = ends
        if symmetric:
            low, high = -max(-low, high), max(-low, high)
        step = (high - low) / (254 if symmetric else 255)
        rounded = np.clip(np.rint(values / step) * step, low, high)
        return float(np.mean((rounded - values) ** 2))

    seen = histogram(values)
    assert error(MeanSquare().range_of(seen, symmetric)) < 0.95 * error((seen.low, seen.high))


@pytest.mark.parametrize("observer", [observer() for observer in OBSERVERS.values()])
def test_a_tensor_of_zeros_has_some_scale(observer: Observer) -> None:
    record = quantise(dense_pair([[0.0] * 3] * 2, [0.0, 0.0]), uniform(), observer)
    assert record.tensors["hidden"] == Affine(float(np.float32(1 / 255)), -128)
    assert Simulation(record).logits(uniform()).abs().max() == 0


def test_behind_a_relu_all_steps_are_positive() -> None:
    record = quantise(dense_pair([[1.0, 2.0, 3.0]], [0.1], "relu"), uniform(), MinMax())
    assert record.tensors["hidden"].zero_point == -128
    assert record.tables["hidden"].low == -128


def test_a_channel_that_is_all_but_dead_keeps_its_bias() -> None:
    """The trap of folded batch norm: weights near zero, so that the bias would leave 32 bits."""
    conv = Conv2d("conv", ("in",), 2, (1, 1))
    graph = Graph((Input("in", (2, 2, 3)), conv))
    weights = np.array([[1e-14] * 3, [1.0] * 3]).reshape(2, 1, 1, 3)
    folded = Folded(graph, {"conv": FloatKernel(weights, np.array([0.75, -0.25]))}, PLAIN)
    samples = torch.rand(50, 2, 2, 3)
    found = Simulation(quantise(folded, samples, MinMax())).logits(samples)
    assert (found - FloatNetwork(folded)(samples)).abs().max() < 0.02


def test_an_output_of_dust_gets_no_finer_scale_than_its_sums_have_room_for() -> None:
    folded = dense_pair([[1e3, -1e3, 0.0]], [0.0])
    record = quantise(folded, torch.full((4, 3), 0.3) + torch.rand(4, 1) * 1e-9, MinMax())
    assert record.tensors["hidden"].scale > 1e-6
    nodes = (Dense("a", ("in",), 1), Dense("b", ("in",), 1), Add("sum", ("a", "b")))
    graph = Graph((Input("in", (3,)), *nodes))
    one = FloatKernel(np.array([[1.0, 2.0, 3.0]]), np.array([0.5]))
    opposite = FloatKernel(-one.weights, -one.bias)
    record = quantise(Folded(graph, {"a": one, "b": opposite}, PLAIN), uniform(), MinMax())
    assert record.tensors["sum"].scale * 2**19 > record.tensors["a"].scale


def test_pruned_weights_stay_zeros() -> None:
    folded, samples = networks.drawn_folded(EVERYTHING)
    kernel = folded.kernels["mix"]
    weights = kernel.weights.copy()
    weights[::2] = 0.0
    kernels = {**folded.kernels, "mix": replace(kernel, weights=weights)}
    record = quantise(replace(folded, kernels=kernels), samples, MinMax())
    assert not record.kernels["mix"].weights[::2].any()


def test_weights_are_rounded_on_the_scale_of_their_channel() -> None:
    folded, samples = networks.drawn_folded(EVERYTHING)
    record = quantise(folded, samples, MinMax())
    for name, kernel in record.kernels.items():
        weights = kernel.weights * kernel.scales.reshape(
            (-1,) if kernel.weights.shape[0] == 1 else (-1, *(1,) * (kernel.weights.ndim - 1))
        )
        off = np.abs(weights - folded.kernels[name].weights)
        assert (off <= kernel.scales.max() / 2 * (1 + 1e-6)).all()
        assert np.abs(kernel.weights).max() == 127


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e38])
def test_wild_samples_are_refused(value: float) -> None:
    with pytest.raises(InvalidSamples, match="need"):
        quantise(dense_pair([[1.0] * 3], [0.0]), torch.full((2, 3), value), MinMax())


def test_wild_weights_are_refused() -> None:
    with pytest.raises((InvalidWeights, InvalidSamples), match="need"):
        quantise(dense_pair([[1e37] * 3], [0.0]), uniform(), MinMax())
    with pytest.raises(InvalidSamples, match="need at least one"):
        quantise(dense_pair([[1.0] * 3], [0.0]), uniform(0), MinMax())
