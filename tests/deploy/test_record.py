import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from resource_models.graph import Graph
from resource_models.model_size import deployed_bytes, index_bytes
from resource_models.nodes import Add, Dense, Gather, Input
from resource_models.weights import weights
from tests.deploy import networks
from tests.worker.samples import EVERYTHING
from worker.deploy.errors import InvalidInt8Graph
from worker.deploy.record import Int8Graph, Sensor
from worker.deploy.scales import groups
from worker.deploy.tables import Affine, clamp


@pytest.fixture(scope="module")
def record() -> Int8Graph:
    return networks.drawn_int8(EVERYTHING)


def with_kernel(record: Int8Graph, name: str, **changes: Any) -> Int8Graph:
    kernels = {**record.kernels, name: replace(record.kernels[name], **changes)}
    return replace(record, kernels=kernels)


def with_tensor(record: Int8Graph, *names: str, **changes: Any) -> Int8Graph:
    new = {name: replace(record.tensors[name], **changes) for name in names}
    return replace(record, tensors={**record.tensors, **new})


def without(found: Any, name: str) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key != name}


WRONG: dict[str, tuple[Callable[[Int8Graph], Int8Graph], str]] = {
    "no tensor": (
        lambda r: replace(r, tensors=without(r.tensors, "mix")),
        "tensors.mix: needed",
    ),
    "no kernel": (
        lambda r: replace(r, kernels=without(r.kernels, "mix")),
        "kernels.mix: needed",
    ),
    "a stranger": (
        lambda r: replace(r, tensors={**r.tensors, "*/ x": Affine(1.0, 0)}),
        "tensors.*/ x: need no entry",
    ),
    "a double": (lambda r: with_tensor(r, "mix", scale=0.1), "mix.scale: need a 32-bit float"),
    "a tiny scale": (lambda r: with_tensor(r, "mix", scale=2.0**-80), "mix.scale: need"),
    "a huge scale": (lambda r: with_tensor(r, "mix", scale=2.0**80), "mix.scale: need"),
    "nan": (lambda r: with_tensor(r, "mix", scale=float("nan")), "mix.scale: need"),
    "a zero point": (
        lambda r: with_tensor(r, "mix", zero_point=128),
        "mix.zero_point: need an integer from -128 to 127, got 128",
    ),
    "a zero point that is no integer": (
        lambda r: with_tensor(r, "mix", zero_point=True),
        "mix.zero_point: need an integer",
    ),
    "a pool that rescales": (
        lambda r: with_tensor(r, "small", scale=0.5),
        "small.scale: need scale and zero point of 'wide'",
    ),
    "an output that is too fine": (
        lambda r: with_tensor(r, "mix", scale=2.0**-40),
        "mix.bias: need sums of at most",
    ),
    "another type": (
        lambda r: with_kernel(r, "mix", weights=r.kernels["mix"].weights.astype(np.int16)),
        "mix.weights: need an array of int8",
    ),
    "another shape": (
        lambda r: with_kernel(r, "mix", bias=r.kernels["mix"].bias[:-1]),
        "mix.bias: need an array of int32 (8,), got int32 (7,)",
    ),
    "no array": (lambda r: with_kernel(r, "mix", bias=[0]), "mix.bias: need an array"),
    "-128": (
        lambda r: with_kernel(r, "mix", weights=np.full_like(r.kernels["mix"].weights, -128)),
        "mix.weights: need integers from -127 to 127",
    ),
    "a bias without room": (
        lambda r: with_kernel(r, "mix", bias=np.full_like(r.kernels["mix"].bias, 2**31 - 1)),
        "mix.bias: need sums of at most",
    ),
    "scales that are not finite": (
        lambda r: with_kernel(r, "mix", scales=r.kernels["mix"].scales * np.float32(np.inf)),
        "mix.scales: need finite",
    ),
    "a sensor that divides by zero": (
        lambda r: replace(r, sensor=Sensor(r.sensor.mean, r.sensor.deviation * 0)),
        "sensor.deviation: need numbers > 0",
    ),
    "batch norm": (
        lambda r: replace(r, graph=EVERYTHING),
        "wide.batch_norm: need false",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_record_cannot_be_built_wrong(case: str, record: Int8Graph) -> None:
    change, need = WRONG[case]
    with pytest.raises(InvalidInt8Graph) as error:
        change(record)
    assert need in str(error.value)


def test_what_a_long_sum_reads_has_the_zero_point_0() -> None:
    record = networks.drawn_int8(networks.LONG_SUMS)
    assert {record.tensors[name].zero_point for name in ("one", "two", "three")} == {0}
    with pytest.raises(InvalidInt8Graph, match=r"one\.zero_point: need 0"):
        with_tensor(record, "one", "two", "three", zero_point=1)


def test_a_sum_much_finer_than_what_it_adds_is_refused() -> None:
    nodes = (Dense("a", ("in",), 2), Dense("b", ("in",), 2), Add("sum", ("a", "b")))
    record = networks.drawn_int8(Graph((Input("in", (3,)), *nodes)))
    with pytest.raises(InvalidInt8Graph, match=r"sum\.scale: need a scale of the sum >"):
        with_tensor(record, "sum", scale=2.0**-40)


def test_tensors_that_move_integers_share_a_scale() -> None:
    shared = ("six", "half", "wide", "sum", "side", "small", "flat", "some", "others")
    found = {group.members for group in groups(networks.SHARED)}
    assert found == {("in",), shared, ("left", "right", "both"), ("out",)}
    zero = [group.members for group in groups(networks.LONG_SUMS) if group.symmetric]
    assert zero == [("one", "two", "three")]


def test_nobody_writes_into_a_record(record: Int8Graph) -> None:
    kernel = record.kernels["mix"]
    outside = kernel.weights.copy()
    changed = with_kernel(record, "mix", weights=outside)
    outside[:] = 0
    assert np.array_equal(changed.kernels["mix"].weights, kernel.weights)
    with pytest.raises(ValueError, match="read-only"):
        kernel.weights[:] = 0
    with pytest.raises(TypeError):
        record.kernels["mix"] = kernel  # type: ignore[index]


def test_a_record_goes_through_a_pipe(record: Int8Graph) -> None:
    copy = pickle.loads(pickle.dumps(record))
    assert copy.graph == record.graph
    assert copy.tensors == record.tensors
    assert np.array_equal(copy.tables["mix"].multipliers, record.tables["mix"].multipliers)


@pytest.mark.parametrize("name", networks.SPACES)
def test_what_is_stored_is_what_the_model_size_counts(name: str) -> None:
    for graph in [EVERYTHING, networks.LONG_SUMS, *networks.sampled(name, 6)]:
        record = networks.drawn_int8(graph)
        stored = [*record.kernels.values()]
        tables = [part for t in record.tables.values() for part in (t.multipliers, t.shifts)]
        arrays = [part for k in stored for part in (k.weights, k.bias)] + tables
        indices = [
            len(node.indices) * index_bytes(graph.shapes[node.inputs[0]][0])
            for node in graph.nodes
            if isinstance(node, Gather)
        ]
        stored_bytes = sum(array.nbytes for array in arrays) + sum(indices)
        assert stored_bytes == deployed_bytes(graph, weights(graph))


@pytest.mark.parametrize(
    ("activation", "affine", "bounds"),
    [
        ("none", Affine(1.0, 5), (-128, 127)),
        ("relu", Affine(1.0, 5), (5, 127)),
        ("relu6", Affine(1.0, 5), (5, 11)),
        ("relu6", Affine(4.0, 5), (5, 7)),  # 1.5 steps: halves go up
        ("relu6", Affine(0.015625, 5), (5, 127)),
    ],
)
def test_an_activation_clamps_at_its_integers(
    activation: Any, affine: Affine, bounds: tuple[int, int]
) -> None:
    assert clamp(activation, affine) == bounds


def test_zeros_are_counted_per_node(record: Int8Graph) -> None:
    weights = record.kernels["mix"].weights.copy()
    weights[0] = 0
    left = with_kernel(record, "mix", weights=weights).non_zeros()
    assert left["mix"] == np.count_nonzero(weights)
    assert left.keys() == record.kernels.keys()


def test_a_kernel_of_a_node_without_weights_is_refused() -> None:
    record = networks.drawn_int8(networks.ENDS_FLAT)
    extra = record.kernels["conv"]
    with pytest.raises(InvalidInt8Graph, match=r"kernels\.out: need no entry"):
        replace(record, kernels={**record.kernels, "out": extra})
