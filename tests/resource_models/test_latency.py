"""Latency and energy: the lines of MicroNets, and which networks they are for."""

from statistics import correlation, linear_regression, mean

import pytest

from resource_models.coefficients import Family, LatencyLine, Power
from resource_models.devices import Device, device
from resource_models.footprint import figures_of, footprint
from resource_models.graph import Graph
from resource_models.latency import family
from resource_models.nodes import (
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    Input,
    MaxPool,
    Node,
)
from resource_models.weights import macs, weights
from tests.resource_models.networks import every_kind
from tests.resource_models.published import MICRONETS, mobilenet_v2

BOARDS = ("stm32f446re", "stm32f746zg", "stm32f767zi")
Row = tuple[float, float | None, float | None, float | None]
# Table 4 of MicroNets: millions of operations, then seconds on each of the boards.
SEPARABLE: list[Row] = [(net.mops, *net.latency_s) for net in MICRONETS.values()] + [
    (107.2, None, 0.515, 0.497),  # DSCNN-L
    (37.3, None, 0.219, 0.212),  # DSCNN-M
    (7.1, 0.131, 0.058, 0.058),  # DSCNN-S
]
BOTTLENECK: list[Row] = [
    (135.9, None, 1.133, 1.055),  # VWW-1
    (5.3, 0.181, 0.079, 0.082),  # VWW-2
    (45.2, None, 0.467, 0.447),  # VWW-3
    (37.7, 0.726, 0.31, 0.298),  # VWW-4
]
# Seconds and mJ of all networks whose energy stands there.
ENERGY = {
    "stm32f446re": [
        (0.426, 70.56),
        (0.250, 40.68),
        (0.181, 27.25),
        (0.457, 74.16),
        (0.131, 21.132),
        (0.254, 39.96),
        (0.007, 1.17),
    ],
    "stm32f746zg": [
        (0.610, 274.32),
        (0.187, 83.16),
        (0.109, 48.6),
        (1.133, 478.8),
        (0.079, 36.36),
        (0.467, 196.2),
        (0.31, 133.2),
        (0.608, 269.64),
        (0.192, 91.8),
        (0.515, 229.32),
        (0.219, 98.64),
        (0.058, 25.956),
        (0.330, 147.6),
        (0.108, 49.32),
        (0.003, 1.26),
    ],
}


def line(board: str, kind: Family) -> LatencyLine:
    return next(line for line in device(board).latency if line.family == kind)


def measured(board: str, kind: Family) -> tuple[list[float], list[float]]:
    """Operations and ms of the networks of a family that were measured on a board."""
    rows = SEPARABLE if kind == "separable" else BOTTLENECK
    at = BOARDS.index(board) + 1
    found = [(row[0], 1000 * seconds) for row in rows if (seconds := row[at]) is not None]
    return [mops for mops, _ in found], [ms for _, ms in found]


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("kind", ["separable", "bottleneck"])
def test_a_line_is_the_fit_to_what_was_measured(board: str, kind: Family) -> None:
    mops, ms = measured(board, kind)
    found = line(board, kind)
    slope, offset = linear_regression(mops, ms)
    assert found.ms_per_mops == pytest.approx(slope, rel=0.003)
    assert found.offset_ms == pytest.approx(offset, rel=0.012)
    assert found.from_mops == min(mops)
    assert found.networks == len(mops)
    worst = max(
        abs(found.latency_ms(round(5e5 * x)) / y - 1) for x, y in zip(mops, ms, strict=True)
    )
    if len(mops) > 2:
        assert found.r2 == pytest.approx(correlation(mops, ms) ** 2, abs=5e-4)
        assert found.error == pytest.approx(worst, abs=2e-3)
        assert worst <= found.error + 1e-9
    else:  # a line through two points says nothing about its error
        assert found.r2 is found.error is None


@pytest.mark.parametrize("name", MICRONETS)
@pytest.mark.parametrize("board", BOARDS)
def test_the_latency_of_a_micronet_is_what_was_measured(name: str, board: str) -> None:
    seconds = MICRONETS[name].latency_s[BOARDS.index(board)]
    found = footprint(MICRONETS[name].graph(), device(board))
    error = line(board, "separable").error
    assert error is not None
    if seconds is not None:
        # Its operations are counted up to 2 % above those of the table.
        assert found.latency_ms == pytest.approx(1000 * seconds, rel=error + 0.02)


