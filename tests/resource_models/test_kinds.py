"""A kind that a reader does not know is an error there, never a zero."""

import pickle
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import pytest

from resource_models import (
    arena_in_place,
    counted,
    in_place,
    model_size,
    munas,
    node_json,
    program,
    regions,
    shapes,
    tflm,
    weights,
)
from resource_models.devices import device
from resource_models.errors import UnknownKind
from resource_models.footprint import footprint
from resource_models.graph import Graph
from resource_models.nodes import KINDS, Conv2d, Input, Node
from tests.resource_models.networks import every_kind

UNO = device("arduino-uno")


def every_region(graph: Graph) -> list[bool]:
    return [regions.can_be_parted(node) for node in graph.nodes if node.inputs]


READERS: dict[str, tuple[Mapping[type[Node], Any], Callable[[Graph], Any]]] = {
    "shapes": (shapes.SHAPES, lambda graph: Graph(graph.nodes)),
    "weights": (weights.COUNTS, lambda graph: footprint(graph, UNO)),
    "model size": (model_size.STORED, lambda graph: footprint(graph, UNO)),
    "working memory": (program.SCRATCH, lambda graph: footprint(graph, UNO)),
    "sums in place": (in_place.ADDITIONS, lambda graph: footprint(graph, UNO)),
    "in place": (in_place.TINYENGINE, lambda graph: footprint(graph, UNO)),
    "our own in place": (in_place.OURS, arena_in_place.plan_in_place),
    "operations of uNAS": (munas.BESIDES, lambda graph: footprint(graph, UNO)),
    "TensorFlow Lite Micro": (tflm.SCRATCH, lambda graph: footprint(graph, UNO)),
    "counted instructions": (counted.FEATURES, counted.features),
    "parts of maps": (regions.REACH, every_region),
}
# What is no operator, or has no part that can be computed alone.
NOT_READ: dict[str, frozenset[type[Node]]] = {
    "working memory": program.VIEWS | {Input},
    "sums in place": program.VIEWS | {Input},
    "in place": program.VIEWS | {Input},
    "our own in place": program.VIEWS | {Input},
    "TensorFlow Lite Micro": tflm.VIEWS | {Input},
    "parts of maps": regions.WHOLE | {Input},
}


@dataclass(frozen=True, slots=True)
class Softmax:
    """A kind that nobody has a rule for."""

    kind: ClassVar[str] = "softmax"
    id: str
    inputs: tuple[str, ...]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.kind)
def test_a_reader_without_a_rule_for_a_kind_raises(
    reader: str, kind: type[Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    table, read = READERS[reader]
    graph = every_kind()
    if kind in NOT_READ.get(reader, ()):
        return
    assert kind in table
    monkeypatch.delitem(cast("MutableMapping[type[Node], Any]", table), kind)
    with pytest.raises(UnknownKind) as refused:
        read(graph)
    assert refused.value.kind == kind.kind
    assert kind.kind not in refused.value.known


def test_a_new_kind_cannot_enter_a_network_before_it_has_rules() -> None:
    with pytest.raises(UnknownKind, match="'softmax'"):
        Graph((Input("x", (4,)), Softmax("s", ("x",))))  # type: ignore[arg-type]


def test_what_is_no_node_at_all_is_refused() -> None:
    with pytest.raises(UnknownKind, match="'str'"):
        Graph((Input("x", (4,)), "dense"))  # type: ignore[arg-type]


def test_json_does_not_write_a_kind_that_it_cannot_read() -> None:
    with pytest.raises(UnknownKind, match="'softmax'"):
        node_json.node_to_json(Softmax("s", ("x",)))  # type: ignore[arg-type]


def test_a_kind_that_calls_itself_like_another_is_unknown() -> None:
    class Conv2d2(Conv2d):
        pass

    with pytest.raises(UnknownKind):
        Graph((Input("x", (4, 4, 1)), Conv2d2("c", ("x",), 2, (3, 3))))


def test_unknown_kinds_survive_the_way_between_processes() -> None:
    error = UnknownKind("softmax", ["dense", "add"])
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
