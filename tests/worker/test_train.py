"""One training: what it learns, what it reports, when it gives up."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Generator

from resource_models.graph import Graph
from resource_models.nodes import Conv2d, Dense, Flatten, GlobalAvgPool, Input
from tests.worker.samples import CHAIN, EVERYTHING, FLAT, data_set, work_json
from worker.course import error_of
from worker.data import DataSet
from worker.errors import Infeasible, UnsupportedWork
from worker.inherit import Parent
from worker.network import Network
from worker.tensors import Tensors, tensors
from worker.train import train
from worker.weights import weights, weights_file
from worker.work import Work


@pytest.fixture
def data(tmp_path: Path) -> DataSet:
    return data_set(tmp_path)


@pytest.fixture
def on_device(data: DataSet) -> Tensors:
    return tensors(data, torch.device("cpu"))


def go_on(_epoch: int, _metrics: dict[str, float]) -> bool:
    return False


def work(data: DataSet, graph: Graph = CHAIN, **changes: Any) -> Work:
    return Work.from_json(work_json(data, graph, **changes))


# Which row is bright: a question for position, so a dense layer must answer it.
ROWS = Graph(
    (
        Input("in", (6, 6, 1)),
        Conv2d("conv", ("in",), 4, (3, 3), activation="relu", batch_norm=True),
        Flatten("flat", ("conv",)),
        Dense("out", ("flat",), 3),
    )
)


def test_a_network_learns_what_can_be_learnt(data: DataSet, on_device: Tensors) -> None:
    trained = train(work(data, ROWS, epochs=20), on_device, go_on)
    assert trained.error == 0.0
    assert (
        error_of(trained.network, trained.network.sensor(on_device.x_train), on_device.y_train) == 0
    )


def test_every_epoch_is_reported_with_loss_and_validation_error(
    data: DataSet, on_device: Tensors
) -> None:
    reports: list[tuple[int, dict[str, float]]] = []

    def report(epoch: int, metrics: dict[str, float]) -> bool:
        reports.append((epoch, metrics))
        return False

    trained = train(work(data, ROWS, epochs=12), on_device, report)
    assert [epoch for epoch, _ in reports] == list(range(1, 13))
    assert all(set(metrics) == {"loss", "error"} for _, metrics in reports)
    assert reports[-1][1]["loss"] < reports[0][1]["loss"] / 2
    assert reports[-1][1]["error"] == trained.error  # of the last epoch, not of the best


def test_an_order_to_stop_ends_the_training_with_that_epoch(
    data: DataSet, on_device: Tensors
) -> None:
    trained = train(work(data, epochs=9), on_device, lambda epoch, _: epoch == 4)
    assert trained.epochs == 4


@pytest.mark.parametrize("changes", [{}, {"augment": "shift1", "dropout": 0.3}])
def test_the_same_seed_gives_the_same_bytes_whatever_else_draws_numbers(
    data: DataSet, on_device: Tensors, changes: dict[str, Any]
) -> None:
    asked = work(data, **changes)
    torch.manual_seed(1)
    first = weights_file(train(asked, on_device, go_on).network)
    torch.manual_seed(2)
    second = weights_file(train(asked, on_device, go_on).network)
    other = weights_file(train(replace(asked, seed=8), on_device, go_on).network)
    assert first == second
    assert first != other


def test_the_seed_decides_the_order_of_samples_too(
    data: DataSet, on_device: Tensors, monkeypatch: pytest.MonkeyPatch
) -> None:
    same_start = Network(CHAIN, Generator().manual_seed(0)).state_dict()

    def started_alike(graph: Graph, generator: Generator) -> Network:
        network = Network(graph, generator)
        network.load_state_dict(same_start)
        return network

    monkeypatch.setattr("worker.train.Network", started_alike)
    first, second = (
        weights_file(train(replace(work(data), seed=seed), on_device, go_on).network)
        for seed in (1, 2)
    )
    assert first != second


def test_augmentation_changes_what_is_trained_on(data: DataSet, on_device: Tensors) -> None:
    still = train(work(data), on_device, go_on).network
    moving = train(work(data, augment="shift1"), on_device, go_on).network
    assert weights_file(still) != weights_file(moving)


def test_a_network_of_every_kind_of_node_can_be_trained() -> None:
    images = torch.rand(40, 3, 14, 9, generator=Generator().manual_seed(0))
    labels = torch.arange(40) % 5
    found = Tensors(images, labels, images[:10], labels[:10], classes=5)
    asked = {"seed": 1, "data": "", "data_sha256": "", "split_sha256": "", "kind": "network"}
    recipe = {"epochs": 2, "batch_size": 8, "learning_rate": 0.01, "dropout": 0.2}
    trained = train(
        Work.from_json({**asked, "graph": EVERYTHING.to_json(), "training": recipe}), found, go_on
    )
    fresh = Network(EVERYTHING, Generator().manual_seed(1))
    moved = {
        name: not torch.equal(tensor, weights(fresh)[name])
        for name, tensor in weights(trained.network).items()
        if name.endswith("weight")
    }
    assert all(moved.values())


def test_a_loss_that_is_not_finite_is_infeasible(data: DataSet, on_device: Tensors) -> None:
    graph = Graph((*CHAIN.nodes[:1], GlobalAvgPool("mean", ("in",)), Dense("out", ("mean",), 3)))
    with pytest.raises(Infeasible, match="diverged in epoch"):
        train(work(data, graph, learning_rate=1e38), on_device, go_on)


def test_a_network_for_other_data_is_infeasible(data: DataSet, on_device: Tensors) -> None:
    with pytest.raises(Infeasible, match=r"in\.raw_shape: the data has \(6, 6, 1\)"):
        train(work(data, FLAT), on_device, go_on)
    nodes = (*CHAIN.nodes[:-1], Dense("out", ("mean",), 4))
    with pytest.raises(Infeasible, match="the data has 3 classes"):
        train(work(data, Graph(nodes)), on_device, go_on)


def test_flat_samples_cannot_move(data: DataSet) -> None:
    flat = Tensors(torch.rand(9, 4), torch.arange(9) % 3, torch.rand(3, 4), torch.arange(3), 3)
    with pytest.raises(UnsupportedWork, match="augment"):
        train(work(data, FLAT, augment="shift1"), flat, go_on)
    assert train(work(data, FLAT), flat, go_on).epochs == 3


def test_want_of_memory_is_infeasible(data: DataSet, on_device: Tensors) -> None:
    filters = 2**31 - 1  # 600 GB of activations for a batch
    conv = Conv2d("conv", ("in",), filters, (3, 3))
    graph = Graph((CHAIN.nodes[0], conv, *CHAIN.nodes[2:]))
    with pytest.raises(Infeasible, match="memory"):
        train(work(data, graph), on_device, go_on)


def test_a_network_that_inherits_begins_with_the_weights_of_its_parent(
    data: DataSet, on_device: Tensors
) -> None:
    grown = train(work(data, ROWS, epochs=20), on_device, go_on)
    parent = Parent(ROWS, weights(grown.network))
    asked = replace(work(data, ROWS, epochs=1, learning_rate=1e-6), inherits=True)
    child = train(asked, on_device, go_on, parent)
    assert child.error == 0.0
    assert child.details == {
        "inherited": {"carried": 1.0, "resampled": 0.0, "neutral": 0.0, "fresh": 0.0}
    }
    assert train(replace(asked, inherits=False), on_device, go_on).error > 0.0


def test_a_parent_comes_with_work_that_inherits_and_with_no_other(
    data: DataSet, on_device: Tensors
) -> None:
    asked = work(data)
    with pytest.raises(UnsupportedWork, match="parent: need its weights"):
        train(replace(asked, inherits=True), on_device, go_on)
    network = Network(CHAIN, Generator().manual_seed(0))
    with pytest.raises(UnsupportedWork, match="parent: need its weights"):
        train(asked, on_device, go_on, Parent(CHAIN, weights(network)))


def test_what_is_not_pruned_reports_no_more_than_its_error(
    data: DataSet, on_device: Tensors
) -> None:
    trained = train(work(data), on_device, go_on)
    assert (trained.figures, trained.details) == ({}, {})
