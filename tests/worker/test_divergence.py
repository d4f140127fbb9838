"""When a training is given up within an epoch."""

import math

import pytest
import torch

from worker.divergence import EVERY, FAR, LOOKS, Watch

CPU = torch.device("cpu")


def ended(losses: list[float], classes: int = 10) -> tuple[int, str] | None:
    """The step at which a training with these losses, one for each look, ends, and why."""
    watch = Watch(classes, CPU)
    for step in range(len(losses) * EVERY):
        reason = watch.see(step, torch.tensor(losses[step // EVERY]))
        if reason is not None:
            return step, reason
    return None


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_ends_a_training_at_the_next_look(loss: float) -> None:
    assert ended([2.0, loss, 2.0, 2.0]) == (2 * EVERY, "its loss is not finite")


def test_a_loss_that_stays_far_above_its_first_ends_a_training() -> None:
    far = FAR * 3.0 + 1
    found = ended([3.0] + [far] * (LOOKS + 1))
    assert found is not None
    assert found[0] == (1 + LOOKS) * EVERY
    assert "over 10 times its first for 256 steps" in found[1]


def test_a_loss_that_comes_back_ends_nothing() -> None:
    far = FAR * 3.0 + 1
    assert ended(([3.0] + [far] * (LOOKS - 1)) * 4 + [3.0]) is None


def test_a_loss_that_begins_small_is_measured_by_that_of_a_guess() -> None:
    # A network that inherits its weights begins with a small loss, which a high rate spoils.
    assert ended([0.01] + [2.0] * 30) is None
    assert ended([0.01] + [FAR * math.log(10) + 1] * 30) is not None
