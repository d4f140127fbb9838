"""Weights of 4 bits, two in a byte: in the order of files, and in that of our kernels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

EIGHT, FOUR = 8, 4


def packed(weights: NDArray[np.int8]) -> NDArray[np.uint8]:
    """One behind the other, the first in the low half; what is left of the last byte is 0.

    So TensorFlow Lite stores them, and so do our own files.
    """
    low = weights.astype(np.uint8).reshape(-1) & 15
    return _joined(low[::2], np.append(low[1::2], np.zeros(len(low) % 2, np.uint8)))


def unpacked(pairs: NDArray[np.uint8], count: int) -> NDArray[np.int8]:
    """The weights that `packed` gave."""
    halves = np.stack([pairs & 15, pairs >> 4], 1).reshape(-1)[:count].astype(np.int8)
    found: NDArray[np.int8] = np.where(halves > 7, halves - 16, halves).astype(np.int8)
    return found


def packed_rows(rows: NDArray[np.int8]) -> NDArray[np.int8]:
    """Each row by itself, in the order of `packed.h`: for SXTB16, which takes every other byte.

    Args:
        rows: n x m, -7 to 7.

    Returns:
        n x ceil(m / 2). Byte k of four holds weights k and k + 4 of eight; then, of two, k and
        k + 2 of four that are left; then neighbours share a byte.
    """
    low = rows.astype(np.uint8) & 15
    count, most = low.shape
    eights, fours = most - most % EIGHT, most - most % FOUR
    blocks = low[:, :eights].reshape(count, -1, 2, 4)
    parts = [_joined(blocks[:, :, 0], blocks[:, :, 1]).reshape(count, -1)]
    if fours > eights:
        parts.append(_joined(low[:, eights : eights + 2], low[:, eights + 2 : fours]))
    rest = np.pad(low[:, fours:], ((0, 0), (0, most % 2)))
    parts.append(_joined(rest[:, ::2], rest[:, 1::2]))
    return np.concatenate(parts, 1).view(np.int8)


def _joined(low: NDArray[Any], high: NDArray[Any]) -> NDArray[np.uint8]:
    found: NDArray[np.uint8] = (low | high << 4).astype(np.uint8)
    return found
