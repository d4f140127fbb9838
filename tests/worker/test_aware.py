"""Training that rounds as the integers will, and errors that are those of integers."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from resource_models.devices import device
from resource_models.graph import Graph
from resource_models.model_size import deployed_bytes
from resource_models.weights import weights as weight_counts
from tests.deploy import networks
from tests.worker import prunable
from tests.worker.drawn import drawn, samples
from tests.worker.samples import EVERYTHING, GRAPHS
from worker.aware import AwareNetwork, rounding
from worker.deploy.simulate import Simulation
from worker.errors import Infeasible, UnsupportedWork
from worker.integers import OBSERVER, calibrated, channels_last
from worker.network import Network
from worker.train import Trained, train
from worker.weights import weights

AWARE = {"quantisation": "aware", "aware_share": 0.5}


def aware_of(graph: Graph, bits: int = 8) -> tuple[Network, AwareNetwork, Tensor]:
    """A network in which no number is neutral, how it rounds, and samples that it has seen."""
    network = drawn(graph, 0).eval()
    with torch.inference_mode():
        seen = network.sensor(samples(network, 60))
    seen = seen.clone()
    return network, AwareNetwork(network, channels_last(seen), OBSERVER, bits), seen


def trained(pruning: dict[str, Any] | None = None, **training: Any) -> tuple[Trained, list[float]]:
    """The rows, trained for four epochs; and the errors that were reported."""
    errors: list[float] = []

    def report(epoch: int, metrics: dict[str, float]) -> bool:
        errors.append(metrics["error"])
        return False

    return train(prunable.work(pruning, **training), prunable.rows(), report), errors


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("name", [*GRAPHS, "tiny"])
def test_the_forward_pass_gives_what_the_integers_give(name: str, bits: int) -> None:
    graph = networks.sampled("tiny", 1)[0] if name == "tiny" else GRAPHS[name]
    _, aware, seen = aware_of(graph, bits)
    with torch.inference_mode():
        found = aware.eval().body(seen)
    record = aware.record()
    wanted = Simulation(record).logits(channels_last(seen))
    # The device rounds twice: now and then that is another step, which may meet others.
    steps = (found - wanted).abs() / record.tensors[graph.output].scale
    assert steps.max() < 5
    assert (found.argmax(1) == wanted.argmax(1)).float().mean() > 0.95


def test_it_begins_where_a_calibration_ends() -> None:
    network, aware, seen = aware_of(EVERYTHING)
    found, wanted = aware.record(), calibrated(network, seen, 8)
    for name, affine in wanted.tensors.items():
        assert found.tensors[name].scale == pytest.approx(affine.scale, rel=1e-6)
        assert found.tensors[name].zero_point == affine.zero_point


def test_the_scales_that_are_learnt_end_in_the_record() -> None:
    _, aware, _ = aware_of(EVERYTHING)
    before = aware.record()
    with torch.no_grad():
        for log in aware.scale_logs():
            log += 0.25
    after = aware.record()
    for name, affine in before.tensors.items():
        assert after.tensors[name].scale / affine.scale == pytest.approx(1.284, rel=1e-3)
        assert after.tensors[name].zero_point == affine.zero_point
    for name, kernel in before.kernels.items():
        assert after.kernels[name].scales / kernel.scales == pytest.approx(1.284, rel=1e-3)


def test_weights_batch_norm_and_scales_learn_and_statistics_stay() -> None:
    network, aware, seen = aware_of(EVERYTHING)
    before = weights(network)
    aware.train()
    aware.body(seen).square().sum().backward()
    assert all(part.grad is not None and part.grad.any() for part in aware.scale_logs())
    norms = [part for name, part in network.named_parameters() if "norm" in name]
    assert norms
    assert all(part.grad is not None for part in norms)
    after = weights(network)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_gradients_pass_rounding_and_stop_at_the_ends() -> None:
    x = torch.tensor([-9.0, -0.3, 0.26, 9.0], requires_grad=True)
    scale = torch.tensor(0.5, requires_grad=True)
    made = rounding(x, scale, -4, 3)
    assert made.tolist() == [-2.0, -0.5, 0.5, 1.5]
    made.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 1.0, 1.0, 0.0]
    # The ends, and what rounding added in steps, over the root of count times steps.
    assert scale.grad is not None
    assert scale.grad.item() == pytest.approx((-4 - 0.4 + 0.48 + 3) / 12**0.5, rel=1e-5)


@pytest.mark.parametrize(("scope", "method"), [(None, ""), *prunable.WAYS[:4], prunable.WAYS[-1]])
@pytest.mark.parametrize("quantisation", ["post_training", "aware"])
def test_the_error_is_that_of_the_integers(
    scope: str | None, method: str, quantisation: str
) -> None:
    pruning = None if scope is None else {"scope": scope, "method": method, "target": 0.5}
    found, reported = trained(pruning, quantisation=quantisation)
    record, data = found.record, prunable.rows()
    assert record is not None
    assert record.graph.nodes[0] == found.network.graph.nodes[0]
    simulation = Simulation(record)
    seen = channels_last(found.network.sensor(data.x_validation))
    answers = simulation.run(simulation.quantise(seen)).argmax(1)
    assert found.error == (answers != data.y_validation).double().mean().item()
    assert len(reported) == 4
    assert found.details["quantisation"]["aware_epochs"] == (quantisation == "aware")
    if scope == "weights":
        left = found.details["pruning"]["non_zeros"]
        assert all(record.non_zeros()[name] <= count for name, count in left.items())
        kernels = {
            name: layer.linear.weight
            for name, layer in found.network.layers.items()
            if hasattr(layer, "linear")
        }
        assert all(int(kernels[name].count_nonzero()) == count for name, count in left.items())


@pytest.mark.parametrize("quantisation", ["post_training", "aware"])
def test_weights_may_have_4_bits_and_the_figures_say_so(quantisation: str) -> None:
    pruning = {"scope": "weights", "method": "magnitude", "target": 0.5}
    work = replace(
        prunable.work(pruning, quantisation=quantisation, weight_bits=4),
        device=device("arduino-uno"),
        metrics=("error", "model_size:deployed"),
    )
    found = train(work, prunable.rows(), lambda epoch, _: False)
    assert found.record is not None
    assert found.record.weight_bits == 4
    assert max(np.abs(kernel.weights).max() for kernel in found.record.kernels.values()) == 7
    left = found.details["pruning"]["non_zeros"]
    graph = found.network.graph
    size = deployed_bytes(graph, weight_counts(graph, left), 4)
    assert found.figures["model_size:deployed"] == size
    # What rounding made zero is not stored, either.
    assert deployed_bytes(graph, weight_counts(graph, found.record.non_zeros()), 4) <= size
    with pytest.raises(UnsupportedWork, match=r"training\.weight_bits: need 8 or 4, got 3"):
        prunable.work(None, weight_bits=3)


def test_a_study_may_ask_for_the_errors_of_floats() -> None:
    found, reported = trained(quantisation="none")
    assert found.record is None
    assert found.error == found.float_error == reported[-1]
    assert "quantisation" not in found.details


def test_a_training_that_is_stopped_early_is_calibrated() -> None:
    work = prunable.work(None, **AWARE)
    found = train(work, prunable.rows(), lambda epoch, _: epoch == 1)
    assert found.details["quantisation"] == {"aware_epochs": 0}
    assert found.record is not None


@pytest.mark.parametrize(
    ("epochs", "inherits", "after"), [(8, False, 4), (1, False, 1), (1, True, 0), (2, True, 1)]
)
def test_what_begins_from_scratch_has_an_epoch_before_it_rounds(
    epochs: int, inherits: bool, after: int
) -> None:
    recipe = prunable.work(None, **AWARE, epochs=epochs).recipe
    assert recipe.aware_after(inherits) == after


def test_a_network_without_integers_is_infeasible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.deploy.calibrate.MOST_SCALE", 1e-30)
    with pytest.raises(Infeasible, match=r"cannot be written in integers: .*need"):
        trained(quantisation="post_training")
