"""A whole training that prunes: phases, reports, figures and details of what came out."""

import json
from dataclasses import replace
from typing import Any

import pytest
import torch

from resource_models.devices import device
from resource_models.footprint import footprint
from resource_models.instructions import Formula
from resource_models.weights import weights as told
from tests.worker.prunable import TIED, WAYS, rows, work
from tests.worker.samples import FLAT
from worker.course import error_of
from worker.errors import Infeasible, UnsupportedWork
from worker.inherit import Parent
from worker.pruning.masks import linears
from worker.pruning.recipe import Pruning
from worker.tensors import Tensors
from worker.train import Trained, cut_after, train
from worker.weights import weights, weights_file

FIGURES = ["error", "macs", "model_size:sparse", "model_size:deployed", "working_memory:wm2"]


@pytest.fixture(scope="module")
def data() -> Tensors:
    return rows()


def pruned(data: Tensors, scope: str, method: str, **changes: Any) -> Trained:
    recipe = {"scope": scope, "method": method, "target": 0.5} | changes.pop("pruning", {})
    return train(work(recipe, **changes), data, lambda *_: False)


def judged(trained: Trained, data: Tensors) -> float:
    network = trained.network
    return error_of(network, network.sensor(data.x_validation), data.y_validation)


def test_from_the_cut_on_reports_hold_the_figures_of_what_is_left(data: Tensors) -> None:
    reports: list[dict[str, float]] = []
    recipe = {"scope": "channels", "method": "magnitude", "target": 0.5}
    asked = replace(work(recipe), metrics=tuple(FIGURES))
    trained = train(asked, data, lambda _, metrics: bool(reports.append(metrics)))
    assert [set(metrics) - {"loss", "error"} for metrics in reports[:2]] == [set(), set()]
    for metrics in reports[2:]:
        assert {name: metrics[name] for name in FIGURES[1:]} == trained.figures


@pytest.mark.parametrize(("scope", "method"), WAYS)
def test_every_way_reports_all_epochs_and_meets_its_target(
    data: Tensors, scope: str, method: str
) -> None:
    reports: list[tuple[int, dict[str, float]]] = []
    recipe = {"scope": scope, "method": method, "target": 0.5}
    trained = train(work(recipe), data, lambda *said: bool(reports.append(said)))
    assert [epoch for epoch, _ in reports] == [1, 2, 3, 4]
    assert all(set(metrics) == {"loss", "error"} for _, metrics in reports)
    assert trained.error == reports[-1][1]["error"] == judged(trained, data)
    details = trained.details["pruning"]
    assert details["reached"] == pytest.approx(0.5, abs=0.5 / details["removable"])
    assert details["cut_after_epoch"] == 2
    assert details["stopped_before_cut"] is False
    assert json.loads(json.dumps(trained.details)) == trained.details
    if scope != "weights":
        assert trained.network.graph != TIED
        assert sum(part.numel() for part in trained.network.parameters()) < 480


@pytest.mark.parametrize(("scope", "method"), WAYS)
def test_a_cut_of_nothing_leaves_the_network_that_was_trained(
    data: Tensors, scope: str, method: str
) -> None:
    said: list[float] = []

    def report(epoch: int, metrics: dict[str, float]) -> bool:
        said.append(metrics["error"])
        return epoch == 6

    recipe = {"scope": scope, "method": method, "target": 0.0}
    trained = train(work(recipe, epochs=10, learning_rate=0.003), data, report)
    assert 0.0 < said[-1] < 0.7  # so that one wrong scale would show
    assert trained.error == said[-1]
    assert trained.network.graph == TIED
    assert not any(linear._forward_hooks for linear in linears(trained.network).values())


@pytest.mark.parametrize(("scope", "method"), WAYS)
def test_the_same_seed_gives_the_same_bytes(data: Tensors, scope: str, method: str) -> None:
    torch.manual_seed(1)
    first = weights_file(pruned(data, scope, method).network)
    torch.manual_seed(2)
    assert weights_file(pruned(data, scope, method).network) == first


@pytest.mark.parametrize("scope", ["both", "weights"])
def test_the_figures_are_the_footprint_of_what_came_out(data: Tensors, scope: str) -> None:
    recipe = {"scope": scope, "method": "feedback", "target": 0.7}
    value = work(recipe)
    formula = Formula.fitted("m0")
    asked = replace(value, metrics=(*FIGURES, formula.figure), formulas=(formula,))
    trained = train(asked, data, lambda *_: False)
    left = {
        name: int(linear.weight.count_nonzero())
        for name, linear in linears(trained.network).items()
    }
    found = footprint(trained.network.graph, device("arduino-uno"), left).figures()
    found[formula.figure] = formula.count(trained.network.graph, told(trained.network.graph, left))
    assert trained.figures == {name: found[name] for name in (*FIGURES[1:], formula.figure)}
    whole = footprint(TIED, device("arduino-uno")).figures()
    assert trained.figures["model_size:sparse"] < whole["model_size:sparse"]


def test_single_weights_that_went_stay_away_and_are_counted_per_node(data: Tensors) -> None:
    trained = pruned(data, "weights", "magnitude", epochs=6)
    counted = {
        name: int(linear.weight.count_nonzero())
        for name, linear in linears(trained.network).items()
    }
    assert trained.details["pruning"]["non_zeros"] == counted
    assert sum(counted.values()) == 458 - 229
    assert trained.details["pruning"]["after"]["weights"] == 229
    assert trained.details["pruning"]["stored_bytes"] < 458


