"""Networks whose operators write over their inputs, and the plan in which all do that may."""

from resource_models.arena import ALIGNMENT_BYTES, ArenaPlan, described, lay
from resource_models.arena_in_place import dying
from resource_models.graph import Graph
from resource_models.in_place import OURS, in_place
from resource_models.memory import best_order
from resource_models.nodes import Add, AvgPool, Conv2d, DepthwiseConv2d, Flatten, Input, Node
from resource_models.program import build


def everything_over(graph: Graph) -> ArenaPlan:
    """A plan in which each operator writes over an input that may, whether it gains or not."""
    program, buffers = build(graph)
    program = in_place(program, graph, OURS).aligned(ALIGNMENT_BYTES)
    order = best_order(program)
    over = dying(program, order.steps)
    return described(graph, program, buffers, lay(program, order.steps, order.peak_bytes, 0, over))


def depthwise(shape: tuple[int, int, int], *layers: tuple[int, ...]) -> Graph:
    """Depthwise convolutions in a row: kernel and stride by rows and columns; 1 more is valid."""
    nodes: list[Node] = [Input("in", shape)]
    for number, (rows, columns, down, right, *valid) in enumerate(layers):
        padding = "valid" if valid else "same"
        window, step = (rows, columns), (down, right)
        activation = ("none", "relu", "relu6")[number % 3]
        before = (nodes[-1].id,)
        nodes.append(DepthwiseConv2d(f"d{number}", before, window, step, padding, activation))
    return Graph(tuple(nodes))


# Channels in fours with some left, in fours alone, fewer than four, one; odd maps, even kernels,
# borders larger than what is left of the map, steps that differ by axis, rows that leave at once.
DEPTHWISE = (
    depthwise((13, 9, 6), (3, 3, 1, 1), (5, 5, 1, 1), (3, 5, 1, 2), (2, 4, 1, 1), (5, 3, 2, 1)),
    depthwise((11, 15, 8), (5, 5, 2, 2), (3, 3, 2, 2), (3, 3, 1, 1), (9, 9, 1, 1), (3, 1, 3, 1)),
    depthwise((10, 12, 3), (3, 3, 2, 2), (7, 3, 1, 1), (1, 1, 1, 1), (3, 3, 1, 1, 1)),
    depthwise((17, 7, 1), (3, 3, 1, 1), (5, 5, 3, 2), (4, 4, 1, 1), (1, 1, 2, 2)),
    depthwise((12, 12, 5), (5, 3, 1, 1, 1), (3, 3, 2, 1, 1), (2, 2, 1, 3)),
)
# Sums of two, of three, of two views of one map; inputs with scales of their own; one
# map that is read once more after a sum and a convolution have, so neither may write over it.
SUMS = Graph(
    (
        Input("in", (5, 7, 3)),
        Conv2d("a", ("in",), 5, (3, 3), activation="relu"),
        DepthwiseConv2d("b", ("a",), (3, 3)),
        Add("both", ("a", "b"), "relu6"),
        Conv2d("c", ("both",), 5, (1, 1), activation="relu6"),
        AvgPool("d", ("both",), (3, 3), (1, 1), "same"),
        Add("three", ("d", "both", "c"), "relu"),
        Flatten("left", ("three",)),
        Flatten("right", ("three",)),
        Add("views", ("left", "right")),
    )
)