@pytest.mark.parametrize("board", ENERGY)
def test_the_power_of_a_board_is_the_mean_of_energy_by_latency(board: str) -> None:
    power = device(board).power
    assert power is not None
    drawn = [mj / seconds for seconds, mj in ENERGY[board]]
    assert power.power_mw == pytest.approx(mean(drawn), rel=0.001)
    assert power.networks == len(drawn)
    found = footprint(every_kind(), device(board))
    assert found.latency_ms is not None
    assert found.energy_mj == found.latency_ms * power.power_mw / 1000


def test_a_line_is_proportional_below_the_smallest_network_that_was_measured() -> None:
    found = line("stm32f746zg", "separable")
    least = found.latency_ms(3_550_000)
    assert least == pytest.approx(4.51 * 7.1 + 36)
    assert found.latency_ms(355_000) == pytest.approx(least / 10)
    assert found.latency_ms(0) == 0
    # The auto-encoder of the table: the line itself would say 38 ms of what took 3.
    assert found.latency_ms(260_000) < 5.1


def test_only_devices_that_were_measured_have_latency_and_only_two_have_energy() -> None:
    assert figures_of(device("stm32f446re"))[-2:] == ("latency", "energy")
    assert figures_of(device("stm32f767zi"))[-1] == "latency"
    assert not {"latency", "energy"} & set(figures_of(device("nrf52840")))
    found = footprint(every_kind(), device("nrf52840"))
    assert found.latency_ms is found.energy_mj is None


def kind_of(*nodes: Node) -> Family:
    graph = Graph(nodes)
    found = weights(graph)
    return family(graph, found, macs(graph, found))


def bottleneck(width: int, middle: int) -> tuple[Node, ...]:
    return (
        Input("x", (8, 8, width)),
        Conv2d("e", ("x",), middle, (1, 1)),
        DepthwiseConv2d("d", ("e",), (3, 3)),
        Conv2d("p", ("d",), width, (1, 1)),
    )


def test_a_network_belongs_to_the_blocks_that_most_of_its_macs_lie_in() -> None:
    mobilenet = mobilenet_v2(96)
    assert kind_of(*mobilenet.nodes) == "bottleneck"
    assert {kind_of(*net.graph().nodes) for net in MICRONETS.values()} == {"separable"}
    assert kind_of(*bottleneck(8, 12)) == "bottleneck"
    assert kind_of(*bottleneck(8, 11)) == "separable"
    inside = 64 * (8 * 48 + 9 * 48 + 48 * 8)
    tail: tuple[Node, ...] = (Flatten("f", ("p",)),)
    assert kind_of(*bottleneck(8, 48), *tail, Dense("k", ("f",), inside // 512)) == "bottleneck"
    assert kind_of(*bottleneck(8, 48), *tail, Dense("k", ("f",), inside // 512 + 1)) == "separable"
    assert kind_of(Input("x", (4,)), Flatten("f", ("x",))) == "separable"


def test_an_inverted_bottleneck_is_narrow_at_both_ends_and_pointwise() -> None:
    nodes = bottleneck(8, 48)
    wide_end = Conv2d("p", ("d",), 40, (1, 1))
    assert kind_of(*nodes[:3], wide_end) == "separable"
    beside = (DepthwiseConv2d("b", ("p",), (1, 1)), MaxPool("m", ("d",), (1, 1), (1, 1)))
    read_twice = (*nodes, *beside, Concat("j", ("b", "m")))
    assert kind_of(*read_twice) == "separable"
    square = Conv2d("e", ("x",), 48, (3, 3))
    assert kind_of(nodes[0], square, *nodes[2:]) == "separable"


def test_a_bottleneck_costs_more_than_a_separable_network_of_as_many_macs() -> None:
    board = device("stm32f746zg")
    found = footprint(Graph(bottleneck(8, 48)), board)
    assert found.latency_ms == line(board.name, "bottleneck").latency_ms(found.macs)
    assert found.latency_ms > 1.5 * line(board.name, "separable").latency_ms(found.macs)


def test_a_device_with_one_line_uses_it_for_all_networks() -> None:
    own = LatencyLine("separable", 2.0, 0.0, "measured by us")
    known = device("nrf52840").to_json()
    board = Device.from_json(known | {"latency": [own.to_json()]})
    graph = Graph(bottleneck(8, 48))
    found = footprint(graph, board)
    assert found.latency_ms == pytest.approx(2.0 * 2e-6 * found.macs)
    assert found.energy_mj is None
    assert "energy" not in found.figures()
    power = Power(20.0, "measured by us")
    board = Device.from_json(known | {"latency": [own.to_json()], "power": power.to_json()})
    assert footprint(graph, board).energy_mj == pytest.approx(20.0 * 4e-9 * found.macs)
