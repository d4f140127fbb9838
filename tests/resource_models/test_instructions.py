"""Instructions per layer, against those that were counted and boards that were timed."""

import pytest

from resource_models.devices import DEVICES, device
from resource_models.graph import Graph
from resource_models.instructions import (
    LAYER_ERROR,
    MEASURED,
    MEASURED_WHOLE,
    estimated_latency_ms,
    instructions,
)
from resource_models.nodes import (
    Conv2d,
    Dense,
    DepthwiseConv2d,
    GlobalAvgPool,
    Input,
    MaxPool,
    Node,
)
from resource_models.weights import node_macs, weights
from tests.resource_models.networks import every_kind
from tests.resource_models.published import MICRONETS

LAYERS: dict[str, tuple[Node, Node]] = {
    "conv 3x3 1->8 at 28x28": (Input("x", (28, 28, 1)), Conv2d("n", ("x",), 8, (3, 3))),
    "depthwise 3x3 8 at 14x14": (Input("x", (14, 14, 8)), DepthwiseConv2d("n", ("x",), (3, 3))),
    "conv 1x1 8->16 at 14x14": (Input("x", (14, 14, 8)), Conv2d("n", ("x",), 16, (1, 1))),
    "conv 1x1 16->32 at 7x7": (Input("x", (7, 7, 16)), Conv2d("n", ("x",), 32, (1, 1))),
    "conv 3x3 32->24 at 7x7": (Input("x", (7, 7, 32)), Conv2d("n", ("x",), 24, (3, 3))),
    "dense 32->10": (Input("x", (32,)), Dense("n", ("x",), 10)),
}


@pytest.mark.parametrize(("layer", "per_mac"), MEASURED)
def test_a_layer_takes_as_many_instructions_as_were_counted(layer: str, per_mac: float) -> None:
    graph = Graph(LAYERS[layer])
    counted = per_mac * node_macs(graph, weights(graph), "n")
    assert instructions(graph)["n"] == pytest.approx(counted, rel=LAYER_ERROR)


def test_the_whole_network_takes_as_many_as_were_counted() -> None:
    nodes: tuple[Node, ...] = (
        Input("x", (28, 28, 1)),
        Conv2d("c1", ("x",), 8, (3, 3)),
        MaxPool("m", ("c1",), (2, 2), (2, 2)),
        DepthwiseConv2d("d1", ("m",), (3, 3)),
        Conv2d("p1", ("d1",), 16, (1, 1)),
        DepthwiseConv2d("d2", ("p1",), (3, 3), (2, 2)),
        Conv2d("p2", ("d2",), 32, (1, 1)),
        Conv2d("c2", ("p2",), 24, (3, 3)),
        GlobalAvgPool("g", ("c2",)),
        Dense("classes", ("g",), 10),
    )
    found = instructions(Graph(nodes))
    assert sum(found.values()) == pytest.approx(MEASURED_WHOLE, rel=0.01)
    assert list(found) == [node.id for node in nodes[1:]]


@pytest.mark.parametrize("name", ["KWS-M", "KWS-S", "AD-S"])
def test_the_estimate_is_near_what_a_board_took_with_other_kernels(name: str) -> None:
    """MicroNets timed these on this board with CMSIS-NN: the estimate is 9 to 14 % below."""
    seconds = MICRONETS[name].latency_s[0]
    assert seconds is not None
    found = estimated_latency_ms(MICRONETS[name].graph(), device("stm32f446re"))
    assert found is not None
    assert 0.86 < found / (1000 * seconds) < 0.92


def test_an_estimate_follows_from_the_clock_and_exists_for_one_kind_of_core() -> None:
    graph = every_kind()
    fast = estimated_latency_ms(graph, device("stm32f446re"))
    slow = estimated_latency_ms(graph, device("nrf52840"))
    assert fast is not None
    assert slow is not None
    assert fast == pytest.approx(1.35 * sum(instructions(graph).values()) / 180_000)
    assert slow == pytest.approx(fast * 180 / 64)
    others = [board for board in DEVICES.values() if not board.core.startswith("Cortex-M4")]
    assert {estimated_latency_ms(graph, board) for board in others} == {None}


def test_every_operator_takes_some_and_views_take_none() -> None:
    graph = every_kind()
    views = {"flat", "kept", "x"}
    assert set(instructions(graph)) == {node.id for node in graph.nodes} - views
