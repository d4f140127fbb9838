"""Trained networks in integers: what is deployed answers as what was trained."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from resource_models.graph import Graph
from resource_models.nodes import (
    Add,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    GlobalAvgPool,
    Input,
    MaxPool,
)
from tests.deploy import networks
from tests.deploy.onnx.runtime import answers
from tests.worker import prunable
from tests.worker.samples import RECIPE
from worker.data import load
from worker.deploy.calibrate import quantise
from worker.deploy.observers import OBSERVERS, MeanSquare, MinMax
from worker.deploy.onnx.writer import onnx_file
from worker.deploy.simulate import Simulation
from worker.deploy.tflite.writer import tflite_file
from worker.deploy.tflm import run
from worker.network import Network
from worker.tensors import Tensors, tensors
from worker.train import train
from worker.work import Work

# A residual branch, an exit, batch norms, all paddings.
DIGITS = Graph(
    (
        Input("in", (8, 8, 1)),
        Conv2d("stem", ("in",), 12, (3, 3), activation="relu", batch_norm=True),
        DepthwiseConv2d("each", ("stem",), (3, 3), activation="relu", batch_norm=True),
        Conv2d("mix", ("each",), 12, (1, 1), batch_norm=True),
        Add("sum", ("mix", "stem"), "relu"),
        MaxPool("small", ("sum",), (2, 2), (2, 2)),
        Conv2d("top", ("small",), 16, (3, 3), (2, 2), activation="relu", batch_norm=True),
        GlobalAvgPool("mean", ("small",)),
        Dense("exit", ("mean",), 10),
        Flatten("flat", ("top",)),
        Dense("output", ("flat",), 10),
        Add("logits", ("exit", "output")),
    )
)


def digits_work(**changes: Any) -> Work:
    recipe = RECIPE | {"epochs": 6, "batch_size": 32, "learning_rate": 0.01}
    return Work.from_json(
        {
            "kind": "network",
            "graph": DIGITS.to_json(),
            "training": recipe,
            "pruning": None,
            "data": "digits",
            "data_sha256": "",
            "split_sha256": "",
            "seed": 7,
        }
        | changes
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Tensors:
    return tensors(load(Path(tmp_path_factory.mktemp("data")), "digits"), torch.device("cpu"))


@pytest.fixture(scope="module")
def network(data: Tensors) -> Network:
    return train(digits_work(), data, lambda *_: False).network.eval()


@pytest.mark.parametrize("observer", OBSERVERS)
def test_digits_are_told_apart_in_integers_as_in_floats(
    observer: str, network: Network, data: Tensors
) -> None:
    with torch.inference_mode():
        floats = network(data.x_validation).argmax(1)
    x_train, x_validation = (
        networks.seen(network, x) for x in (data.x_train[:256], data.x_validation)
    )
    record = quantise(networks.folded_of(network), x_train, OBSERVERS[observer]())
    integers = Simulation(record).logits(x_validation).argmax(1)
    right, kept = ((answers == data.y_validation).float().mean() for answers in (floats, integers))
    assert right > 0.9
    assert abs(right - kept) <= 0.01
    assert (floats == integers).float().mean() > 0.98


def test_the_runtime_answers_all_of_the_validation_set_as_the_simulation(
    network: Network, data: Tensors
) -> None:
    x_train, x_validation = (networks.seen(network, x) for x in (data.x_train, data.x_validation))
    record = quantise(networks.folded_of(network), x_train[:256], MeanSquare())
    simulation = Simulation(record)
    samples = simulation.quantise(x_validation)
    answers = run(tflite_file(record), samples.numpy()).answers
    assert torch.equal(torch.from_numpy(answers), simulation.run(samples))


def test_onnx_tells_digits_apart_as_the_integers_do(network: Network, data: Tensors) -> None:
    x_train, x_validation = (networks.seen(network, x) for x in (data.x_train, data.x_validation))
    record = quantise(networks.folded_of(network), x_train[:256], MeanSquare())
    simulation = Simulation(record)
    samples = simulation.quantise(x_validation)
    integers = simulation.run(samples).numpy()
    found = answers(record, onnx_file(record), samples.numpy())
    steps = np.abs(found.astype(int) - integers)
    assert steps.max() <= 2  # what one step of a layer becomes in those behind it
    assert np.count_nonzero(steps) <= 0.2 * steps.size
    labels = data.y_validation.numpy()
    right, kept = ((each.argmax(1) == labels).mean() for each in (integers, found))
    assert abs(right - kept) <= 0.01


@pytest.mark.parametrize(("scope", "method"), prunable.WAYS)
def test_what_pruning_leaves_is_quantised(scope: str, method: str) -> None:
    pruning = {"scope": scope, "method": method, "target": 0.5}
    data = prunable.rows()
    trained = train(prunable.work(pruning), data, lambda *_: False)
    network = trained.network.eval()
    samples = networks.seen(network, data.x_train)
    record = quantise(networks.folded_of(network), samples, MinMax())
    simulation = Simulation(record)
    with torch.inference_mode():
        floats = network(data.x_train)
    assert (simulation.logits(samples) - floats).abs().max() < 0.05 * (1 + floats.abs().max())
    kinds = {node.kind for node in record.graph.nodes}
    assert ("gather" in kinds) == (scope in ("inputs", "both"))
    if scope == "weights":
        left = trained.details["pruning"]["non_zeros"]
        assert all(record.non_zeros()[name] <= count for name, count in left.items())
    inputs = simulation.quantise(samples[:4])
    answers = run(tflite_file(record), inputs.numpy()).answers
    assert torch.equal(torch.from_numpy(answers), simulation.run(inputs))
