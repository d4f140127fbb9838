"""The kinds of node a network is made of, checked when built.

Layout is height, width, channels; the batch is left out. Padding `same` is TFLite's: the surplus
lies at the right and the bottom. Weighted nodes always have a bias; batch norm is a matter of
training and is folded into it before anything is costed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, TypeVar, get_args

from resource_models.errors import InvalidGraph, UnknownKind
from resource_models.node_checks import (
    Activation,
    Padding,
    Shrink,
    check,
    check_id,
    check_inputs,
    check_weighted,
    check_window,
    is_count,
    is_pair,
    is_shape,
    one_of,
)

Shape = tuple[int, ...]
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Input:
    """What the network receives; with `outside` the driver shrank it from `raw_shape`."""

    kind: ClassVar[str] = "input"
    inputs: ClassVar[tuple[str, ...]] = ()

    id: str
    shape: Shape
    raw_shape: Shape = ()  # what the sensor gives; left empty it is the same as `shape`
    shrink: Shrink = "none"

    def __post_init__(self) -> None:
        check_id(self.id)
        if self.raw_shape == ():
            object.__setattr__(self, "raw_shape", self.shape)
        need = "a shape (height, width, channels) or (units,) of integers >= 1 (int32)"
        check(self, "shape", is_shape(self.shape), need)
        check(self, "raw_shape", is_shape(self.raw_shape), need)
        check(self, "shrink", one_of(self.shrink, Shrink), "none or outside")
        if self.shrink == "none":
            check(self, "raw_shape", self.raw_shape == self.shape, f"{self.shape} as `shape`")
        else:
            fits = len(self.raw_shape) == len(self.shape) == 3 and all(
                raw >= kept for raw, kept in zip(self.raw_shape, self.shape, strict=True)
            )
            check(self, "raw_shape", fits, f"an image no smaller than `shape` {self.shape}")


@dataclass(frozen=True, slots=True)
class Conv2d:
    """A convolution with bias."""

    kind: ClassVar[str] = "conv2d"

    id: str
    inputs: tuple[str, ...]
    filters: int
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Padding = "same"
    activation: Activation = "none"
    batch_norm: bool = False

    def __post_init__(self) -> None:
        check_inputs(self)
        check(self, "filters", is_count(self.filters), "an integer >= 1 (int32)")
        check_window(self, "kernel")
        check_weighted(self)


@dataclass(frozen=True, slots=True)
class DepthwiseConv2d:
    """A convolution with bias of each channel by its own kernel."""

    kind: ClassVar[str] = "depthwise_conv2d"

    id: str
    inputs: tuple[str, ...]
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Padding = "same"
    activation: Activation = "none"
    batch_norm: bool = False

    def __post_init__(self) -> None:
        check_inputs(self)
        check_window(self, "kernel")
        check_weighted(self)


@dataclass(frozen=True, slots=True)
class Dense:
    """A fully connected layer with bias on a flat input."""

    kind: ClassVar[str] = "dense"

    id: str
    inputs: tuple[str, ...]
    units: int
    activation: Activation = "none"
    batch_norm: bool = False

    def __post_init__(self) -> None:
        check_inputs(self)
        check(self, "units", is_count(self.units), "an integer >= 1 (int32)")
        check_weighted(self)


@dataclass(frozen=True, slots=True)
class MaxPool:
    """The largest value of each window."""

    kind: ClassVar[str] = "max_pool"

    id: str
    inputs: tuple[str, ...]
    window: Pair
    stride: Pair
    padding: Padding = "valid"

    def __post_init__(self) -> None:
        check_inputs(self)
        check_window(self, "window")


@dataclass(frozen=True, slots=True)
class AvgPool:
    """The mean of each window; what lies outside the map does not count."""

    kind: ClassVar[str] = "avg_pool"

    id: str
    inputs: tuple[str, ...]
    window: Pair
    stride: Pair
    padding: Padding = "valid"

    def __post_init__(self) -> None:
        check_inputs(self)
        check_window(self, "window")


@dataclass(frozen=True, slots=True)
class GlobalAvgPool:
    """The mean of each channel, flat."""

    kind: ClassVar[str] = "global_avg_pool"

    id: str
    inputs: tuple[str, ...]

    def __post_init__(self) -> None:
        check_inputs(self)


@dataclass(frozen=True, slots=True)
class Pad:
    """The zero point added before and after, per axis."""

    kind: ClassVar[str] = "pad"

    id: str
    inputs: tuple[str, ...]
    height: Pair = (0, 0)
    width: Pair = (0, 0)
    channels: Pair = (0, 0)

    def __post_init__(self) -> None:
        check_inputs(self)
        for field in ("height", "width", "channels"):
            check(self, field, is_pair(getattr(self, field), 0), "two integers >= 0 (int32)")


@dataclass(frozen=True, slots=True)
class Gather:
    """Some units of a flat input; the dense node behind it reads through it."""

    kind: ClassVar[str] = "gather"

    id: str
    inputs: tuple[str, ...]
    indices: tuple[int, ...]

    def __post_init__(self) -> None:
        check_inputs(self)
        indices = self.indices
        whole = type(indices) is tuple and len(indices) > 0 and all(type(i) is int for i in indices)
        rising = whole and all(a < b for a, b in pairwise(indices))
        if not rising or indices[0] < 0:  # one order only, so that equal networks are equal
            raise InvalidGraph(f"{self.id}.indices", "need rising integers >= 0, at least one.")


@dataclass(frozen=True, slots=True)
class Add:
    """The sum of inputs of one shape."""

    kind: ClassVar[str] = "add"

    id: str
    inputs: tuple[str, ...]
    activation: Activation = "none"

    def __post_init__(self) -> None:
        check_inputs(self, several=True)
        check(self, "activation", one_of(self.activation, Activation), "none, relu or relu6")


@dataclass(frozen=True, slots=True)
class Concat:
    """The inputs side by side along the last axis."""

    kind: ClassVar[str] = "concat"

    id: str
    inputs: tuple[str, ...]

    def __post_init__(self) -> None:
        check_inputs(self, several=True)


@dataclass(frozen=True, slots=True)
class Flatten:
    """The same values in the order row, column, channel; a view, which costs nothing."""

    kind: ClassVar[str] = "flatten"

    id: str
    inputs: tuple[str, ...]

    def __post_init__(self) -> None:
        check_inputs(self)


# The nodes that have weights.
Weighted = Conv2d | DepthwiseConv2d | Dense
Node = (
    Input
    | Conv2d
    | DepthwiseConv2d
    | Dense
    | MaxPool
    | AvgPool
    | GlobalAvgPool
    | Pad
    | Gather
    | Add
    | Concat
    | Flatten
)

KINDS: dict[str, type[Node]] = {kind.kind: kind for kind in get_args(Node)}

Rule = TypeVar("Rule")


def rule_for(table: Mapping[type[Node], Rule], node: Node) -> Rule:
    """The entry of a table of rules per kind; a kind without an entry raises `UnknownKind`."""
    found = table.get(type(node))
    if found is None:
        name = getattr(type(node), "kind", type(node).__name__)
        raise UnknownKind(name, (kind.kind for kind in table))
    return found
