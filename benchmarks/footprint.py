"""How many footprints one core counts in a second: chains, residual networks, a deep one."""

import random
import time
from collections.abc import Callable, Sequence

from benchmarks.record import record
from resource_models.devices import device
from resource_models.footprint import footprint
from resource_models.graph import Graph
from resource_models.nodes import (
    Add,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    GlobalAvgPool,
    Input,
    MaxPool,
    Node,
)

NEEDED_PER_S = 2_000
NETWORKS = 200  # different ones, so that nothing can be remembered
ROUNDS = 5


def chain(rng: random.Random) -> Graph:
    """Ten nodes in a row, as a depthwise-separable network."""
    width = [rng.randint(4, 64) for _ in range(4)]
    nodes: tuple[Node, ...] = (
        _image(rng),
        Conv2d("c1", ("x",), width[0], (3, 3), (2, 2), activation="relu"),
        DepthwiseConv2d("d1", ("c1",), (3, 3), activation="relu"),
        Conv2d("p1", ("d1",), width[1], (1, 1), activation="relu"),
        MaxPool("m1", ("p1",), (2, 2), (2, 2), "same"),
        DepthwiseConv2d("d2", ("m1",), (3, 3), activation="relu"),
        Conv2d("p2", ("d2",), width[2], (1, 1), activation="relu"),
        Conv2d("c2", ("p2",), width[3], (3, 3), activation="relu"),
        GlobalAvgPool("gap", ("c2",)),
        Dense("classes", ("gap",), 10),
    )
    return Graph(nodes)


def residual(rng: random.Random) -> Graph:
    """Ten nodes, two of them sums that wait for a branch."""
    first, second = rng.randint(4, 64), rng.randint(4, 64)
    nodes: tuple[Node, ...] = (
        _image(rng),
        Conv2d("c1", ("x",), first, (3, 3), (2, 2), activation="relu"),
        DepthwiseConv2d("d1", ("c1",), (3, 3), activation="relu"),
        Conv2d("p1", ("d1",), first, (1, 1)),
        Add("s1", ("c1", "p1"), "relu"),
        Conv2d("c2", ("s1",), second, (3, 3), (2, 2), activation="relu"),
        Conv2d("p2", ("c2",), second, (3, 3)),
        Add("s2", ("c2", "p2"), "relu"),
        GlobalAvgPool("gap", ("s2",)),
        Dense("classes", ("gap",), 10),
    )
    return Graph(nodes)


def deep(rng: random.Random) -> Graph:
    """Two hundred nodes in inverted bottlenecks."""
    nodes: list[Node] = [_image(rng), Conv2d("s0", ("x",), 8, (3, 3))]
    for i in range(49):
        nodes.append(Conv2d(f"e{i}", (f"s{i}",), rng.randint(8, 48), (1, 1)))
        nodes.append(DepthwiseConv2d(f"d{i}", (f"e{i}",), (3, 3)))
        nodes.append(Conv2d(f"p{i}", (f"d{i}",), 8, (1, 1)))
        nodes.append(Add(f"s{i + 1}", (f"s{i}", f"p{i}")))
    nodes.append(GlobalAvgPool("gap", ("s49",)))
    nodes.append(Dense("classes", ("gap",), 10))
    return Graph(tuple(nodes))


def per_s(count: Callable[[Graph], object], graphs: Sequence[Graph]) -> float:
    """Calls per second of processor time, so that other programs do not count; median round."""
    rates = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for graph in graphs:
            count(graph)
        rates.append(len(graphs) / (time.process_time() - started))
    return sorted(rates)[ROUNDS // 2]


def main() -> None:
    """Measure, print and save."""
    rng = random.Random(0)
    board = device("stm32f446re")
    chains = [chain(rng) for _ in range(NETWORKS)]
    residuals = [residual(rng) for _ in range(NETWORKS)]
    depths = [deep(rng) for _ in range(3)]

    def built(graph: Graph) -> object:
        return footprint(Graph(graph.nodes), board)

    figures = {
        "chain_10_nodes_per_s": per_s(lambda graph: footprint(graph, board), chains),
        "residual_10_nodes_per_s": per_s(lambda graph: footprint(graph, board), residuals),
        "chain_10_nodes_checked_and_counted_per_s": per_s(built, chains),
        "residual_10_nodes_checked_and_counted_per_s": per_s(built, residuals),
        "deep_200_nodes_per_s": per_s(lambda graph: footprint(graph, board), depths),
    }
    figures = {name: round(value, 1) for name, value in figures.items()}
    ten = [value for name, value in figures.items() if "_10_nodes" in name]
    record("footprint", figures, {"at_least_2000_per_s_for_ten_nodes": min(ten) >= NEEDED_PER_S})


def _image(rng: random.Random) -> Input:
    side = rng.randint(12, 64)
    return Input("x", (side, side, rng.choice((1, 3))))


if __name__ == "__main__":
    main()
