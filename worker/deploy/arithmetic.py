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
DOUBLES_EXACT = 2**21

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


def requantise_doubles(values: Any, factors: Any, halvings: Any) -> Any:
    """`requantise` in 64-bit floats and in place, several times as fast; on torch tensors alone.

    Args:
        values: integers below `DOUBLES_EXACT` once shifted to the left: with a multiplier of 31
            bits and a half the product fits a mantissa.
        factors: as `factors_of` gives them.
        halvings: likewise.
    """
    high = values.mul_(factors).add_(0.5).floor_().mul_(halvings)
    half = high.new_tensor(0.5)
    return high.add_(half.copysign(high)).trunc_()


def factors_of(multipliers: Any, shifts: Any) -> tuple[Any, Any]:
    """What `requantise_doubles` multiplies by before and after its first rounding."""
    return (
        multipliers.double() * 2.0 ** (shifts.clamp(min=0) - MANTISSA_BITS),
        2.0 ** shifts.double().clamp(max=0),
    )


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
