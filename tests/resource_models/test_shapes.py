"""Output shapes follow TensorFlow Lite; what does not fit is refused."""

import pytest

from resource_models.errors import InvalidGraph
from resource_models.nodes import (
    Add,
    AvgPool,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    Gather,
    GlobalAvgPool,
    MaxPool,
    Node,
    Pad,
    Shape,
)
from resource_models.shapes import shape_of

X = ("x",)
XY = ("x", "y")
IMAGE: Shape = (7, 10, 3)


@pytest.mark.parametrize(
    ("node", "inputs", "shape"),
    [
        (Conv2d("c", X, 8, (3, 3)), (IMAGE,), (7, 10, 8)),
        (Conv2d("c", X, 8, (3, 3), (2, 3)), (IMAGE,), (4, 4, 8)),
        (Conv2d("c", X, 8, (9, 9)), (IMAGE,), (7, 10, 8)),
        (Conv2d("c", X, 8, (3, 5), padding="valid"), (IMAGE,), (5, 6, 8)),
        (Conv2d("c", X, 8, (3, 3), (2, 2), "valid"), (IMAGE,), (3, 4, 8)),
        (DepthwiseConv2d("d", X, (3, 3), (2, 2)), (IMAGE,), (4, 5, 3)),
        (DepthwiseConv2d("d", X, (7, 10), (1, 1), "valid"), (IMAGE,), (1, 1, 3)),
        (MaxPool("m", X, (2, 2), (2, 2)), (IMAGE,), (3, 5, 3)),
        (AvgPool("a", X, (2, 2), (2, 2), "same"), (IMAGE,), (4, 5, 3)),
        (GlobalAvgPool("g", X), (IMAGE,), (3,)),
        (Pad("p", X, (1, 2), (0, 3), (4, 0)), (IMAGE,), (10, 13, 7)),
        (Flatten("v", X), (IMAGE,), (210,)),
        (Flatten("v", X), ((16,),), (16,)),
        (Dense("f", X, 5), ((16,),), (5,)),
        (Gather("k", X, (3, 15)), ((16,),), (2,)),
        (Add("s", XY), (IMAGE, IMAGE), IMAGE),
        (Concat("j", XY), (IMAGE, (7, 10, 5)), (7, 10, 8)),
        (Concat("j", XY), ((4,), (5,)), (9,)),
    ],
)
def test_a_node_makes_the_shape_that_tflite_makes(
    node: Node, inputs: tuple[Shape, ...], shape: Shape
) -> None:
    assert shape_of(node, inputs) == shape


@pytest.mark.parametrize(
    ("node", "inputs", "field"),
    [
        (Conv2d("n", X, 8, (3, 3)), ((16,),), "n.inputs"),
        (Conv2d("n", X, 8, (8, 3), padding="valid"), (IMAGE,), "n.kernel"),
        (DepthwiseConv2d("n", X, (3, 3)), ((16,),), "n.inputs"),
        (DepthwiseConv2d("n", X, (3, 11), padding="valid"), (IMAGE,), "n.kernel"),
        (MaxPool("n", X, (2, 2), (2, 2)), ((16,),), "n.inputs"),
        (MaxPool("n", X, (8, 8), (2, 2)), (IMAGE,), "n.window"),
        (AvgPool("n", X, (8, 8), (2, 2)), (IMAGE,), "n.window"),
        (GlobalAvgPool("n", X), ((16,),), "n.inputs"),
        (Pad("n", X), ((16,),), "n.inputs"),
        (Dense("n", X, 5), (IMAGE,), "n.inputs"),
        (Gather("n", X, (0,)), (IMAGE,), "n.inputs"),
        (Gather("n", X, (3, 16)), ((16,),), "n.indices"),
        (Add("n", XY), (IMAGE, (7, 10, 4)), "n.inputs"),
        (Concat("n", XY), (IMAGE, (7, 9, 3)), "n.inputs"),
        (Concat("n", XY), (IMAGE, (7,)), "n.inputs"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(
    node: Node, inputs: tuple[Shape, ...], field: str
) -> None:
    with pytest.raises(InvalidGraph) as refused:
        shape_of(node, inputs)
    assert refused.value.field == field
