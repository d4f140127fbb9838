"""The checks that nodes make when they are built."""

import re
from typing import Any, Literal, get_args

from resource_models.errors import InvalidGraph

Padding = Literal["same", "valid"]
Activation = Literal["none", "relu", "relu6"]
Shrink = Literal["none", "outside"]

NODE_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,127}")


MOST = 2**31 - 1  # dimensions of a .tflite file are int32


def is_count(value: Any) -> bool:
    """An integer of at least one that TensorFlow Lite can hold; `True` is no count."""
    return type(value) is int and 1 <= value <= MOST


def is_pair(value: Any, least: int) -> bool:
    """Two such integers, none below `least`."""
    return (
        type(value) is tuple
        and len(value) == 2
        and all(type(part) is int and least <= part <= MOST for part in value)
    )


def is_shape(value: Any) -> bool:
    """A shape (height, width, channels) or (units,)."""
    return type(value) is tuple and len(value) in (1, 3) and all(map(is_count, value))


def one_of(value: Any, literal: Any) -> bool:
    """One of the words of a `Literal`."""
    return value in get_args(literal)


def check(node: Any, field: str, ok: bool, need: str) -> None:
    """Raise `InvalidGraph` with node, field, need and value unless `ok`."""
    if not ok:
        raise InvalidGraph(f"{node.id}.{field}", f"need {need}, got {getattr(node, field)!r}.")


def check_id(node_id: Any) -> None:
    """A name that can stand in paths and files."""
    if type(node_id) is not str or not NODE_ID.fullmatch(node_id):
        need = "1 to 128 letters, digits or _ . : / -, the first a letter, digit or _"
        raise InvalidGraph("id", f"need {need}, got {node_id!r}.")


def check_inputs(node: Any, several: bool = False) -> None:
    """The id of one node, or with `several` of two or more different ones."""
    check_id(node.id)
    inputs = node.inputs
    names = type(inputs) is tuple and all(type(name) is str for name in inputs)
    if several:
        fits = names and len(inputs) >= 2 and len(set(inputs)) == len(inputs)
        check(node, "inputs", fits, "the ids of two or more different nodes")
    else:
        check(node, "inputs", names and len(inputs) == 1, "the id of one node")


def check_window(node: Any, field: str) -> None:
    """The fields of a window that slides over an image."""
    check(node, field, is_pair(getattr(node, field), 1), "two integers >= 1 (int32)")
    check(node, "stride", is_pair(node.stride, 1), "two integers >= 1 (int32)")
    check(node, "padding", one_of(node.padding, Padding), "same or valid")


def check_weighted(node: Any) -> None:
    """The fields that every node with weights has."""
    check(node, "activation", one_of(node.activation, Activation), "none, relu or relu6")
    check(node, "batch_norm", type(node.batch_norm) is bool, "true or false")
