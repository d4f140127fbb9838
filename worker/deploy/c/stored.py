"""The arrays of a node as the C project stores them; their sizes are `model_size:deployed`.

A bias has the zero point of the input in it, so that kernels multiply values as they are. It stays
a 32-bit number: the record has room for a larger sum.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resource_models.model_size import dense_storage, index_bytes
from resource_models.nodes import Dense, DepthwiseConv2d, Node, Weighted
from worker.deploy.arithmetic import INT8_MIN, INT32_MAX
from worker.deploy.errors import InvalidProject
from worker.deploy.packing import packed, packed_rows
from worker.deploy.record import Int8Graph, accumulated, rows_of

Arrays = Mapping[str, NDArray[Any]]

# Below this a sum can be doubled.
TAME = 2**30
# What products with weights of 4 bits may add up to: kernels add 16 times as much.
MOST_PACKED = INT32_MAX // 16
MOST_IN_A_ROW = 2**16 - 1
UNSIGNED: Mapping[int, Any] = {1: np.uint8, 2: np.uint16, 4: np.uint32}


def kernel(record: Int8Graph, node: Weighted) -> Arrays:
    """Weights and biases of a convolution, or of a dense node in its smallest form."""
    weights, bits = record.kernels[node.id].weights, record.weight_bits
    bias = folded_bias(record, node)
    if bits == 4:
        _check_sums(node, weights)
    if not isinstance(node, Dense):
        return {"weights": _rows(node, weights, bits), "bias": bias}
    form = dense_storage(weights.shape[1], node.units, int(np.count_nonzero(weights)), bits).form
    if form == "dense":
        return {"weights": _rows(node, weights, bits), "bias": bias}
    found = SPARSE[form](node, weights)
    kept = found["weights"]
    return {**found, "weights": kept if bits == 8 else packed(kept).view(np.int8), "bias": bias}


def folded_bias(record: Int8Graph, node: Weighted) -> NDArray[np.int32]:
    """The bias less the zero point of the input times the weights of each output."""
    found = record.kernels[node.id]
    zero_point = record.tensors[node.inputs[0]].zero_point
    sums = rows_of(node, found.weights.astype(np.int64)).sum(1)
    folded: NDArray[np.int64] = found.bias - zero_point * sums
    assert (np.abs(folded) <= INT32_MAX).all()  # follows from what the record refuses
    bias: NDArray[np.int32] = folded.astype(np.int32)
    return bias


def is_tame(record: Int8Graph, node: Weighted) -> bool:
    """Whether the sums of a node can be doubled, and are shifted to the right after that."""
    found, table = record.kernels[node.id], record.tables[node.id]
    zero_point = record.tensors[node.inputs[0]].zero_point
    most = accumulated(node, found.weights, zero_point) + np.abs(found.bias.astype(np.int64))
    return bool((most < TAME).all() and (table.shifts < 0).all())


def table(record: Int8Graph, node: Node) -> Arrays:
    """What a node requantises with."""
    found = record.tables[node.id]
    return {"multipliers": found.multipliers, "shifts": found.shifts}


def indices(values: Any, inputs: int) -> NDArray[Any]:
    """Numbers below `inputs` in as few bytes as can name any of them."""
    return np.asarray(values, UNSIGNED[index_bytes(inputs)])


def _rows(node: Weighted, weights: NDArray[np.int8], bits: int) -> NDArray[np.int8]:
    """All weights as they lie: those of 8 bits in their order, of 4 each row by itself."""
    if bits == 8:
        return weights
    if isinstance(node, DepthwiseConv2d):
        return packed_rows(weights.reshape(-1, weights.shape[-1]))
    return packed_rows(weights.reshape(len(weights), -1))


def _check_sums(node: Weighted, weights: NDArray[np.int8]) -> None:
    most = int(np.abs(rows_of(node, weights.astype(np.int64))).sum(1).max()) * -INT8_MIN
    if most > MOST_PACKED:
        need = f"need products that add up to at most {MOST_PACKED} with weights of 4 bits"
        raise InvalidProject(f"{node.id}.weights", f"{need}; they may reach {most}.")


def _bitmap(node: Dense, weights: NDArray[np.int8]) -> Arrays:
    bits = np.packbits(weights.ravel() != 0, bitorder="little")
    return {"weights": weights[weights != 0], "bits": bits}


def _index(node: Dense, weights: NDArray[np.int8]) -> Arrays:
    counts = np.count_nonzero(weights, axis=1)
    if counts.max() > MOST_IN_A_ROW:
        need = f"need at most {MOST_IN_A_ROW} weights of a unit that are not zero"
        raise InvalidProject(f"{node.id}.weights", f"{need}, got {counts.max()}.")
    return {
        "weights": weights[weights != 0],
        "counts": counts.astype(np.uint16),
        "indices": indices(np.nonzero(weights)[1], weights.shape[1]),
    }


SPARSE = {"bitmap": _bitmap, "index": _index}
