import random

import numpy as np
import pytest
import torch

from tests.deploy import reference
from worker.deploy.arithmetic import mean_of, multiplier_of, requantise, rounding_divide
from worker.deploy.errors import InvalidInt8Graph

EXTREMES = (0, 1, -1, 2, -2, 3, -3, 2**30, -(2**30), 2**31 - 1, -(2**31) + 1)


def drawn(count: int = 400) -> list[tuple[int, float]]:
    """32-bit sums and scales under which they have room, from tiny to above one."""
    rng = random.Random(0)
    pairs = []
    for i in range(count):
        value = EXTREMES[i % len(EXTREMES)] if i % 3 else rng.randint(-(2**31) + 1, 2**31 - 1)
        scale = 2.0 ** rng.uniform(-40, 4)
        pairs.append((value // 32 if scale >= 0.5 else value, scale))
    return pairs


def test_numbers_are_rounded_as_the_loops_do_it_in_numpy_and_in_torch() -> None:
    pairs = drawn()
    tables = [multiplier_of(scale, "x") for _, scale in pairs]
    values = np.array([value for value, _ in pairs], np.int64)
    multipliers, shifts = (np.array(part, np.int64) for part in zip(*tables, strict=True))
    wanted = [reference.multiply(value, scale) for value, scale in pairs]
    assert requantise(values, multipliers, shifts).tolist() == wanted
    tensors = (torch.from_numpy(part) for part in (values, multipliers, shifts))
    assert requantise(*tensors).tolist() == wanted


@pytest.mark.parametrize("exponent", [0, 1, 2, 5, 31])
def test_halves_go_away_from_zero(exponent: int) -> None:
    half = 2**exponent // 2
    values = [0, half, -half, half + 1, -half - 1, 3 * half, -3 * half, half - 1, 1 - half]
    wanted = [reference.divide_by_power(value, exponent) for value in values]
    found = rounding_divide(np.array(values, np.int64), np.array(exponent, np.int64))
    assert found.tolist() == wanted


def test_means_round_halves_away_from_zero() -> None:
    sums = np.array([0, 5, -5, 6, -6, 7, -7, 1, -1], np.int64)
    assert mean_of(sums, np.array(4)).tolist() == [0, 1, -1, 2, -2, 2, -2, 0, 0]
    assert mean_of(sums, np.array(2)).tolist() == [0, 3, -3, 3, -3, 4, -4, 1, -1]


@pytest.mark.parametrize(
    ("scale", "pair"),
    [
        (0.5, (2**30, 0)),
        (1.0, (2**30, 1)),
        (1.0 - 2.0**-40, (2**30, 1)),  # the fraction rounds up to a whole
        (0.75, (3 * 2**29, 0)),
        (2.0**-33, (0, 0)),  # nothing is left of any sum
        (0.0, (0, 0)),
    ],
)
def test_a_scale_is_a_31_bit_fraction_and_a_shift(scale: float, pair: tuple[int, int]) -> None:
    assert multiplier_of(scale, "x") == pair


@pytest.mark.parametrize("scale", [float("nan"), float("inf"), -1.0, 2.0**31])
def test_a_scale_that_no_shift_can_stand_for_is_refused(scale: float) -> None:
    with pytest.raises(InvalidInt8Graph, match=r"conv\.scales: need a"):
        multiplier_of(scale, "conv.scales")
