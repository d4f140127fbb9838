"""Every kind of node and networks of the spaces, built for this machine: bytes as simulated."""

import random

import numpy as np
import pytest

from resource_models.arena import ArenaPlan
from resource_models.arena_in_place import plan_in_place
from resource_models.graph import Graph
from resource_models.nodes import (
    Add,
    AvgPool,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    Input,
    MaxPool,
    Pad,
    Weighted,
)
from tests.deploy import networks
from tests.deploy.c.in_place import DEPTHWISE, SUMS, everything_over
from tests.deploy.c.pruned import PRUNED, pruned
from tests.resource_models.networks import random_network
from tests.worker.samples import CHAIN, EVERYTHING, FLAT
from worker.deploy import host
from worker.deploy.c import project, stored
from worker.deploy.errors import InvalidProject
from worker.deploy.record import Int8Graph, Kernel, Sensor
from worker.deploy.simulate import Simulation
from worker.deploy.tables import Affine

# Channels in fours and what is left of them, odd maps, borders wider than the map.
FOURS = Graph(
    (
        Input("in", (7, 9, 4)),
        Conv2d("wide", ("in",), 7, (3, 5), activation="relu6"),
        DepthwiseConv2d("each", ("wide",), (5, 3), (2, 1)),
        Conv2d("step", ("each",), 12, (1, 1), (2, 2), activation="relu"),
        Conv2d("mix", ("step",), 9, (1, 1)),
        Pad("framed", ("mix",), (2, 1), (0, 3), (1, 2)),
        MaxPool("most", ("framed",), (3, 2), (1, 2), "same"),
        AvgPool("mean", ("framed",), (2, 3), (1, 2), "same"),
        Concat("both", ("most", "mean")),
        DepthwiseConv2d("huge", ("both",), (9, 9)),
        Flatten("flat", ("huge",)),
        Dense("out", ("flat",), 7),
    )
)
# Rows of each length that weights of 4 bits have: eights, fours, pairs and one.
ROWS = Graph(
    (
        Input("in", (5, 6, 15)),
        DepthwiseConv2d("each", ("in",), (3, 3)),
        Conv2d("few", ("each",), 7, (1, 1), activation="relu"),
        Conv2d("three", ("few",), 3, (3, 3)),
        DepthwiseConv2d("alone", ("three",), (2, 2)),
        Conv2d("wide", ("three",), 12, (3, 1), (2, 1)),
        Flatten("flat", ("wide",)),
        Dense("hidden", ("flat",), 13),
        Flatten("side", ("alone",)),
        Dense("most", ("side",), 6),
        Dense("some", ("hidden",), 6),
        Add("out", ("some", "most")),
    )
)
# Each operator in place that may be, whether it gains or not.
OVER = [*DEPTHWISE, SUMS, *(random_network(random.Random(seed), 14) for seed in (0, 3, 4))]


def wild(graph: Graph) -> Int8Graph:
    """Biases that fill their room, sums that are shifted to the left, a channel without weights."""
    record = networks.drawn_int8(graph)
    kernels = {}
    for name, kernel in record.kernels.items():
        weights, bias, scales = map(np.array, (kernel.weights, kernel.bias, kernel.scales))
        if name == "each":
            weights[..., 0], bias[0], scales[0] = 0, 0, 64
        elif name != "step":
            bias[::2] = 2**30
            bias[1::2] = -(2**30)
        kernels[name] = Kernel(weights, bias, scales)
    before = record.tensors["each"].scale
    fine = float(np.float32(before * float(kernels["step"].scales.max()) / 6))
    tensors = {**record.tensors, "step": Affine(fine, 3)}
    return Int8Graph(graph, tensors, kernels, record.sensor)


@pytest.fixture(scope="module")
def jobs() -> list[tuple[Int8Graph, np.ndarray]]:
    own = [EVERYTHING, networks.LONG_SUMS, networks.SHARED, networks.ENDS_FLAT, CHAIN, FLAT, FOURS]
    drawn = [graph for name in networks.SPACES for graph in networks.sampled(name, 2, seed=5)]
    view = Graph((Input("in", (2, 3, 2)), Flatten("out", ("in",))))
    records = [networks.drawn_int8(graph, i) for i, graph in enumerate([*own, *drawn, view])]
    records += [pruned(networks.drawn_int8(PRUNED)), wild(FOURS)]
    records += [networks.drawn_int8(graph, i) for i, graph in enumerate([networks.OVER, *OVER])]
    packed = [EVERYTHING, networks.SHARED, FOURS, ROWS, networks.OVER, *OVER]
    records += [networks.drawn_int8(graph, i, 4) for i, graph in enumerate([*packed, *drawn[::2]])]
    records.append(pruned(networks.drawn_int8(PRUNED, bits=4)))
    return [(record, networks.bytes_for(record.graph, 10).numpy()) for record in records]


@pytest.mark.parametrize("dsp", [False, True])
def test_c_answers_as_simulated_and_no_sanitizer_complains(
    jobs: list[tuple[Int8Graph, np.ndarray]], dsp: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plan(graph: Graph, budget_bytes: int | None) -> ArenaPlan:
        return everything_over(graph) if graph in OVER else plan_in_place(graph)

    monkeypatch.setattr(project, "plan_within", plan)
    for (record, samples), found in zip(jobs, host.run_all(jobs, dsp), strict=True):
        expected = Simulation(record).run(networks.torch.from_numpy(samples)).numpy()
        assert np.array_equal(found, expected), record.graph


def test_the_networks_have_every_form_of_a_dense_layer_and_of_requantisation() -> None:
    tame = [stored.is_tame(wild(FOURS), node) for node in FOURS.nodes if isinstance(node, Weighted)]
    assert not any(tame)
    assert wild(FOURS).tables["step"].shifts.max() == 3
    record = pruned(networks.drawn_int8(PRUNED))
    forms = {
        node.id: tuple(stored.kernel(record, node))
        for node in record.graph.nodes
        if isinstance(node, Dense)
    }
    assert forms["bitmap"] == forms["bitmap_few"] == ("weights", "bits", "bias")
    assert forms["index"] == forms["index_many"] == ("weights", "counts", "indices", "bias")
    assert forms["plain"] == forms["out"] == ("weights", "bias")
    assert stored.kernel(record, record.graph.node("index"))["indices"].dtype == np.uint16
    packed = pruned(networks.drawn_int8(PRUNED, bits=4))
    assert {name: tuple(stored.kernel(packed, PRUNED.node(name))) for name in forms} == forms


def test_sums_that_16_times_as_large_would_leave_32_bits_are_refused() -> None:
    wide = Graph((Input("in", (150_000,)), Dense("out", ("in",), 1)))
    kernel = Kernel(
        np.full((1, 150_000), 7, np.int8), np.zeros(1, np.int32), np.full(1, 2**-9, np.float32)
    )
    sensor = Sensor(np.zeros(150_000, np.float32), np.ones(150_000, np.float32))
    ends = {"in": Affine(1.0, 0), "out": Affine(2.0**20, 0)}
    record = Int8Graph(wide, ends, {"out": kernel}, sensor, 4)
    with pytest.raises(InvalidProject, match=r"^out\.weights: need products that add up to"):
        stored.kernel(record, wide.node("out"))
