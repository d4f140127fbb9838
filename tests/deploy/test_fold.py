from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from resource_models.graph import Graph
from tests.deploy import networks
from tests.worker.drawn import drawn, samples
from tests.worker.samples import EVERYTHING, FLAT
from worker.deploy.errors import InvalidSamples, InvalidWeights
from worker.deploy.floats import FloatNetwork
from worker.deploy.fold import EPSILON, fold
from worker.weights import weights

GRAPHS = [EVERYTHING, FLAT, networks.LONG_SUMS, networks.SHARED, networks.ENDS_FLAT]


def check(graph: Graph, seed: int) -> None:
    network = drawn(graph, seed)
    raw = samples(network, 8)
    folded = networks.folded_of(network)
    assert not any(getattr(node, "batch_norm", False) for node in folded.graph.nodes)
    assert folded.graph.shapes == graph.shapes
    with torch.inference_mode():
        wanted = network(raw)
    found = FloatNetwork(folded)(networks.seen(network, raw))
    if wanted.dim() == 4:
        wanted = wanted.permute(0, 2, 3, 1)
    assert (wanted - found).abs().max() <= 1e-5 * (1 + wanted.abs().max())


@pytest.mark.parametrize("number", range(len(GRAPHS)))
def test_a_folded_network_computes_what_was_trained(number: int) -> None:
    for seed in range(3):
        check(GRAPHS[number], seed)


@pytest.mark.parametrize("name", networks.SPACES)
def test_folded_networks_of_the_spaces_compute_what_was_trained(name: str) -> None:
    for seed, graph in enumerate(networks.sampled(name, 5)):
        check(graph, seed)


def test_the_epsilon_is_that_of_torch() -> None:
    assert nn.BatchNorm1d(1).eps == nn.BatchNorm2d(1).eps == EPSILON


WRONG: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "missing": (lambda t: t.pop("mix/linear.weight"), "mix/linear.weight: needed"),
    "unknown": (lambda t: t.update({'"*/': torch.ones(1)}), '"*/: need only tensors'),
    "shape": (lambda t: t.update({"mix/linear.bias": torch.ones(0)}), "shape (8,), got (0,)"),
    "type": (lambda t: t.update({"mix/linear.bias": torch.ones(8).int()}), "need finite floating"),
    "no tensor": (lambda t: t.update({"mix/linear.bias": [0.0]}), "got list"),
    "nan": (lambda t: t["mix/linear.weight"].fill_(torch.nan), "mix/linear.weight: need finite"),
    "variance": (lambda t: t["wide/norm.running_var"].fill_(-1), "running_var: need numbers >= 0"),
    "deviation": (lambda t: t["in/deviation"].fill_(0), "in/deviation: need numbers > 0"),
}


@pytest.mark.parametrize("case", WRONG)
def test_tensors_of_another_network_are_refused(case: str) -> None:
    change, need = WRONG[case]
    tensors = weights(drawn(EVERYTHING))
    change(tensors)
    with pytest.raises(InvalidWeights) as error:
        fold(EVERYTHING, tensors)
    assert need in str(error.value)


def test_samples_of_another_shape_are_refused() -> None:
    folded, _ = networks.drawn_folded(FLAT)
    with pytest.raises(InvalidSamples, match=r"need the shape \(n, 4\), got \(2, 3\)"):
        FloatNetwork(folded)(torch.zeros(2, 3))
