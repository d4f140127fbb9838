"""A network is checked when it is built and survives JSON unchanged."""

import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings

from resource_models.errors import InvalidGraph, UnknownKind, UnknownNode
from resource_models.graph import Graph
from resource_models.nodes import Concat, Conv2d, Dense, Flatten, Gather, GlobalAvgPool, Input
from tests.resource_models.networks import every_kind, networks, released_sparse_network

IMAGE = Input("x", (8, 8, 1))
FLAT = Flatten("flat", ("x",))


def test_a_network_knows_its_shapes_its_output_and_its_readers() -> None:
    graph = every_kind()
    assert graph.shapes["dw"] == (5, 4, 4)
    assert graph.output == "classes"
    assert graph.input is graph.node("x")
    assert graph.consumers("sum") == ("max", "avg")
    assert graph.consumers("classes") == ()


def test_a_name_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(UnknownNode, match="'nobody'"):
        every_kind().node("nobody")
    with pytest.raises(UnknownNode, match="'nobody'"):
        every_kind().consumers("nobody")


@pytest.mark.parametrize(
    ("nodes", "field"),
    [
        ((), "nodes"),
        ((IMAGE,), "nodes"),
        ([IMAGE, FLAT], "nodes"),
        ((IMAGE, Flatten("x", ("x",))), "x.id"),
        ((FLAT, IMAGE), "flat.inputs"),
        ((IMAGE, Flatten("flat", ("y",))), "flat.inputs"),
        ((IMAGE, Flatten("flat", ("flat",))), "flat.inputs"),
        ((IMAGE, Input("y", (3,)), FLAT), "y.kind"),
        ((IMAGE, FLAT, GlobalAvgPool("gap", ("x",))), "nodes"),
        ((IMAGE, Dense("classes", ("x",), 10)), "classes.inputs"),
        ((IMAGE, Conv2d("conv", ("x",), 2, (9, 9), padding="valid")), "conv.kernel"),
        ((IMAGE, FLAT, Gather("kept", ("flat",), (64,)), Dense("d", ("kept",), 2)), "kept.indices"),
        ((IMAGE, FLAT, Gather("kept", ("flat",), (1, 2))), "kept.kind"),
        (
            (
                IMAGE,
                FLAT,
                Gather("kept", ("flat",), (1, 2)),
                Dense("d", ("kept",), 2),
                Concat("join", ("kept", "d")),
            ),
            "kept.kind",
        ),
    ],
)
def test_nodes_that_make_no_network_are_refused(nodes: Any, field: str) -> None:
    with pytest.raises(InvalidGraph) as refused:
        Graph(nodes)
    assert refused.value.field == field


@settings(max_examples=50, deadline=None)
@given(networks())
def test_a_network_survives_json(graph: Graph) -> None:
    text = json.dumps(graph.to_json())
    again = Graph.from_json(json.loads(text))
    assert again == graph
    assert again.sha256() == graph.sha256()
    assert dict(again.shapes) == dict(graph.shapes)


@pytest.mark.parametrize("graph", [every_kind(), released_sparse_network()])
def test_known_networks_survive_json_and_pickle(graph: Graph) -> None:
    assert Graph.from_json(json.loads(json.dumps(graph.to_json()))) == graph
    copy = pickle.loads(pickle.dumps(graph))
    assert copy == graph
    assert dict(copy.shapes) == dict(graph.shapes)


def test_json_says_all_fields_of_a_node() -> None:
    assert released_sparse_network().to_json()["nodes"][1] == {
        "id": "conv",
        "kind": "conv2d",
        "inputs": ["image"],
        "filters": 22,
        "kernel": [5, 5],
        "stride": [1, 1],
        "padding": "valid",
        "activation": "relu",
        "batch_norm": False,
    }


def test_the_hash_of_a_network_never_changes() -> None:
    graph = Graph((Input("x", (4,)), Dense("d", ("x",), 2)))
    assert graph.sha256() == "3934a92dfd7f5aa97de95d7a90565c99274fdf46779a97e61af699106d65423e"


def test_the_hash_of_another_network_is_another() -> None:
    first = Graph((Input("x", (4,)), Dense("d", ("x",), 2)))
    second = Graph((Input("x", (4,)), Dense("d", ("x",), 3)))
    assert first.sha256() != second.sha256()


X = {"id": "x", "kind": "input", "shape": [4]}
D = {"id": "d", "kind": "dense", "inputs": ["x"], "units": 2}


def test_fields_with_a_default_may_be_left_out_of_json() -> None:
    graph = Graph.from_json({"version": 1, "nodes": [X, D]})
    assert graph == Graph((Input("x", (4,)), Dense("d", ("x",), 2)))


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (None, "graph"),
        ([], "graph"),
        ({}, "version"),
        ({"version": 2, "nodes": [X, D]}, "version"),
        ({"version": True, "nodes": [X, D]}, "version"),
        ({"version": 1, "nodes": [X, D], "name": "n"}, "name"),
        ({"version": 1}, "nodes"),
        ({"version": 1, "nodes": {}}, "nodes"),
        ({"version": 1, "nodes": [X, 3]}, "nodes.1"),
        ({"version": 1, "nodes": [X, D | {"bias": True}]}, "nodes.1.bias"),
        ({"version": 1, "nodes": [X, {"id": "d", "kind": "dense", "units": 2}]}, "nodes.1.inputs"),
        ({"version": 1, "nodes": [X, {"kind": "dense", "inputs": ["x"]}]}, "nodes.1.id"),
        ({"version": 1, "nodes": [X | {"inputs": ["d"]}, D]}, "nodes.0.inputs"),
        ({"version": 1, "nodes": [X, D | {"units": 2.5}]}, "d.units"),
        ({"version": 1, "nodes": [X, D | {"units": None}]}, "d.units"),
        ({"version": 1, "nodes": [X, D | {"inputs": [["x"]]}]}, "d.inputs"),
        ({"version": 1, "nodes": [X, D | {"activation": {}}]}, "d.activation"),
    ],
)
def test_json_that_is_no_network_is_refused_by_field(value: Any, field: str) -> None:
    with pytest.raises(InvalidGraph) as refused:
        Graph.from_json(value)
    assert refused.value.field == field


@pytest.mark.parametrize("kind", ["softmax", None, 3, [], "Dense"])
def test_json_of_an_unknown_kind_is_refused(kind: Any) -> None:
    with pytest.raises(UnknownKind, match="depthwise_conv2d"):
        Graph.from_json({"version": 1, "nodes": [X, D | {"kind": kind}]})
