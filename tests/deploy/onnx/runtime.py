"""ONNX Runtime, the oracle of `.onnx` files."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper

from worker.deploy.onnx.builder import INPUT, OUTPUT, Builder, channels_first
from worker.deploy.record import Int8Graph

PROVIDERS = ["CPUExecutionProvider"]
Array = NDArray[Any]


def session(model: Any, fused: bool = True) -> Any:
    """A session on one thread; `fused` lets the runtime make integer kernels of the operators."""
    levels = onnxruntime.GraphOptimizationLevel
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if fused else levels.ORT_DISABLE_ALL
    # Where the processor has no VNNI, products of bytes saturate without this.
    options.add_session_config_entry("session.x64quantprecision", "1")
    content = model if isinstance(model, bytes) else model.SerializeToString()
    return onnxruntime.InferenceSession(content, options, providers=PROVIDERS)


def kernels(content: bytes, folder: Path) -> list[str]:
    """The kernels that the runtime makes of a file where bytes stay signed, as on Arm."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(folder / "kernels.onnx")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.add_session_config_entry("session.qdqisint8allowed", "1")
    onnxruntime.InferenceSession(content, options, providers=PROVIDERS)
    made = onnx.load_model(options.optimized_model_filepath)
    return [node.op_type for node in made.graph.node]


def floats(record: Int8Graph, name: str, steps: Array) -> Array:
    """What the integers of a node's output mean, in the layout of a file."""
    affine = record.tensors[name]
    values = (steps.astype(np.float32) - affine.zero_point) * np.float32(affine.scale)
    return np.ascontiguousarray(np.moveaxis(values, -1, 1))


def answers(record: Int8Graph, content: bytes, samples: Array, fused: bool = True) -> Array:
    """What a file answers int8 samples, as int8."""
    inputs = floats(record, record.graph.input.id, samples)
    (found,) = session(content, fused).run([OUTPUT], {INPUT: inputs})
    affine = record.tensors[record.graph.output]
    steps = np.rint(found / np.float32(affine.scale)) + affine.zero_point
    return np.moveaxis(steps, 1, -1).astype(np.int8)


def each_alone(
    record: Int8Graph, content: bytes, made: dict[str, Array], fused: bool = True
) -> dict[str, Array]:
    """What each node makes of what the nodes before it should have given, as int8.

    Args:
        record: the network.
        content: its file.
        made: the right output of every node.
        fused: as in `session`.
    """
    model, names = onnx.load_model_from_string(content), Builder(record)
    graph, given = model.graph, {}
    graph.output.pop()
    for node in record.graph.nodes:
        value = OUTPUT if node.id == record.graph.output else names.name(node.id)
        shape = ["batch", *channels_first(record.graph.shapes[node.id])]
        described = helper.make_tensor_value_info(f"{value}_int8", TensorProto.INT8, shape)
        graph.output.append(described)
        (last,) = [each for each in graph.node if list(each.output) == [value]]
        if value == OUTPUT:
            graph.node.remove(last)
        else:  # its readers read what is given
            last.input[0] = f"{value}_given"
            described.name = last.input[0]
            graph.input.append(described)
            given[last.input[0]] = np.ascontiguousarray(np.moveaxis(made[node.id], -1, 1))
    given[INPUT] = floats(record, record.graph.input.id, made[record.graph.input.id])
    onnx.checker.check_model(model, full_check=True)
    found = session(model, fused).run(None, given)
    return {
        node.id: np.moveaxis(steps, 1, -1)
        for node, steps in zip(record.graph.nodes, found, strict=True)
    }
