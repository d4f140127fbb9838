"""Variational dropout and Bayesian compression: where the noise is, and what it finds."""

import math
from typing import Any

import pytest
import torch
from torch import Generator, Tensor

from resource_models.graph import Graph
from resource_models.nodes import Dense, Input
from tests.worker.prunable import TIED, images, method, network, rows, work
from tests.worker.samples import EVERYTHING
from worker.course import Course
from worker.network import Network
from worker.pruning.bayesian import FIRST_MOST, Bayesian
from worker.pruning.masks import linears
from worker.pruning.method import Method
from worker.pruning.posterior import log_uniform_divergence, normal_divergence
from worker.pruning.variational import START, Variational
from worker.tensors import Tensors

BOTH = [("weights", "variational"), ("both", "bayesian")]
FLAT = Graph((Input("in", (4,)), Dense("out", ("in",), 2)))


def begun(found: Network, scope: str, name: str, **changes: Any) -> Method:
    regime = method(found, scope, name, start=0.1, end=0.6, **changes)
    regime.begin(found, 600)
    return regime


def made_uneven(regime: Bayesian) -> None:
    """Scales and noise as some training might have left them."""
    generator = Generator().manual_seed(4)
    (means,) = regime.parameters()
    with torch.no_grad():
        means.uniform_(0.5, 1.5, generator=generator)
        regime.log_variance.uniform_(-6.0, 2.0, generator=generator)


def only_the_first_matters() -> Tensors:
    """Flat samples of two classes: the sign of the first of four numbers."""
    x = torch.randn(320, 4, generator=Generator().manual_seed(6))
    y = (x[:, 0] > 0).long()
    return Tensors(x[:256], y[:256], x[256:], y[256:], classes=2)


def learnt(graph: Graph, data: Tensors, scope: str, name: str, epochs: int) -> Method:
    found = Network(graph, Generator().manual_seed(0))
    found.sensor.calibrate(data.x_train)
    recipe = work(None, epochs=epochs).recipe
    regime = method(found, scope, name, start=0.1, end=1.0)
    regime.samples = len(data.y_train)
    Course(recipe, data, found.sensor, 1).run(found, epochs, lambda *_: False, regime)
    regime.finish()
    return regime


@pytest.mark.parametrize(("scope", "name"), BOTH)
def test_before_its_start_a_method_changes_nothing(scope: str, name: str) -> None:
    found, plain = network(), network()
    regime = begun(found, scope, name)
    regime.before_pass(99)
    assert regime.penalty(99) is None
    assert torch.equal(found.train().body(images()), plain.train().body(images()))


@pytest.mark.parametrize(("scope", "name"), BOTH)
def test_noise_is_in_training_alone(scope: str, name: str) -> None:
    found = network()
    regime = begun(found, scope, name)
    regime.before_pass(300)
    x = images()
    first, second = found.eval().body(x), found.body(x)
    assert torch.equal(first, second)
    found.train()
    regime.before_pass(301)
    first = found.body(x)
    regime.before_pass(302)
    assert not torch.equal(first, found.body(x))


@pytest.mark.parametrize(("scope", "name"), BOTH)
def test_the_same_seed_draws_the_same_noise(scope: str, name: str) -> None:
    answers = []
    for other_draws in (1, 2):
        torch.manual_seed(other_draws)
        found = network()
        begun(found, scope, name).before_pass(300)
        answers.append(found.train().body(images()))
    assert torch.equal(*answers)


@pytest.mark.parametrize("graph", [TIED, EVERYTHING], ids=["tied", "everything"])
def test_when_it_ends_the_mean_scales_are_in_the_kernels(graph: Graph) -> None:
    found = network(graph)
    x = images(5, graph)
    before = found.body(x)
    regime = begun(found, "both", "bayesian")
    assert isinstance(regime, Bayesian)
    made_uneven(regime)
    regime.before_pass(300)
    scaled = found.eval().body(x)
    assert not torch.allclose(scaled, before, atol=1e-2)
    regime.finish()
    assert torch.allclose(found.body(x), scaled, atol=1e-5)
    assert not any(linear._forward_hooks for linear in linears(found).values())
    assert not any(linear._forward_pre_hooks for linear in linears(found).values())