def test_training_goes_on_after_the_cut(data: Tensors) -> None:
    errors: list[float] = []
    recipe = {"scope": "channels", "method": "magnitude", "target": 0.5}

    def report(_epoch: int, metrics: dict[str, float]) -> bool:
        errors.append(metrics["error"])
        return False

    train(work(recipe, epochs=20, batch_size=4), data, report)
    assert errors[-1] == 0.0


def test_an_order_to_stop_before_the_cut_still_gives_a_pruned_network(data: Tensors) -> None:
    recipe = {"scope": "both", "method": "bayesian", "target": 0.5}
    trained = train(work(recipe, epochs=9), data, lambda epoch, _: epoch == 2)
    assert (trained.epochs, trained.stopped) == (2, True)
    assert trained.details["pruning"]["stopped_before_cut"] is True
    assert trained.details["pruning"]["cut_after_epoch"] == 2
    assert trained.details["pruning"]["reached"] == pytest.approx(0.5, abs=0.02)
    assert trained.error == judged(trained, data)


def test_an_order_to_stop_with_the_cut_or_after_it_ends_the_training_there(data: Tensors) -> None:
    recipe = {"scope": "weights", "method": "feedback", "target": 0.5}
    for last in (5, 7):
        trained = train(work(recipe, epochs=9), data, lambda epoch, _, last=last: epoch == last)
        assert (trained.epochs, trained.stopped) == (last, True)
        assert trained.details["pruning"]["stopped_before_cut"] is False
        assert trained.error == judged(trained, data)


@pytest.mark.parametrize(
    ("end", "epochs", "after"),
    [(0.6, 10, 6), (0.6, 1, 1), (0.6, 2, 1), (1.0, 2, 1), (0.01, 9, 1), (1.0, 9, 8), (0.5, 5, 2)],
)
def test_there_is_an_epoch_on_both_sides_of_the_cut_if_there_are_two(
    end: float, epochs: int, after: int
) -> None:
    assert cut_after(Pruning("weights", "magnitude", 0.5, start=0.0, end=end), epochs) == after


@pytest.mark.parametrize(("scope", "method"), WAYS)
def test_one_epoch_is_enough(data: Tensors, scope: str, method: str) -> None:
    trained = pruned(data, scope, method, epochs=1)
    assert trained.epochs == 1
    assert trained.error == judged(trained, data)


def test_a_target_of_nothing_leaves_the_network_as_it_is() -> None:
    flat = Tensors(
        torch.rand(40, 4), torch.arange(40) % 3, torch.rand(9, 4), torch.arange(9) % 3, 3
    )
    recipe = {"scope": "inputs", "method": "bayesian", "target": 0.5}
    trained = train(work(recipe, FLAT), flat, lambda *_: False)
    assert trained.details["pruning"]["removed"] == 2  # of four inputs of the network
    recipe = {"scope": "inputs", "method": "bayesian", "target": 0.0}
    assert train(work(recipe, FLAT), flat, lambda *_: False).network.graph == FLAT


def test_a_figure_needs_a_device(data: Tensors) -> None:
    value = work({"scope": "channels", "method": "magnitude", "target": 0.5})
    asked = replace(value, metrics=("error", "macs"), device=None)
    with pytest.raises(UnsupportedWork, match="device: needed to count macs, but missing"):
        train(asked, data, lambda *_: False)


def test_a_figure_that_does_not_exist_is_refused_before_the_training(data: Tensors) -> None:
    value = work({"scope": "channels", "method": "magnitude", "target": 0.5})
    asked = replace(value, metrics=("error", "beauty"))
    with pytest.raises(UnsupportedWork, match="metrics: there is no 'beauty' for arduino-uno"):
        train(asked, data, lambda *_: pytest.fail("it trained"))


def test_a_cut_network_without_finite_answers_is_infeasible(
    data: Tensors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.course.Course.judge", lambda *_: float("nan"))
    monkeypatch.setattr("worker.course.Course.run", lambda *_: None)
    recipe = {"scope": "weights", "method": "magnitude", "target": 0.5}
    with pytest.raises(Infeasible, match="no finite answers after the cut"):
        train(work(recipe), data, lambda *_: True)


def test_a_pruned_network_is_a_parent_like_any_other(data: Tensors) -> None:
    trained = pruned(data, "both", "magnitude")
    parent = Parent(trained.network.graph, weights(trained.network))
    value = work({"scope": "channels", "method": "feedback", "target": 0.5})
    child = replace(value, inherits=True)
    details = train(child, data, lambda *_: False, parent).details
    assert set(details) == {"inherited", "pruning"}
    assert 0 < details["inherited"]["carried"] < 1


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov"])
@pytest.mark.parametrize(("scope", "method"), WAYS)
def test_every_method_goes_with_every_optimiser(
    data: Tensors, scope: str, method: str, optimizer: str
) -> None:
    """What a method begins to train later has no momentum yet."""
    assert pruned(data, scope, method, epochs=4, optimizer=optimizer).details["pruning"]["removed"]
