"""The cut: masked and shrunk network agree, and what stays is what was asked for."""

import pytest
import torch
from torch import Tensor

from resource_models.cut import cut
from resource_models.graph import Graph
from resource_models.weights import weights
from tests.worker.prunable import TIED, images, method, network
from tests.worker.samples import EVERYTHING
from worker.network import Network
from worker.pruning.masks import Sparse, apply, linears
from worker.pruning.method import Method
from worker.pruning.removal import counts, means, remove, stored_bytes
from worker.shrink import silence

TARGETS = [0.0, 0.3, 0.5, 0.8, 0.98]
STRUCTURED = ["channels", "inputs", "both"]


def finished(found: Network, scope: str, name: str, target: float | None) -> Method:
    regime = method(found, scope, name, target)
    regime.begin(found, 100)
    regime.finish()
    return regime


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("scope", STRUCTURED)
def test_what_feedback_masked_and_what_is_left_give_the_same_answers(
    scope: str, target: float
) -> None:
    found = network()
    regime = finished(found, scope, "feedback", target)
    left = remove(found, regime, images())
    masked = network()
    apply(regime.parts.masks(regime.parts.lowest(regime.worth(), target)), masked)
    x = images(50)
    assert torch.allclose(left.network.body(x), masked.body(x), atol=1e-5)
    if target > 0.0:
        assert counts(left.network.graph)["weights"] < counts(TIED)["weights"]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["magnitude", "bayesian"])
@pytest.mark.parametrize("scope", STRUCTURED)
@pytest.mark.parametrize("graph", [TIED, EVERYTHING], ids=["tied", "everything"])
def test_what_goes_is_replaced_by_its_mean(
    graph: Graph, scope: str, name: str, target: float
) -> None:
    found = network(graph)
    regime = finished(found, scope, name, target)
    x = images(50, graph)
    left = remove(found, regime, x)
    parts = regime.parts
    gone = parts.lowest(regime.worth(), target)
    silent = silence(found, cut(graph, parts.ties(gone), parts.inputs(gone)), *means(found, x))
    assert torch.allclose(left.network.eval().body(x), silent.eval().body(x), atol=1e-5)


def test_means_are_those_behind_the_activation_and_of_the_inputs_of_dense_nodes() -> None:
    found = network()
    x = images(30)
    outputs, inputs = means(found, x)
    seen: dict[str, Tensor] = {}
    for name, layer in found.layers.items():
        layer.register_forward_hook(lambda _, __, out, name=name: seen.update({name: out}))
    found.body(x)
    assert set(outputs) == {"first", "second", "hidden", "out"}
    assert torch.allclose(outputs["first"], seen["first"].mean((0, 2, 3)), atol=1e-6)
    assert torch.allclose(outputs["hidden"], seen["hidden"].mean(0), atol=1e-6)
    assert torch.allclose(inputs["hidden"], seen["flat"].mean(0), atol=1e-6)


def test_mean_replacement_harms_less_than_zeros() -> None:
    found = network()
    x = images(200)
    exact = found.body(x)
    errors = {}
    for masked in (False, True):
        regime = finished(found, "both", "magnitude", 0.4)
        type(regime).masked = masked
        try:
            left = remove(found, regime, x)
        finally:
            type(regime).masked = False
        errors[masked] = (left.network.body(x) - exact).square().mean()
    assert errors[False] < errors[True]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["magnitude", "feedback", "variational"])
def test_of_single_weights_as_many_are_zero_as_asked_for(name: str, target: float) -> None:
    found = network()
    before = {key: linear.weight.detach().clone() for key, linear in linears(found).items()}
    regime = finished(found, "weights", name, target)
    left = remove(found, regime, images())
    assert left.network is found
    assert isinstance(left.regime, Sparse)
    count = sum(weight.numel() for weight in before.values())
    gone = min(round(target * count), count - len(before))
    assert sum(left.non_zeros.values()) == count - gone
    for key, linear in linears(found).items():
        stays = linear.weight != 0
        assert int(stays.sum()) == left.non_zeros[key]
        assert torch.equal(linear.weight[stays], before[key][stays])


@pytest.mark.parametrize(("scope", "name"), [("both", "bayesian"), ("weights", "variational")])
def test_without_a_target_the_threshold_decides(
    scope: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = network()
    regime = finished(found, scope, name, None)
    marks = torch.zeros(regime.parts.count, dtype=torch.bool)
    marks[[1, 6, 40]] = True
    monkeypatch.setattr(type(regime), "unneeded", lambda _: marks)
    details = remove(found, regime, images()).details
    assert details["removed"] == 3
    assert details["target"] is None


@pytest.mark.parametrize(("scope", "name"), [("both", "bayesian"), ("weights", "variational")])
def test_a_threshold_that_takes_all_empties_nothing(
    scope: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = network()
    regime = finished(found, scope, name, None)
    monkeypatch.setattr(
        type(regime), "unneeded", lambda self: torch.ones(self.parts.count, dtype=torch.bool)
    )
    left = remove(found, regime, images())
    kept = weights(left.network.graph, left.non_zeros)
    assert all(part.non_zeros >= 1 for part in kept.values())
    assert left.network.body(images()).isfinite().all()


def test_the_details_count_what_there_was_and_what_is_left() -> None:
    found = network()
    regime = finished(found, "both", "magnitude", 0.5)
    details = remove(found, regime, images()).details
    assert details["before"] == {"channels": 17, "inputs": 64, "weights": 36 + 4 + 16 + 384 + 18}
    # Two of the four ties and three of the six units, or so: five of the ten in all.
    after = details["after"]
    assert 17 - after["channels"] >= 5
    assert details["removable"] == 10 + 16 * (4 - (17 - after["channels"] - 5))
    assert details["reached"] == 0.5
    assert details["removed"] == 5 + after["inputs"]


def test_bytes_with_indices_or_masks_are_the_smallest_form_of_each_kernel() -> None:
    # 4 x 9: bitmap 5 + 5, index 2 * 5 + 8. 4 x 1 (depthwise): dense. 4 x 4: index 1 * 2 + 8,
    # bitmap 1 + 2. 6 x 64: index 2 * 20 + 12, bitmap 20 + 48. 3 x 6: dense.
    left = {"first": 5, "each": 4, "second": 1, "hidden": 20, "out": 18}
    assert stored_bytes(TIED, left) == 10 + 4 + 3 + 52 + 18
