"""The optimisers beside their formulas."""

import pytest
import torch
from torch import Generator, nn
from torch.optim import AdamW

from tests.worker.samples import CHAIN
from worker.descent import optimiser
from worker.network import Network
from worker.recipe import Recipe


def network() -> Network:
    return Network(CHAIN, Generator().manual_seed(0))


def recipe(kind: str, decay: float) -> Recipe:
    return Recipe(1, 2, 0.1, weight_decay=decay, optimizer=kind)


def steps(kind: str, decay: float, gradients: list[float]) -> dict[str, torch.Tensor]:
    """The parameters after steps with these gradients, the same in every place."""
    found = network()
    descent = optimiser(found, recipe(kind, decay), ())
    for group in descent.param_groups:
        group["lr"] = 0.1
    for gradient in gradients:
        for part in found.parameters():
            part.grad = torch.full_like(part, gradient)
        descent.step()
    return {name: part.detach() for name, part in found.named_parameters()}


def test_descent_with_momentum_keeps_nine_tenths_of_its_speed() -> None:
    before = dict(network().named_parameters())
    # Speeds 1, 0.9 + 2 = 2.9, 2.61 - 1 = 1.61.
    for name, part in steps("sgd", 0.0, [1.0, 2.0, -1.0]).items():
        torch.testing.assert_close(part, before[name] - 0.1 * (1.0 + 2.9 + 1.61))


def test_nesterov_looks_ahead() -> None:
    before = dict(network().named_parameters())
    # Gradient plus 0.9 of the speed: 1 + 0.9, 2 + 2.61.
    for name, part in steps("nesterov", 0.0, [1.0, 2.0]).items():
        torch.testing.assert_close(part, before[name] - 0.1 * (1.9 + 4.61))


@pytest.mark.parametrize("kind", ["sgd", "nesterov", "adamw"])
def test_weight_decay_is_decoupled_and_spares_biases_and_batch_norm(kind: str) -> None:
    before = dict(network().named_parameters())
    for name, part in steps(kind, 0.5, [0.0, 0.0]).items():
        share = (1 - 0.1 * 0.5) ** 2 if before[name].dim() > 1 else 1.0
        torch.testing.assert_close(part, before[name] * share)


def test_decay_does_not_pass_through_the_momentum() -> None:
    decayed, plain = (steps("sgd", decay, [1.0, 0.0, 0.0]) for decay in (0.5, 0.0))
    before = dict(network().named_parameters())
    name = "_layers.0.linear.weight"
    speeds, expected = (1.0, 0.9, 0.81), before[name].detach()
    for speed in speeds:
        expected = expected * 0.95 - 0.1 * speed
    torch.testing.assert_close(decayed[name], expected)
    torch.testing.assert_close(plain[name], before[name] - 0.1 * sum(speeds))


@pytest.mark.parametrize("kind", ["sgd", "adamw"])
def test_what_a_regime_trains_is_never_decayed(kind: str) -> None:
    beside = nn.Parameter(torch.ones(3, 3))
    descent = optimiser(network(), recipe(kind, 0.5), (beside,))
    beside.grad = torch.zeros_like(beside)
    descent.step()
    assert torch.equal(beside, torch.ones(3, 3))


def test_the_optimiser_of_release_0_1_0_stays() -> None:
    descent = optimiser(network(), recipe("adamw", 0.25), ())
    assert type(descent) is AdamW
    assert [group["weight_decay"] for group in descent.param_groups] == [0.25, 0.0]
