from collections.abc import Iterator

import numpy as np
import pytest
import torch

from resource_models.graph import Graph
from resource_models.nodes import Dense, Input
from tests.deploy import networks, reference
from tests.worker.samples import EVERYTHING
from worker.deploy import simulate
from worker.deploy.arithmetic import (
    DOUBLES_EXACT,
    factors_of,
    requantise,
    requantise_doubles,
)
from worker.deploy.errors import InvalidSamples
from worker.deploy.record import Int8Graph, Kernel, Sensor
from worker.deploy.simulate import Simulation
from worker.deploy.tables import Affine

OWN = {
    "everything": EVERYTHING,
    "long sums": networks.LONG_SUMS,
    "shared": networks.SHARED,
    "ends flat": networks.ENDS_FLAT,
}


DEVICES = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)


def check(graph: Graph, seed: int, count: int = 2) -> None:
    record = networks.drawn_int8(graph, seed)
    samples = networks.bytes_for(graph, count, seed)
    found = [Simulation(record, device).activations(samples) for device in DEVICES]
    for i in range(count):
        wanted = reference.answer(record, samples[i].numpy())
        for made in found:
            for name, values in wanted.items():
                assert np.array_equal(made[name][i].cpu().numpy(), values), name


@pytest.mark.parametrize("name", OWN)
def test_every_kind_of_node_gives_the_integers_of_the_loops(name: str) -> None:
    for seed in range(2):
        check(OWN[name], seed)


@pytest.mark.parametrize("name", networks.SPACES)
def test_networks_of_the_spaces_give_the_integers_of_the_loops(name: str) -> None:
    for seed, graph in enumerate(networks.sampled(name, 3, seed=5)):
        check(graph, seed, count=1)


def test_many_samples_are_run_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = Simulation(networks.drawn_int8(EVERYTHING))
    samples = networks.bytes_for(EVERYTHING, 7)
    whole = simulation.run(samples)
    monkeypatch.setitem(simulate.AT_ONCE, "cpu", 1)
    assert torch.equal(simulation.run(samples), whole)
    assert torch.equal(simulation.activations(samples)[EVERYTHING.output], whole)


def large_dense(inputs: int) -> tuple[Int8Graph, torch.Tensor]:
    """A dense node whose sums need more than the 24 bits of a short float."""
    graph = Graph((Input("in", (inputs,)), Dense("out", ("in",), 1)))
    weights = np.full((1, inputs), 127, np.int8)
    kernel = Kernel(weights, np.zeros(1, np.int32), np.ones(1, np.float32))
    ones, zeros = np.ones(inputs, np.float32), np.zeros(inputs, np.float32)
    # One unit of the output is one unit of the sum less 128 * 127 * inputs, near the largest sums.
    tensors = {"in": Affine(1.0, -128), "out": Affine(float(2.0**17), -128)}
    return Int8Graph(graph, tensors, {"out": kernel}, Sensor(zeros, ones)), torch.full(
        (1, inputs), 127, dtype=torch.int8
    )


def test_large_sums_are_exact() -> None:
    record, samples = large_dense(1001)
    simulation = Simulation(record)
    rows = samples.short() + 128
    node = record.graph.node("out")
    assert isinstance(node, Dense)
    found = simulation.products(node, rows, simulation.kernel(node)[0])
    assert found.item() == 255 * 127 * 1001  # odd and above 2^24: no 32-bit float


@pytest.fixture
def coarse() -> Iterator[None]:
    torch.set_float32_matmul_precision("medium")
    yield
    torch.set_float32_matmul_precision("highest")


@pytest.mark.usefixtures("coarse")
def test_a_process_that_asked_for_coarse_products_gets_exact_ones() -> None:
    simulation = Simulation(networks.drawn_int8(EVERYTHING))
    kinds = []
    matmul = torch.Tensor.__matmul__

    def noted(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        kinds.append(one.dtype)
        return matmul(one, other)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.Tensor, "__matmul__", noted)
        simulation.run(networks.bytes_for(EVERYTHING))
    assert set(kinds) == {torch.float64}


def test_autocast_does_not_reach_it() -> None:
    simulation = Simulation(networks.drawn_int8(EVERYTHING))
    samples = networks.bytes_for(EVERYTHING)
    wanted = simulation.run(samples)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(simulation.run(samples), wanted)


def test_floats_are_quantised_halves_to_even_and_clamped_however_large() -> None:
    record, _ = large_dense(7)
    simulation = Simulation(record)
    samples = torch.tensor([[0.5, 1.5, 2.4, -3.0, 255.4, 3e38, -3e38]])
    assert simulation.quantise(samples).tolist() == [[-128, -126, -126, -128, 127, 127, -128]]


@pytest.mark.parametrize(
    ("samples", "need"),
    [
        (torch.zeros(2, 5), r"need the shape \(n, 7\), got \(2, 5\)"),
        (torch.zeros(7), r"need the shape \(n, 7\), got \(7,\)"),
        (torch.full((1, 7), torch.nan), "need finite"),
        (torch.zeros(1, 7, dtype=torch.int32), "need finite floating-point"),
    ],
)
def test_samples_that_do_not_fit_are_refused(samples: torch.Tensor, need: str) -> None:
    with pytest.raises(InvalidSamples, match=need):
        Simulation(large_dense(7)[0]).quantise(samples)


def test_it_runs_int8_alone_and_none_at_all() -> None:
    simulation = Simulation(large_dense(7)[0])
    with pytest.raises(InvalidSamples, match=r"need int8, got torch\.float32"):
        simulation.run(torch.zeros(1, 7))
    assert simulation.run(torch.zeros(0, 7, dtype=torch.int8)).shape == (0, 1)


def test_doubles_rescale_as_integers_do_up_to_their_limit() -> None:
    """Where one rounding decides: halves of both signs, every shift, the largest values."""
    generator = torch.Generator().manual_seed(0)
    shifts = torch.arange(-31, 4)[:, None]
    most = DOUBLES_EXACT // 2 ** shifts.clamp(min=0) - 1
    values = torch.randint(-(2**21), 2**21, (35, 4000), generator=generator) % (most + 1)
    values[:, ::2] *= -1
    values[:, :2] = torch.cat([most, -most], 1)
    multipliers = torch.randint(2**30, 2**31, (35, 4000), generator=generator)
    multipliers[:, :2000] = 2**30  # a half: products lie on the boundary
    wanted = requantise(values, multipliers, shifts)
    found = requantise_doubles(values.double(), *factors_of(multipliers, shifts))
    assert torch.equal(found.long(), wanted)
