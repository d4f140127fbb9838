"""Networks for the tests of deployment: drawn from the spaces, or small with one thing in them."""

import random
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from optimizer.networks.space import NetworkSpace
from resource_models.graph import Graph
from resource_models.nodes import (
    Add,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    Gather,
    GlobalAvgPool,
    Input,
    MaxPool,
    Pad,
)
from tests.worker.drawn import drawn, samples
from worker.deploy.calibrate import quantise
from worker.deploy.fold import Folded, fold
from worker.deploy.observers import MinMax
from worker.deploy.record import Int8Graph
from worker.network import Network
from worker.weights import weights

# Sums of three that are activated, and one that cannot clamp by its range alone: the concat shares
# it with another tensor.
LONG_SUMS = Graph(
    (
        Input("in", (5, 4, 2)),
        Conv2d("one", ("in",), 3, (3, 3), activation="relu"),
        Conv2d("two", ("in",), 3, (1, 1)),
        Conv2d("three", ("in",), 3, (2, 2)),
        Add("sum", ("one", "two", "three"), "relu"),
        Add("sum6", ("three", "one", "two"), "relu6"),
        Conv2d("signed", ("in",), 2, (1, 1)),
        Concat("side", ("sum", "signed", "sum6")),
        Flatten("flat", ("side",)),
        Dense("out", ("flat",), 3),
    )
)
# Scales of activated nodes that are shared with signed ones, a border of channels, two gathers of
# one flat map, a sum of two that is clamped.
SHARED = Graph(
    (
        Input("in", (6, 5, 2)),
        Conv2d("six", ("in",), 4, (3, 2), (1, 2), "valid", "relu6"),
        Conv2d("half", ("in",), 3, (3, 2), (1, 2), "valid"),
        Pad("wide", ("half",), (0, 0), (0, 0), (1, 0)),
        Add("sum", ("six", "wide"), "relu6"),
        Concat("side", ("six", "half", "sum")),
        MaxPool("small", ("side",), (3, 3), (2, 2), "same"),
        Flatten("flat", ("small",)),
        Gather("some", ("flat",), (0, 2, 5, 9)),
        Gather("others", ("flat",), (1, 2, 3)),
        Dense("left", ("some",), 3, "relu"),
        Dense("right", ("others",), 2, "relu6"),
        Concat("both", ("left", "right")),
        Dense("out", ("both",), 3),
    )
)
# Nothing but views between input and output, and a view at the end.
ENDS_FLAT = Graph(
    (
        Input("in", (3, 3, 2)),
        Conv2d("conv", ("in",), 2, (2, 2), (2, 2), activation="relu"),
        Flatten("out", ("conv",)),
    )
)
# A block whose depthwise convolution and sum write over their inputs, of channels in fours and of
# what is left; and one that would gain nothing by that.
OVER = Graph(
    (
        Input("in", (8, 9, 3)),
        Conv2d("stem", ("in",), 4, (3, 3), activation="relu6"),
        Conv2d("expand", ("stem",), 14, (1, 1), activation="relu6"),
        DepthwiseConv2d("each", ("expand",), (3, 3), activation="relu6"),
        Conv2d("project", ("each",), 4, (1, 1)),
        Add("sum", ("stem", "project")),
        Conv2d("wide", ("sum",), 14, (1, 1), activation="relu"),
        DepthwiseConv2d("down", ("wide",), (5, 3), (2, 2)),
        Conv2d("narrow", ("down",), 5, (1, 1)),
        GlobalAvgPool("mean", ("narrow",)),
        Dense("out", ("mean",), 3),
    )
)
SPACES = {
    "tiny": ("tiny", (13, 11, 3)),
    "features": ("tiny", (14, 6, 1)),
    "flat": ("tiny", (20,)),
    "sparse": ("sparse", (12, 12, 1)),
    "munas": ("munas", (18, 17, 1)),
}


def sampled(name: str, count: int, seed: int = 0) -> list[Graph]:
    """Networks of a space that run in a moment."""
    kind, shape = SPACES[name]
    ranges = {"kind": kind, "max_macs": 300_000}
    space = NetworkSpace.from_json(ranges, input_shape=shape, classes=7)
    rng = random.Random(seed)
    return [space.lower(space.sample(rng)) for _ in range(count)]


def seen(network: Network, raw: Tensor) -> Tensor:
    """Raw samples behind the sensor, in the layout of the graph."""
    with torch.inference_mode():
        found = network.sensor(raw)
    return found.permute(0, 2, 3, 1) if found.dim() == 4 else found


def folded_of(network: Network) -> Folded:
    return fold(network.graph, weights(network))


def drawn_folded(graph: Graph, seed: int = 0) -> tuple[Folded, Tensor]:
    """A folded network in which no number is neutral, and samples that it has seen."""
    network = drawn(graph, seed)
    return folded_of(network), seen(network, samples(network, 40))


def drawn_int8(graph: Graph, seed: int = 0, bits: int = 8) -> Int8Graph:
    folded, x = drawn_folded(graph, seed)
    return quantise(folded, x, MinMax(), bits)


def bytes_for(graph: Graph, count: int = 5, seed: int = 0) -> Tensor:
    """Samples that use all of int8."""
    generator = Generator().manual_seed(seed)
    shape = (count, *graph.input.shape)
    return torch.randint(-128, 128, shape, dtype=torch.int8, generator=generator)


def array(*values: Any, dtype: str) -> NDArray[Any]:
    return np.array(values, dtype)
