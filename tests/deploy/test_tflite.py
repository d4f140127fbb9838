import hashlib
from typing import Any

import numpy as np
import pytest

from resource_models.arena import plan_arena
from resource_models.graph import Graph
from resource_models.nodes import Dense, Gather, GlobalAvgPool, Input
from tests.deploy import networks
from tests.worker.samples import CHAIN, EVERYTHING
from worker.deploy.tflite.builder import VERSIONS
from worker.deploy.tflite.plan import METADATA_NAME, plan_file
from worker.deploy.tflite.schema import schema
from worker.deploy.tflite.writer import tflite_file

NAMES = {number: name for name, number in vars(schema.BuiltinOperator).items() if name.isupper()}


def parsed(graph: Graph) -> Any:
    content = tflite_file(networks.drawn_int8(graph))
    assert content[4:8] == b"TFL3"
    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))


def operators(model: Any) -> list[str]:
    return [
        NAMES[model.operatorCodes[operator.opcodeIndex].builtinCode]
        for operator in model.subgraphs[0].operators
    ]


def test_equal_graphs_give_equal_bytes() -> None:
    one, other = (tflite_file(networks.drawn_int8(EVERYTHING)) for _ in range(2))
    assert hashlib.sha256(one).digest() == hashlib.sha256(other).digest()


@pytest.mark.parametrize("graph", [EVERYTHING, networks.LONG_SUMS, networks.SHARED])
def test_every_buffer_lies_where_a_core_can_read_it(graph: Graph) -> None:
    content = tflite_file(networks.drawn_int8(graph))
    model = schema.Model.GetRootAsModel(content, 0)
    places = []
    for i in range(model.BuffersLength()):
        buffer = model.Buffers(i)
        if not buffer.DataIsNone():
            at = buffer._tab.Vector(buffer._tab.Offset(4))
            assert bytes(buffer.DataAsNumpy()) == content[at : at + buffer.DataLength()]
            places.append(at % 16)
    assert len(places) > 10
    assert set(places) == {0}


def test_operators_have_the_versions_that_first_had_int8() -> None:
    for graph in (EVERYTHING, networks.LONG_SUMS):
        model = parsed(graph)
        for code in model.operatorCodes:
            assert code.version == VERSIONS[NAMES[code.builtinCode]]
            assert code.deprecatedBuiltinCode == min(code.builtinCode, 127)
    assert model.version == 3


def test_the_plan_goes_with_the_file() -> None:
    model = parsed(EVERYTHING)
    (entry,) = model.metadata
    assert entry.name.decode() == METADATA_NAME
    version, subgraph, count, *offsets = model.buffers[entry.buffer].data.view("<i4").tolist()
    tensors = model.subgraphs[0].tensors
    assert (version, subgraph, count) == (1, 0, len(tensors)) == (1, 0, len(offsets))
    planned = plan_file(EVERYTHING).offsets_bytes
    for tensor, offset in zip(tensors, offsets, strict=True):
        node_id = tensor.name.decode().split("#")[0]
        assert offset == (-1 if tensor.buffer else planned[node_id])


def test_without_a_gather_the_plan_is_that_of_our_kernels() -> None:
    assert plan_file(CHAIN) == plan_arena(CHAIN)
    with_gather = plan_file(EVERYTHING)
    assert "kept" in with_gather.order
    assert "kept" not in plan_arena(EVERYTHING).order


def test_a_flat_view_in_front_of_dense_nodes_alone_costs_no_operator() -> None:
    assert operators(parsed(CHAIN)) == ["CONV_2D", "AVERAGE_POOL_2D", "FULLY_CONNECTED"]
    made = operators(parsed(networks.ENDS_FLAT))
    assert made == ["CONV_2D", "RESHAPE"]


def test_a_gather_and_a_long_sum_become_operators_of_their_own() -> None:
    assert "GATHER" in operators(parsed(EVERYTHING))
    made = operators(parsed(networks.LONG_SUMS))
    assert made.count("ADD_N") == 2
    assert {"RELU", "RELU6"} <= set(made)


def test_the_weights_are_those_of_the_record() -> None:
    record = networks.drawn_int8(EVERYTHING)
    model = parsed(EVERYTHING)
    found = {t.name.decode(): model.buffers[t.buffer].data for t in model.subgraphs[0].tensors}
    for name, kernel in record.kernels.items():
        assert found[f"{name}#weights"].tobytes() == kernel.weights.tobytes()
        assert np.array_equal(found[f"{name}#bias"].view("<i4"), kernel.bias)


def test_a_network_that_begins_with_a_gather_is_written() -> None:
    nodes = (Gather("some", ("in",), (1, 3)), Dense("out", ("some",), 2))
    assert operators(parsed(Graph((Input("in", (5,)), *nodes)))) == ["GATHER", "FULLY_CONNECTED"]
    pooled = Graph((Input("in", (3, 3, 2)), GlobalAvgPool("out", ("in",))))
    assert operators(parsed(pooled)) == ["AVERAGE_POOL_2D", "RESHAPE"]