def test_tied_channels_share_one_scale_and_its_noise() -> None:
    found = network()
    regime = begun(found, "channels", "bayesian")
    assert isinstance(regime, Bayesian)
    made_uneven(regime)
    before = {name: linear.weight.detach().clone() for name, linear in linears(found).items()}
    (means,) = regime.parameters()
    assert len(means) == 4 + 6  # ties of the convolutions, hidden units
    regime.finish()
    for name in ("first", "second"):
        factor = linears(found)[name].weight.detach() / before[name]
        expected = means.detach()[:4].view(4, 1, 1, 1).expand(factor.shape)
        assert torch.allclose(factor, expected, atol=1e-5)
    assert torch.equal(linears(found)["out"].weight, before["out"])


def test_a_draw_of_a_scale_reaches_all_that_is_tied() -> None:
    found = network()
    regime = begun(found, "channels", "bayesian")
    assert isinstance(regime, Bayesian)
    made_uneven(regime)
    with torch.no_grad():  # the scales alone shall make noise
        for part in regime.log_variances.values():
            part.fill_(-60.0)
    plain, noisy = (dict[str, Tensor](), dict[str, Tensor]())
    for name, linear in linears(network()).items():
        linear.register_forward_hook(lambda _, __, out, name=name: plain.update({name: out}))
    regime.before_pass(300)
    hooked = linears(found)
    for name, linear in hooked.items():
        linear.register_forward_hook(lambda _, x, out, name=name: noisy.update({name: (x, out)}))
    found.train().body(images(8))
    draws = {}
    for name in ("first", "second"):
        given, out = noisy[name]
        exact = torch.nn.functional.conv2d(given[0], hooked[name].weight)
        draws[name] = (out / exact).median(-1).values.median(-1).values
    assert draws["first"].std(0).min() > 0.03
    assert torch.allclose(draws["first"], draws["second"], rtol=1e-2)


def test_the_penalty_is_the_divergence_over_the_samples_at_its_strength() -> None:
    found = network()
    regime = begun(found, "weights", "variational")
    assert isinstance(regime, Variational)
    regime.before_pass(599)
    kernels = torch.cat([linear.weight.detach().flatten() for linear in linears(found).values()])
    whole = log_uniform_divergence(-10.0 - (kernels**2 + 1e-8).log()).item()
    full = regime.penalty(599)
    regime.before_pass(224)  # 125 of 250 steps to the full strength
    half = regime.penalty(224)
    assert full is not None
    assert half is not None
    assert full.item() == pytest.approx(whole / 100)  # samples
    assert half.item() == pytest.approx(whole / 200)


def test_the_prior_of_weights_has_the_scale_of_their_layer() -> None:
    found = network(FLAT)
    regime = begun(found, "inputs", "bayesian")
    weight = linears(found)["out"].weight.detach()
    scaled = weight / weight.square().mean().sqrt()
    scales = log_uniform_divergence(torch.full((4,), -9.0))
    whole = scales + normal_divergence(scaled, torch.full_like(weight, -9.0))
    regime.before_pass(599)
    penalty = regime.penalty(599)
    assert penalty is not None
    assert penalty.item() == pytest.approx(whole.item() / 100, rel=1e-5)


def test_the_noise_of_weights_has_the_scale_of_their_layer() -> None:
    found = network(FLAT)
    regime = begun(found, "inputs", "bayesian")
    assert isinstance(regime, Bayesian)
    with torch.no_grad():
        regime.log_variances["out"].fill_(0.0)
        regime.log_variance.fill_(-60.0)
    x = torch.tensor([[1.0, 2.0, 2.0, 4.0]]).expand(4000, 4)
    regime.before_pass(300)
    spread = found.train().body(x).std(0)
    expected = 5.0 * linears(found)["out"].weight.square().mean().sqrt()
    assert torch.allclose(spread, expected.expand(2), rtol=0.05)


