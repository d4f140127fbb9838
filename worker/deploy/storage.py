"""An int8 graph as two files: JSON for what it is, safetensors for its arrays.

Both are needed; each is plain data. The tables of requantisation are stored for other readers, and
compared with what follows from the scales when they are read.
"""

import json
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from resource_models.errors import ResourceError
from resource_models.graph import Graph
from resource_models.nodes import Weighted
from worker.deploy.errors import InvalidInt8Graph
from worker.deploy.packing import packed, unpacked
from worker.deploy.record import Int8Graph, Kernel, Sensor, kernel_shape
from worker.deploy.tables import Affine

VERSION = 1
PACKED = 2  # the version of weights of 4 bits: two a byte, the first in the low half
JSON_NAME, ARRAYS_NAME = "int8.json", "int8.safetensors"
Arrays = dict[str, NDArray[Any]]


def files(record: Int8Graph) -> dict[str, bytes]:
    """The two files by name; equal graphs give equal bytes."""
    return {JSON_NAME: _json(record), ARRAYS_NAME: save(_arrays(record))}


def read(description: bytes, arrays: bytes) -> Int8Graph:
    """The int8 graph of two files; whatever does not belong there raises `InvalidInt8Graph`."""
    value = _parsed(description)
    if not isinstance(value, dict) or value.keys() != {"version", "graph", "tensors"}:
        raise InvalidInt8Graph(JSON_NAME, "need an object of version, graph and tensors.")
    version = value["version"]
    if type(version) is not int or version not in (VERSION, PACKED):
        raise InvalidInt8Graph("version", f"need {VERSION} or {PACKED}, got {version!r}.")
    try:
        graph = Graph.from_json(value["graph"])
    except ResourceError as error:
        raise InvalidInt8Graph("graph", str(error)) from error
    try:
        left = load(arrays)
    except (SafetensorError, ValueError, KeyError) as error:
        raise InvalidInt8Graph(ARRAYS_NAME, f"need a safetensors file: {error}") from error
    name = graph.input.id
    sensor = Sensor(_take(left, f"{name}/mean"), _take(left, f"{name}/deviation"))
    if version == PACKED:
        _unpack(graph, left)
    kernels = {
        node.id: Kernel(*(_take(left, f"{node.id}/{part}") for part in Kernel.__slots__))
        for node in graph.nodes
        if f"{node.id}/weights" in left
    }
    bits = 4 if version == PACKED else 8
    record = Int8Graph(graph, _tensors(value["tensors"]), kernels, sensor, bits)
    _check_tables(record, left)
    return record


def _json(record: Int8Graph) -> bytes:
    tensors = {
        name: {"scale": affine.scale, "zero_point": affine.zero_point}
        for name, affine in record.tensors.items()
    }
    version = VERSION if record.weight_bits == 8 else PACKED
    value = {"version": version, "graph": record.graph.to_json(), "tensors": tensors}
    return json.dumps(value, indent=1, allow_nan=False).encode()


def _arrays(record: Int8Graph) -> Arrays:
    found: Arrays = {
        f"{record.graph.input.id}/{part}": getattr(record.sensor, part)
        for part in ("mean", "deviation")
    }
    for name, kernel in record.kernels.items():
        found |= {f"{name}/{part}": getattr(kernel, part) for part in Kernel.__slots__}
        if record.weight_bits == 4:
            found[f"{name}/weights"] = packed(kernel.weights)
    return found | _tables(record)


def _unpack(graph: Graph, left: Arrays) -> None:
    for node in graph.nodes:
        name = f"{node.id}/weights"
        if not isinstance(node, Weighted) or name not in left:
            continue
        shape = kernel_shape(node, graph.shapes[node.inputs[0]])
        count, found = math.prod(shape), left[name]
        if found.dtype != np.uint8 or found.shape != (-(-count // 2),):
            need = f"need {-(-count // 2)} bytes of weights, two in each"
            raise InvalidInt8Graph(name, f"{need}, got {found.dtype} {found.shape}.")
        if count % 2 and found[-1] >> 4:
            raise InvalidInt8Graph(name, "need 0 in what is left of the last byte.")
        left[name] = unpacked(found, count).reshape(shape)


def _tables(record: Int8Graph) -> Arrays:
    return {
        f"{name}/{part}": getattr(table, part)
        for name, table in record.tables.items()
        for part in ("multipliers", "shifts")
    }


def _parsed(description: bytes) -> Any:
    def refuse(word: str) -> None:
        raise InvalidInt8Graph(JSON_NAME, f"need finite numbers, got {word}.")

    try:
        return json.loads(description, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise InvalidInt8Graph(JSON_NAME, f"need JSON in UTF-8: {error}") from error


def _tensors(value: Any) -> dict[str, Affine]:
    if not isinstance(value, dict):
        raise InvalidInt8Graph("tensors", f"need an object, got {type(value).__name__}.")
    found = {}
    for name, entry in value.items():
        if not isinstance(entry, dict) or entry.keys() != {"scale", "zero_point"}:
            raise InvalidInt8Graph(f"tensors.{name}", "need an object of scale and zero_point.")
        found[name] = Affine(entry["scale"], entry["zero_point"])
    return found


def _take(left: Arrays, name: str) -> NDArray[Any]:
    try:
        return left.pop(name)
    except KeyError:
        raise InvalidInt8Graph(name, "needed for this graph, but missing.") from None


def _check_tables(record: Int8Graph, left: Arrays) -> None:
    for name, need in _tables(record).items():
        found = _take(left, name)
        if found.dtype != need.dtype or not np.array_equal(found, need):
            raise InvalidInt8Graph(name, "need what follows from the scales.")
    for name in left:
        raise InvalidInt8Graph(name, "need no such array for this graph.")
