"""`.onnx` files, as ONNX Runtime reads them: their form, and their answers against ours.

The runtime rounds once, in floats, where the integers are rounded twice: so outputs may be one step
apart, which is checked node by node, each behind exact inputs.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from resource_models.graph import Graph
from resource_models.nodes import Conv2d, Dense, Flatten, GlobalAvgPool, Input
from tests.deploy import networks
from tests.deploy.onnx.runtime import answers, each_alone, kernels, session
from tests.worker.samples import CHAIN, EVERYTHING
from worker.deploy import storage
from worker.deploy.calibrate import quantise
from worker.deploy.errors import InvalidInt8Graph
from worker.deploy.observers import MinMax
from worker.deploy.onnx import package, writer
from worker.deploy.onnx.writer import onnx_file
from worker.deploy.record import Int8Graph
from worker.deploy.simulate import Simulation

OWN = {
    "everything": EVERYTHING,
    "long sums": networks.LONG_SUMS,
    "shared scales": networks.SHARED,
    "a flat end": networks.ENDS_FLAT,
    "in place": networks.OVER,
}
# Of the outputs of all nodes of a network, those that are a step apart.
MOST_APART = 0.01
# Of the answers to bytes by chance, which small networks drawn by chance are most sensitive to.
MOST_STEPS = 8
COUNT = 8


def parsed(record: Int8Graph) -> Any:
    model = onnx.load_model_from_string(onnx_file(record))
    onnx.checker.check_model(model, full_check=True)
    return model


def check(graphs: list[Graph]) -> None:
    """Each node alone is at most a step apart, few are, and all of them together answer alike.

    So it is for integer kernels of the runtime and for its floats.
    """
    apart, of = 0, 0
    for seed, graph in enumerate(graphs):
        record = networks.drawn_int8(graph, seed)
        samples = networks.bytes_for(graph, COUNT, seed)
        made = {name: x.numpy() for name, x in Simulation(record).activations(samples).items()}
        content = onnx_file(record)
        for fused in (False, True):
            for name, found in each_alone(record, content, made, fused).items():
                steps = np.abs(found.astype(int) - made[name])
                assert steps.max() <= 1, f"{name}: {steps.max()} steps"
                apart, of = apart + np.count_nonzero(steps), of + steps.size
            answered = answers(record, content, samples.numpy(), fused)
            assert np.abs(answered.astype(int) - made[graph.output]).max() <= MOST_STEPS
    assert apart <= MOST_APART * of, f"{apart} of {of} outputs are a step apart"


@pytest.mark.parametrize("name", networks.SPACES)
def test_nodes_of_the_spaces_are_at_most_a_step_apart(name: str) -> None:
    check(networks.sampled(name, 5, seed=2))


@pytest.mark.parametrize("name", OWN)
def test_every_kind_of_node_is_at_most_a_step_apart(name: str) -> None:
    check([OWN[name]])


def test_equal_graphs_give_equal_bytes() -> None:
    one, other = (onnx_file(networks.drawn_int8(EVERYTHING)) for _ in range(2))
    assert one == other


def test_batches_have_any_size_and_images_are_channels_first() -> None:
    record = networks.drawn_int8(networks.SHARED)
    content = onnx_file(record)
    (given,), (told,) = session(content).get_inputs(), session(content).get_outputs()
    assert (given.name, given.type, given.shape) == ("input", "tensor(float)", ["batch", 2, 6, 5])
    assert (told.name, told.type, told.shape) == ("output", "tensor(float)", ["batch", 3])
    samples = networks.bytes_for(record.graph, 5).numpy()
    together = answers(record, content, samples)
    for i in range(5):
        assert np.array_equal(answers(record, content, samples[i : i + 1]), together[i : i + 1])
    model = parsed(record)
    properties = {each.key: each.value for each in model.metadata_props}
    assert properties.keys() == {"graph_sha256", "mean", "deviation"}
    assert properties["mean"] == str(record.sensor.mean.tolist())


@pytest.mark.parametrize("name", OWN)
def test_every_operator_stands_between_roundings(name: str) -> None:
    """What tools that look for integer operators ask: each reads DQ, and Q reads each."""
    model = parsed(networks.drawn_int8(OWN[name]))
    maker = {node.output[0]: node for node in model.graph.node}
    readers: dict[str, list[str]] = {}
    for node in model.graph.node:
        for each in node.input:
            readers.setdefault(each, []).append(node.op_type)
    fused = {"Relu", "Clip"}
    for node in model.graph.node:
        if node.op_type in {"QuantizeLinear", "DequantizeLinear"}:
            continue
        (reader,) = set(readers[node.output[0]])
        assert reader == "QuantizeLinear" or (reader in fused and node.op_type not in fused)
        made = [maker[each] for each in node.input if each in maker]
        assert all(each.op_type == "DequantizeLinear" or node.op_type in fused for each in made)


def test_the_runtime_makes_integer_kernels_of_all_of_it(tmp_path: Path) -> None:
    made = kernels(onnx_file(networks.drawn_int8(networks.OVER)), tmp_path)
    assert (made[0], made[-1]) == ("QuantizeLinear", "DequantizeLinear")
    inner = {"QLinearConv", "QLinearAdd", "QLinearGlobalAveragePool", "Flatten", "QGemm"}
    assert set(made[1:-1]) == inner


def test_weights_and_biases_are_the_integers_of_the_record() -> None:
    record = networks.drawn_int8(EVERYTHING)
    model = parsed(record)
    found = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    dequantised = {node.output[0]: node for node in model.graph.node}
    axes = {"conv2d": (0, 3, 1, 2), "depthwise_conv2d": (3, 0, 1, 2), "dense": (0, 1)}
    for number, node in enumerate(record.graph.nodes):
        if node.id not in record.kernels:
            continue
        kernel, name = record.kernels[node.id], f"n{number}_{node.id}"
        weights, bias = found[f"{name}_weights_int"], found[f"{name}_bias_int"]
        assert (weights.dtype, bias.dtype) == (np.int8, np.int32)
        assert np.array_equal(weights, kernel.weights.transpose(axes[node.kind]))
        assert np.array_equal(bias, kernel.bias)
        scales, products = found[f"{name}_weights_scale"], found[f"{name}_bias_scale"]
        before = record.tensors[node.inputs[0]].scale
        assert np.array_equal(scales.reshape(-1), kernel.scales)
        assert np.array_equal(products, (before * scales.astype(float)).astype(np.float32))
        axis = [each.i for each in dequantised[f"{name}_weights"].attribute]
        assert axis == ([] if isinstance(node, Dense) else [0])


def test_a_flatten_turns_only_what_has_channels_and_pixels() -> None:
    turned = {}
    for channels, side in ((3, 4), (1, 4), (3, 1)):
        nodes = (Conv2d("conv", ("in",), channels, (1, 1)), Flatten("out", ("conv",)))
        graph = Graph((Input("in", (side, side, 2)), *nodes))
        check([graph])
        kinds = [node.op_type for node in parsed(networks.drawn_int8(graph)).graph.node]
        turned[channels, side] = kinds.count("Transpose")
    assert turned == {(3, 4): 1, (1, 4): 0, (3, 1): 0}


def test_ids_become_words_that_differ() -> None:
    nodes = (
        Conv2d("a.b", ("in",), 2, (1, 1)),
        Conv2d("a/b", ("a.b",), 2, (1, 1), activation="relu6"),
        GlobalAvgPool("n0_in", ("a/b",)),
        Dense("output", ("n0_in",), 2),
    )
    graph = Graph((Input("in", (3, 3, 1)), *nodes))
    check([graph])
    model = parsed(networks.drawn_int8(graph))
    made = [each for node in model.graph.node for each in (node.name, *node.output)]
    stored = [each.name for each in model.graph.initializer]
    assert all(re.fullmatch("[a-z][a-zA-Z0-9_]*", each) for each in (*made, *stored))
    assert len({*made, *stored, "input"}) == len(made) + len(stored) + 1


def test_weights_of_4_bits_are_stored_as_bytes() -> None:
    folded, samples = networks.drawn_folded(CHAIN)
    record = quantise(folded, samples, MinMax(), 4)
    assert record.weight_bits == 4
    x = networks.bytes_for(CHAIN, COUNT)
    found = answers(record, onnx_file(record), x.numpy())
    assert np.abs(found.astype(int) - Simulation(record).run(x).numpy()).max() <= 1


def test_what_no_file_can_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MOST_BYTES", 10)
    with pytest.raises(InvalidInt8Graph, match=r"kernels: need at most 10 B of weights .*, got"):
        onnx_file(networks.drawn_int8(CHAIN))


def test_the_program_writes_the_file_without_torch_or_says_what_to_install(tmp_path: Path) -> None:
    record = networks.drawn_int8(networks.ENDS_FLAT)
    for name, content in storage.files(record).items():
        (tmp_path / name).write_bytes(content)
    code = (
        "import runpy, sys; sys.modules['torch'] = None\n"
        "from worker.deploy.onnx import package\n"
        "package.PACKAGE = sys.argv.pop()\n"
        "runpy.run_module('worker.deploy.onnx', run_name='__main__')"
    )
    told = {}
    for wanted in ("onnx", "no-such-package"):
        words = [sys.executable, "-c", code, str(tmp_path), wanted]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        told[wanted] = subprocess.run(words, capture_output=True, text=True, env=environment)
    assert (told["onnx"].returncode, told["onnx"].stdout) == (0, "model.onnx\n"), told["onnx"]
    assert (tmp_path / "model.onnx").read_bytes() == onnx_file(record)
    line = "not installed: pip install 'tinyfront-server[onnx]'.\n"
    missing = told["no-such-package"]
    assert (missing.returncode, missing.stderr) == (1, f"no-such-package: {line}")


def test_without_the_package_there_is_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    record = networks.drawn_int8(CHAIN)
    assert package.files(record).keys() == {"model.onnx"}
    monkeypatch.setattr(package, "PACKAGE", "no-such-package")
    assert package.files(record) == {}
