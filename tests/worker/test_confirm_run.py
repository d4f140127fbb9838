"""A confirm run reads the test set, once, at its end; a search never does."""

from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest
import torch

from resource_models.devices import device
from resource_models.graph import Graph
from resource_models.nodes import Dense
from tests.worker.samples import CHAIN, data_set, work_json
from worker import messages, trainer
from worker.child import Place
from worker.course import error_of
from worker.data import DataSet, binary_of
from worker.deploy import storage
from worker.deploy.simulate import Simulation
from worker.errors import Infeasible, UnsupportedWork
from worker.integers import channels_last
from worker.messages import Completed, Message, receive
from worker.tensors import samples, tensors
from worker.test_set import errors_on_test_set
from worker.train import Trained, train, untrained
from worker.trainer import Trainer
from worker.work import Work


def confirming(work: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The same network, to be confirmed."""
    metrics = ["error", "test_error"]
    return {**work, "purpose": "confirm", "replicate": 1, "metrics": metrics, **changes}


def last(work: dict[str, Any], folder: Path) -> Message:
    """How a trainer ends its work, in this process."""
    here, there = Pipe()
    Trainer(Place("cpu", 1, folder)).answer(messages.Train(work), there)
    there.close()
    said = receive(here)
    while isinstance(said, messages.Epoch):
        said = receive(here)
    return said


def by_hand(work: Work, data: DataSet) -> tuple[float, float]:
    """Train a network as a search does; its errors on the validation and on the test set."""
    cpu = torch.device("cpu")
    trained = train(work, tensors(data, cpu), lambda *_: False)
    seen = trained.network.sensor(samples(data.x_test, cpu))
    return trained.error, error_of(trained.network, seen, torch.from_numpy(data.y_test))


class Guarded:
    """A part of a data set that notes whenever somebody looks at it."""

    def __init__(self, array: Any) -> None:
        self.array, self.looks = array, 0

    def __get__(self, held: object, kind: type) -> Any:
        self.looks += 1
        return self.array


@pytest.fixture
def data(tmp_path: Path) -> DataSet:
    return data_set(tmp_path)


@pytest.fixture
def guards(data: DataSet, monkeypatch: pytest.MonkeyPatch) -> dict[str, Guarded]:
    """Let the trainer load a data set whose test part is guarded."""
    parts = {name: Guarded(getattr(data, name)) for name in ("x_test", "y_test")}
    kind = type("GuardedSet", (DataSet,), dict(parts))
    guarded = object.__new__(kind)
    for name in ("name", "sha256", "x_train", "y_train", "validation"):
        object.__setattr__(guarded, name, getattr(data, name))
    monkeypatch.setattr(trainer, "load", lambda folder, name: guarded)
    return parts


def test_a_search_never_looks_at_the_test_set(
    data: DataSet, tmp_path: Path, guards: dict[str, Guarded]
) -> None:
    result = last(work_json(data), tmp_path)
    assert isinstance(result, Completed)
    assert {name: guard.looks for name, guard in guards.items()} == {"x_test": 0, "y_test": 0}
    assert not {"test_error", "test_images"} & set(result.metrics)


def test_a_confirm_run_looks_at_the_test_images_once(
    data: DataSet, tmp_path: Path, guards: dict[str, Guarded]
) -> None:
    result = last(confirming(work_json(data)), tmp_path)
    assert isinstance(result, Completed)
    assert guards["x_test"].looks == 1
    assert result.metrics["test_images"] == 30


def test_a_confirm_run_is_trained_like_a_search_with_its_seed_and_then_tested(
    data: DataSet, tmp_path: Path
) -> None:
    asked = confirming(work_json(data), seed=11)
    result = last(asked, tmp_path)
    assert isinstance(result, Completed)
    error, test_error = by_hand(Work.from_json({**work_json(data), "seed": 11}), data)
    assert (result.metrics["error"], result.metrics["test_error"]) == (error, test_error)
    assert result.artefacts == ["weights.safetensors", "graph.json"]


def test_a_pruned_confirm_run_counts_what_came_out_as_well(tmp_path: Path, data: DataSet) -> None:
    figures = {"metrics": ["error", "test_error", "model_size:deployed"]}
    pruning = {"scope": "channels", "method": "magnitude", "target": 0.5}
    board = {"device": device("stm32f446re").to_json()}
    result = last(confirming(work_json(data), pruning=pruning, **board, **figures), tmp_path)
    assert isinstance(result, Completed)
    assert set(figures["metrics"]) <= set(result.metrics)


def test_what_is_confirmed_is_what_is_deployed_and_the_test_set_is_read_once_for_both(
    data: DataSet, tmp_path: Path, guards: dict[str, Guarded]
) -> None:
    asked = confirming(work_json(data))
    asked["training"] = {**asked["training"], "quantisation": "post_training"}
    result = last(asked, tmp_path)
    assert isinstance(result, Completed)
    assert guards["x_test"].looks == 1
    files = dict(zip(result.artefacts, result.contents, strict=True))
    record = storage.read(files["int8.json"], files["int8.safetensors"])
    cpu = torch.device("cpu")
    trained = train(Work.from_json(asked), tensors(data, cpu), lambda *_: False)
    seen = channels_last(trained.network.sensor(samples(data.x_test, cpu)))
    simulation = Simulation(record)
    answers = simulation.run(simulation.quantise(seen)).argmax(1)
    wrong = (answers != torch.from_numpy(data.y_test)).double().mean().item()
    assert result.metrics["test_error"] == wrong
    float_error = by_hand(Work.from_json(work_json(data)), data)[1]
    assert result.metrics["test_error:float"] == float_error


def test_the_test_set_is_judged_in_its_two_classes(tmp_path: Path, data: DataSet) -> None:
    *first, _ = CHAIN.nodes
    graph = Graph((*first, Dense("out", ("mean",), 2)))
    result = last(confirming(work_json(data, graph), binary=1), tmp_path)
    assert isinstance(result, Completed)
    _, test_error = by_hand(Work.from_json(work_json(data, graph)), binary_of(data, 1))
    assert result.metrics["test_error"] == test_error


def test_an_answer_that_is_not_finite_makes_a_network_infeasible(tmp_path: Path) -> None:
    data = data_set(tmp_path)
    network = untrained(CHAIN, tensors(data, torch.device("cpu")), 0)
    for parameter in network.parameters():
        parameter.data.fill_(torch.nan)
    trained = Trained(network, 0.5, 0.5, None, 1, False)
    with pytest.raises(Infeasible, match="test set"):
        errors_on_test_set(trained, data, torch.device("cpu"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"purpose": "guess"}, "purpose: need search or confirm, got 'guess'"),
        ({"metrics": ["error", "test_error"]}, "metrics: need test_error of a confirm run"),
        ({"purpose": "confirm"}, "metrics: need test_error of a confirm run"),
        (
            {"purpose": "confirm", "metrics": ["error", "test_error"], "parent": {"trial": 4}},
            "parent: a confirm run begins from scratch",
        ),
    ],
)
def test_work_that_mixes_search_and_test_set_is_refused(
    data: DataSet, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UnsupportedWork, match=reason):
        Work.from_json({**work_json(data), **changes})
