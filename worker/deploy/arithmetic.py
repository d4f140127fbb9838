"""The integer arithmetic of TensorFlow Lite, with its double rounding.

The functions on whole tensors take NumPy arrays and torch tensors alike: 64-bit integers in which
no step can overflow as long as values are 32-bit. A negative number is shifted to the right by
rounding towards minus infinity, as C does on every compiler that counts.
"""

import math
from typing import Any, TypeVar

from worker.deploy.errors import InvalidInt8Graph

INT8_MIN, INT8_MAX = -128, 127
INT32_MAX = 2**31 - 1
MANTISSA_BITS = 31
ADD_SHIFT = 20  # how far inputs of an addition are widened before they are scaled
MOST_SHIFT = 30

# `numpy.ndarray` or `torch.Tensor`: both have the operators that are used.
Integers = TypeVar("Integers", bound=Any)


def weight_most(bits: int) -> int:
    """The largest weight of so many bits; the least is its opposite."""
    most: int = 2 ** (bits - 1) - 1
    return most


def multiplier_of(scale: float, field: str) -> tuple[int, int]:
    """The 31-bit multiplier and the shift (to the left if positive) that stand for a scale.

    Args:
        scale: a double, not negative.
        field: what the scale belongs to, for the error.

    Returns:
        multiplier and shift with scale ~ multiplier * 2^(shift - 31); (0, 0) for a scale so small
        that nothing is left of any 32-bit number.
    """
    if not (math.isfinite(scale) and scale >= 0):
        raise InvalidInt8Graph(field, f"need a finite scale of requantisation >= 0, got {scale}.")
    fraction, shift = math.frexp(scale)
    multiplier = math.floor(fraction * 2**MANTISSA_BITS + 0.5)  # exact: the product has 53 bits
    if multiplier == 2**MANTISSA_BITS:
        multiplier, shift = multiplier // 2, shift + 1
    if multiplier == 0 or shift < -MANTISSA_BITS:
        return 0, 0
    if shift > MOST_SHIFT:
        raise InvalidInt8Graph(field, f"need a scale of requantisation < 2^30, got {scale}.")
    return multiplier, shift


def requantise(values: Integers, multipliers: Integers, shifts: Integers) -> Integers:
    """Multiply by multiplier * 2^(shift - 31), rounded twice: to 32 bits, then by the shift.

    Args:
        values: 64-bit integers whose product with 2^max(shift, 0) is a 32-bit one.
        multipliers: 64-bit, each below 2^31; anything that broadcasts.
        shifts: 64-bit, -31 to 30.
    """
    left, right = shifts * (shifts > 0), -shifts * (shifts < 0)
    high = ((values << left) * multipliers + (1 << (MANTISSA_BITS - 1))) >> MANTISSA_BITS
    divided: Integers = rounding_divide(high, right)
    return divided


def rounding_divide(values: Integers, exponents: Integers) -> Integers:
    """Divide by 2^exponent, halves away from zero."""
    # 1 << exponent without a plain integer at the left, which torch does not shift by a tensor.
    mask = (exponents * 0 + 1 << exponents) - 1
    threshold = (mask >> 1) + (values < 0)
    divided: Integers = (values >> exponents) + ((values & mask) > threshold)
    return divided


def mean_of(sums: Integers, counts: Integers) -> Integers:
    """Integer means, halves away from zero."""
    signs = (sums > 0) * 2 - 1
    means: Integers = signs * ((sums * signs + counts // 2) // counts)
    return means
