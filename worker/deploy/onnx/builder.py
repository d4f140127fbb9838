"""The parts of a `.onnx` file while it is put together.

Names are words of C, for tools make C of them: `n3_conv1` is what the third node gives, rounded to
its integers; a number in front tells nodes apart whose ids become one word.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resource_models.nodes import Shape
from worker.deploy.c.text import word
from worker.deploy.record import Int8Graph
from worker.deploy.tables import Affine

try:
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    raise ImportError(
        "A .onnx file needs the package onnx: pip install 'tinyfront-server[onnx]'."
    ) from error

# The first opset with scales per channel, and its version of the format: of all that say it in
# this way, what the oldest readers take.
OPSET, IR_VERSION = 13, 7
INPUT, OUTPUT, BATCH = "input", "output", "batch"


class Builder:
    """Collects operators and constants; `values` holds the name that readers of a node read."""

    def __init__(self, record: Int8Graph) -> None:
        self.record, self.graph = record, record.graph
        self.values: dict[str, str] = {}
        self._prefixes = {
            node.id: f"n{number}_{word(node.id)}" for number, node in enumerate(self.graph.nodes)
        }
        self._operators: list[Any] = []
        self._constants: dict[str, Any] = {}
        self._affines: dict[Affine, tuple[str, str]] = {}

    def name(self, node_id: str, part: str = "") -> str:
        """The name of a node, or of a part of it."""
        prefix = self._prefixes[node_id]
        return f"{prefix}_{part}" if part else prefix

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """A constant, stored once under this name."""
        if name not in self._constants:
            array = np.ascontiguousarray(value).reshape(value.shape)  # the former makes 0-d 1-d
            self._constants[name] = numpy_helper.from_array(array, name)
        return name

    def operator(self, code: str, inputs: Sequence[str], output: str, **fields: Any) -> str:
        """An operator with one output, which gives it its name."""
        made = helper.make_node(code, list(inputs), [output], name=f"{output}_{code}", **fields)
        self._operators.append(made)
        return output

    def rounded(self, node_id: str, exact: str, name: str) -> str:
        """What readers get of a tensor on the scale of a node: to int8 and back."""
        parts = self._affine(self.record.tensors[node_id])
        steps = self.operator("QuantizeLinear", [exact, *parts], f"{name}_int8")
        return self.operator("DequantizeLinear", [steps, *parts], name)

    def finished(self, node_id: str, exact: str) -> None:
        """Let readers of a node read this tensor, rounded to its integers."""
        name = OUTPUT if node_id == self.graph.output else self.name(node_id)
        self.values[node_id] = self.rounded(node_id, exact, name)

    def dequantised(self, name: str, value: NDArray[Any], scales: NDArray[np.float32]) -> str:
        """Constant integers around 0, by one scale, or by one for each entry of the first axis."""
        inputs = [self.constant(f"{name}_int", value), self.constant(f"{name}_scale", scales)]
        if value.dtype == np.int8:  # of int32 there is no zero point
            zeros = np.zeros(scales.shape, np.int8)
            inputs.append(self.constant(f"{name}_zero_point", zeros))
        fields = {"axis": 0} if scales.ndim else {}
        return self.operator("DequantizeLinear", inputs, name, **fields)

    def file(self) -> bytes:
        """The whole file; equal graphs give equal bytes."""
        first, last = self.graph.input.id, self.graph.output
        mean, deviation = (
            json.dumps([float(each) for each in part])
            for part in (self.record.sensor.mean, self.record.sensor.deviation)
        )
        seen = f"(value - mean) / deviation by channel: mean {mean}, deviation {deviation}"
        graph = helper.make_graph(
            self._operators,
            "tinyfront",
            [_described(INPUT, self.graph.shapes[first], seen)],
            [_described(OUTPUT, self.graph.shapes[last], "")],
            list(self._constants.values()),
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="tinyfront",
        )
        told = {"graph_sha256": self.graph.sha256(), "mean": mean, "deviation": deviation}
        helper.set_model_props(model, told)
        content: bytes = model.SerializeToString(deterministic=True)
        return content

    def _affine(self, affine: Affine) -> tuple[str, str]:
        """Scale and zero point, stored once for all tensors that share them."""
        if affine not in self._affines:
            number = len(self._affines)
            self._affines[affine] = (
                self.constant(f"scale_{number}", np.array(affine.scale, np.float32)),
                self.constant(f"zero_point_{number}", np.array(affine.zero_point, np.int8)),
            )
        return self._affines[affine]


def channels_first(shape: Shape) -> Shape:
    """The shape of a tensor of ours in a file, its batch left out."""
    return (shape[-1], *shape[:-1])


def _described(name: str, shape: Shape, text: str) -> Any:
    dimensions = [BATCH, *channels_first(shape)]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, dimensions, text)
