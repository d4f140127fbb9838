"""Dynamic pruning with feedback: masks on for the passes, off for the update, renewed."""

import pytest
import torch
from torch import Tensor

from tests.worker.prunable import TIED, method, network, rows, work
from worker.course import Course
from worker.network import Network
from worker.pruning.feedback import EVERY, Feedback, ramp
from worker.pruning.masks import Sparse, linears
from worker.train import train


def begun(found: Network, scope: str = "weights", steps: int = 600) -> Feedback:
    regime = method(found, scope, "feedback", start=0.1, end=0.6)
    assert isinstance(regime, Feedback)
    regime.begin(found, steps)
    return regime


def zeros(found: Network) -> int:
    return sum(int((linear.weight == 0).sum()) for linear in linears(found).values())


def kernels(found: Network) -> dict[str, Tensor]:
    return {name: linear.weight.detach().clone() for name, linear in linears(found).items()}


def test_sparsity_grows_on_a_cubic_between_start_and_end() -> None:
    assert ramp(100, 100, 600) == 0.0
    assert ramp(350, 100, 600) == pytest.approx(1 - 0.5**3)
    assert ramp(600, 100, 600) == 1.0


def test_the_masks_follow_the_ramp_and_are_renewed_every_16_steps() -> None:
    found = network()
    regime = begun(found)
    count = regime.parts.count
    seen = {}
    for step in range(600):
        regime.before_pass(step)
        seen[step] = zeros(found)
        regime.after_pass(step)
    assert all(seen[step] == 0 for step in range(100 + EVERY))
    for step in range(100, 600):
        last = 100 + (step - 100) // EVERY * EVERY
        assert seen[step] == round(0.5 * ramp(last, 100, 600) * count)
    assert seen[599] > 0.49 * count


def test_the_passes_see_masked_and_the_update_dense_weights() -> None:
    found = network()
    regime = begun(found)
    dense = kernels(found)
    regime.before_pass(580)
    for name, linear in linears(found).items():
        masked = linear.weight.detach()
        assert bool((masked == 0).any())
        assert torch.equal(masked[masked != 0], dense[name][masked != 0])
    regime.after_pass(580)
    for name, linear in linears(found).items():
        assert torch.equal(linear.weight, dense[name])


def test_an_evaluation_sees_the_masked_network_and_harms_no_dense_weight() -> None:
    found = network()
    regime = begun(found)
    regime.before_pass(580)
    sparse = zeros(found)
    regime.after_pass(580)
    dense = kernels(found)
    regime.before_judging()
    assert zeros(found) == sparse > 0
    regime.after_judging()
    assert all(torch.equal(linear.weight, dense[name]) for name, linear in linears(found).items())


def test_a_pruned_weight_comes_back_after_an_evaluation() -> None:
    found = network()
    regime = begun(found)
    weight = linears(found)["hidden"].weight
    regime.before_pass(580)
    row, column = (weight == 0).nonzero()[0].tolist()
    regime.after_pass(580)
    with torch.no_grad():  # the masked network misses it: the updates of an epoch let it grow
        weight[row, column] += 5.0
    grown = weight[row, column].item()
    regime.before_judging()
    assert weight[row, column] == 0.0
    regime.after_judging()
    assert weight[row, column] == grown
    regime.before_pass(596)
    assert weight[row, column] == grown


@pytest.mark.parametrize("scope", ["weights", "channels", "inputs", "both"])
def test_after_the_last_evaluation_the_dense_weights_are_all_there(scope: str) -> None:
    found = network()
    data = rows()
    found.sensor.calibrate(data.x_train)
    course = Course(work(None, epochs=4, batch_size=4).recipe, data, found.sensor, 1)
    regime = method(found, scope, "feedback", target=0.8)
    assert isinstance(regime, Feedback)
    course.run(found, 4, lambda *_: False, regime)
    assert any(bool((mask == 0).any()) for mask in regime.masks.values())
    assert zeros(found) == 0


def test_the_reported_error_is_that_of_the_masked_network(monkeypatch: pytest.MonkeyPatch) -> None:
    data = rows()
    seen: list[int] = []
    judge = Course.judge

    def spied(self: Course, network: Network) -> float:
        seen.append(zeros(network))
        return judge(self, network)

    monkeypatch.setattr(Course, "judge", spied)
    asked = work({"scope": "weights", "method": "feedback", "target": 0.8}, epochs=8, batch_size=4)
    train(asked, data, lambda *_: False)
    assert seen == sorted(seen)
    assert 0 < seen[3] < seen[4] <= seen[5] == seen[7]


def test_what_was_pruned_stays_zero_under_updates() -> None:
    found = network(TIED)
    masks = {name: (weight > 0).float() for name, weight in kernels(found).items()}
    regime = Sparse(masks)
    regime.begin(found, 10)
    with torch.no_grad():
        for linear in linears(found).values():
            linear.weight.add_(1.0)
    regime.after_update(0)
    for name, linear in linears(found).items():
        assert torch.equal(linear.weight != 0, masks[name] != 0)