def test_variances_of_the_first_layer_are_held_down() -> None:
    found = network()
    regime = begun(found, "channels", "bayesian")
    assert isinstance(regime, Bayesian)
    with torch.no_grad():
        for part in regime.log_variances.values():
            part.fill_(1.0)
    regime.before_pass(300)
    found.train().body(images()).sum().backward()  # type: ignore[no-untyped-call]
    regime.after_update(300)
    assert regime.log_variances["first"].max() <= FIRST_MOST
    assert regime.log_variances["second"].min() > 0.5


@pytest.mark.parametrize(("scope", "name"), BOTH)
def test_a_pass_that_overflows_leaves_the_noise_finite(scope: str, name: str) -> None:
    found = network()
    regime = begun(found, scope, name)
    assert isinstance(regime, Variational | Bayesian)
    regime.before_pass(300)
    (found.train().body(images()).sum() * torch.inf).backward()  # type: ignore[no-untyped-call]
    regime.after_update(300)
    assert regime.worth().isfinite().all()
    assert all(part.isfinite().all() for part in regime.log_variances.values())


def test_variational_dropout_finds_the_weights_that_say_nothing() -> None:
    regime = learnt(FLAT, only_the_first_matters(), "weights", "variational", epochs=30)
    assert isinstance(regime, Variational)
    expected = torch.tensor([[False, True, True, True]] * 2).flatten()
    assert regime.log_variances["out"].min() > START + 3  # the data bears so much noise
    assert torch.equal(regime.parts.lowest(regime.worth(), 0.75), expected)


def test_a_weight_is_unneeded_above_a_log_alpha_of_three() -> None:
    found = network(FLAT)
    regime = begun(found, "weights", "variational")
    assert isinstance(regime, Variational)
    with torch.no_grad():
        found.layers["out"].linear.weight.fill_(2.0)  # type: ignore[union-attr, operator]
        regime.log_variances["out"].fill_(math.log(4.0) + 2.9)
        regime.log_variances["out"][0, 1] += 0.2
    assert regime.unneeded().tolist() == [False, True, *[False] * 6]
    expected = [math.exp(-2.9), math.exp(-3.1)]
    assert regime.worth()[:2].tolist() == pytest.approx(expected)


def test_bayesian_compression_finds_the_inputs_that_say_nothing() -> None:
    regime = learnt(FLAT, only_the_first_matters(), "inputs", "bayesian", epochs=30)
    assert isinstance(regime, Bayesian)
    expected = torch.tensor([False, True, True, True])
    assert regime.log_variance[1:].min() > regime.log_variance[0]
    assert torch.equal(regime.parts.lowest(regime.worth(), 0.75), expected)


def test_worth_is_relative_to_the_layer_but_the_threshold_is_not() -> None:
    found = network()
    regime = begun(found, "channels", "bayesian")
    assert isinstance(regime, Bayesian)
    with torch.no_grad():
        regime.log_variance[:4] = torch.tensor([-8.0, -8.0, -8.0, -2.0])
        regime.log_variance[4:] = torch.tensor([-4.0, -4.0, -4.0, -4.0, -4.0, 2.0])
    regime.finish()
    assert regime.unneeded().nonzero().flatten().tolist() == [3, 9]
    worth = regime.worth()
    assert worth[0] == pytest.approx(worth[4].item(), rel=0.1)  # usual in its layer, both
    ratio = (worth[0] / worth[3]).item()
    assert ratio == pytest.approx(torch.tensor(3.0).exp().item(), rel=1e-3)  # deviations


def test_a_learnt_network_is_as_good_without_its_noise() -> None:
    data = rows()
    regime = learnt(TIED, data, "channels", "bayesian", epochs=20)
    found = regime.network
    answers = found.eval()(data.x_validation).argmax(1)
    assert (answers == data.y_validation).float().mean() > 0.9
