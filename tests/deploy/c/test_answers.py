"""Every kind of node and networks of the spaces, built for this machine: every byte as simulated."""

import numpy as np
import pytest

from resource_models.graph import Graph
from resource_models.nodes import (
    AvgPool,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    Gather,
    Input,
    MaxPool,
    Pad,
)
from tests.deploy import networks
from tests.worker.samples import CHAIN, EVERYTHING, FLAT
from worker.deploy import host
from worker.deploy.c import stored
from worker.deploy.record import Int8Graph, Kernel
from worker.deploy.simulate import Simulation

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
# Layers that are pruned a little, a lot and not at all, the same behind a gather.
PRUNED = Graph(
    (
        Input("in", (300,)),
        Gather("few", ("in",), tuple(range(3, 300, 7))),
        Gather("many", ("in",), tuple(range(0, 290))),
        Dense("bitmap", ("in",), 11),
        Dense("index", ("in",), 11),
        Dense("plain", ("many",), 5),
        Dense("bitmap_few", ("few",), 6),
        Dense("index_few", ("few",), 6),
        Dense("index_many", ("many",), 6),
        Concat("all", ("bitmap", "index", "plain", "bitmap_few", "index_few", "index_many")),
        Dense("out", ("all",), 3),
    )
)
KEPT = {"bitmap": 0.5, "index": 0.03}


def pruned(record: Int8Graph) -> Int8Graph:
    """Zeros where a node's name asks for them; one unit of each such node has no weight."""
    kernels = dict(record.kernels)
    for name, kernel in record.kernels.items():
        share = KEPT.get(name.split("_")[0])
        if share is not None:
            weights = kernel.weights.copy()
            weights[np.random.default_rng(1).random(weights.shape) > share] = 0
            weights[1] = 0
            kernels[name] = Kernel(weights, kernel.bias, kernel.scales)
    return Int8Graph(record.graph, record.tensors, kernels, record.sensor)


@pytest.fixture(scope="module")
def jobs() -> list[tuple[Int8Graph, np.ndarray]]:
    own = [EVERYTHING, networks.LONG_SUMS, networks.SHARED, networks.ENDS_FLAT, CHAIN, FLAT, FOURS]
    drawn = [graph for name in networks.SPACES for graph in networks.sampled(name, 2, seed=5)]
    view = Graph((Input("in", (2, 3, 2)), Flatten("out", ("in",))))
    records = [networks.drawn_int8(graph, i) for i, graph in enumerate([*own, *drawn, view])]
    records.append(pruned(networks.drawn_int8(PRUNED)))
    return [(record, networks.bytes_for(record.graph, 10).numpy()) for record in records]


@pytest.mark.parametrize("dsp", [False, True])
def test_c_answers_as_simulated_and_no_sanitizer_complains(
    jobs: list[tuple[Int8Graph, np.ndarray]], dsp: bool
) -> None:
    for (record, samples), found in zip(jobs, host.run_all(jobs, dsp), strict=True):
        expected = Simulation(record).run(networks.torch.from_numpy(samples)).numpy()
        assert np.array_equal(found, expected), record.graph


def test_the_networks_have_every_form_of_a_dense_layer_and_sums_that_are_not_tame() -> None:
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
