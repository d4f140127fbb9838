"""Graph JSON from anybody: a graph that can be costed, or a refusal that names the field."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from resource_models.devices import DEVICES
from resource_models.errors import InvalidGraph, UnknownKind
from resource_models.footprint import footprint
from resource_models.graph import Graph
from tests.fuzz.spoiled import ANYTHING, FUZZ, at_most, check_told, spoiled
from tests.resource_models.networks import every_kind, released_sparse_network, residual_chain

SOUND = [
    json.loads(json.dumps(graph.to_json()))
    for graph in (every_kind(), released_sparse_network(), residual_chain(2))
]
MEMORY_BYTES = 50 * 2**20


def read(value: Any) -> None:
    try:
        graph = Graph.from_json(value)
    except (InvalidGraph, UnknownKind) as error:
        check_told(error)
        return
    assert Graph.from_json(json.loads(json.dumps(graph.to_json()))) == graph


@FUZZ
@given(st.sampled_from(SOUND).flatmap(spoiled))
def test_a_graph_with_a_mistake_is_read_or_refused(value: Any) -> None:
    with at_most(MEMORY_BYTES):
        read(value)


@FUZZ
@given(ANYTHING)
def test_what_is_no_graph_is_refused(value: Any) -> None:
    read(value)
    read({"version": 1, "nodes": value})
    read({"version": 1, "nodes": [value]})


def test_sound_graphs_are_read_and_costed() -> None:
    for value in SOUND:
        assert footprint(Graph.from_json(value), DEVICES["stm32f446re"]).macs > 0
