"""The parts of a `.tflite` file while it is put together."""

from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray

from resource_models.arena import ArenaPlan
from worker.deploy.packing import packed
from worker.deploy.record import Int8Graph
from worker.deploy.tables import Affine
from worker.deploy.tflite.plan import FREE, METADATA_NAME, METADATA_VERSION
from worker.deploy.tflite.schema import schema

SCHEMA_VERSION = 3
IDENTIFIER = b"TFL3"
LAST_OLD_CODE = 127  # operator codes were one byte once; newer ones stand in a second field
ALIGNMENT_BYTES = 16  # what the schema asks of buffers; the runtime reads int32 biases in place

# The version of an operator that first had int8.
VERSIONS: Mapping[str, int] = {
    "ADD": 2,
    "ADD_N": 1,
    "AVERAGE_POOL_2D": 2,
    "CONCATENATION": 2,
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 3,
    "FULLY_CONNECTED": 4,
    "GATHER": 2,
    "MAX_POOL_2D": 2,
    "PAD": 2,
    "RELU": 2,
    "RELU6": 2,
    "RESHAPE": 1,
}
# The same of those that first had weights of int4.
INT4_VERSIONS: Mapping[str, int] = {
    "CONV_2D": 7,
    "DEPTHWISE_CONV_2D": 7,
    "FULLY_CONNECTED": 10,
}


class _Buffer(schema.BufferT):  # type: ignore[misc]
    """A buffer that lies where the schema wants it; the generated class aligns to one byte."""

    def Pack(self, builder: Any) -> Any:
        content = self.data
        if content is not None:
            builder.StartVector(1, len(content), ALIGNMENT_BYTES)
            builder.head -= len(content)
            builder.Bytes[builder.head : builder.head + len(content)] = content
            content = builder.EndVector()
        schema.BufferStart(builder)
        if content is not None:
            schema.BufferAddData(builder, content)
        return schema.BufferEnd(builder)


class Builder:
    """Collects tensors and operators; `values` holds the tensor of each node's output."""

    def __init__(self, record: Int8Graph, plan: ArenaPlan) -> None:
        self.record, self.graph, self.plan = record, record.graph, plan
        self.values: dict[str, int] = {}
        self._offsets: list[int] = []
        self._buffers = [_Buffer()]  # the first is empty, for tensors that are computed
        self._codes: list[str] = []
        self._subgraph = schema.SubGraphT(tensors=[], operators=[])

    def computed(self, node_id: str, name: str, shape: Sequence[int]) -> int:
        """A new int8 tensor that lies and means what the plan and the record say of a node."""
        affine = self.record.tensors[node_id]
        return self._tensor(name, (1, *shape), "INT8", (affine,), 0, self._at(node_id))

    def constant(
        self, name: str, value: NDArray[Any], scales: Sequence[float] = (), axis: int = 0
    ) -> int:
        """A new tensor of int8 or int32 with the content of an array, one scale per lane or all."""
        kind = {"int8": "INT8", "int32": "INT32"}[value.dtype.name]
        content = value.astype(value.dtype.newbyteorder("<")).tobytes()
        return self._stored(name, value.shape, kind, content, scales, axis)

    def weights(
        self, name: str, value: NDArray[np.int8], scales: Sequence[float], axis: int
    ) -> int:
        """A new tensor of weights: int8, or int4 where the record has weights of 4 bits."""
        if self.record.weight_bits == 8:
            return self.constant(name, value, scales, axis)
        return self._stored(name, value.shape, "INT4", packed(value).tobytes(), scales, axis)

    def _stored(
        self,
        name: str,
        shape: Sequence[int],
        kind: str,
        content: bytes,
        scales: Sequence[float],
        axis: int,
    ) -> int:
        self._buffers.append(_Buffer(data=content))
        affines = [Affine(scale, 0) for scale in scales]
        index = self._tensor(name, shape, kind, affines, len(self._buffers) - 1, FREE)
        if affines:
            self._subgraph.tensors[index].quantization.quantizedDimension = axis
        return index

    def operator(
        self, code: str, inputs: Sequence[int], output: int, options: str | None, **fields: Any
    ) -> None:
        """A new operator; `options` names its table in the schema."""
        if code not in self._codes:
            self._codes.append(code)
        made = schema.OperatorT(
            opcodeIndex=self._codes.index(code), inputs=list(inputs), outputs=[output]
        )
        if options is not None:
            made.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            made.builtinOptions = getattr(schema, f"{options}T")(**fields)
        self._subgraph.operators.append(made)

    def file(self) -> bytes:
        """The finished file."""
        graph, subgraph = self.graph, self._subgraph
        subgraph.inputs, subgraph.outputs = (
            [self.values[graph.input.id]],
            [self.values[graph.output]],
        )
        plan = np.array([METADATA_VERSION, 0, len(self._offsets), *self._offsets], "<i4")
        self._buffers.append(_Buffer(data=plan.tobytes()))
        model = schema.ModelT(
            version=SCHEMA_VERSION,
            operatorCodes=[self._code(code) for code in self._codes],
            subgraphs=[subgraph],
            description=f"tinyfront {graph.sha256()}",
            buffers=self._buffers,
            metadata=[schema.MetadataT(name=METADATA_NAME, buffer=len(self._buffers) - 1)],
        )
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), file_identifier=IDENTIFIER)
        return bytes(builder.Output())

    def _tensor(
        self,
        name: str,
        shape: Sequence[int],
        kind: str,
        affines: Sequence[Affine],
        buffer: int,
        offset: int,
    ) -> int:
        tensor = schema.TensorT(
            shape=list(shape), type=getattr(schema.TensorType, kind), buffer=buffer, name=name
        )
        if affines:
            tensor.quantization = schema.QuantizationParametersT(
                scale=[affine.scale for affine in affines],
                zeroPoint=[affine.zero_point for affine in affines],
            )
        self._subgraph.tensors.append(tensor)
        self._offsets.append(offset)
        return len(self._offsets) - 1

    def _at(self, node_id: str) -> int:
        return self.plan.offsets_bytes[node_id]

    def _code(self, code: str) -> Any:
        number = getattr(schema.BuiltinOperator, code)
        versions = VERSIONS if self.record.weight_bits == 8 else {**VERSIONS, **INT4_VERSIONS}
        return schema.OperatorCodeT(
            deprecatedBuiltinCode=min(number, LAST_OLD_CODE),
            builtinCode=number,
            version=versions[code],
        )
