"""Regression trees over binned features, whose leaves are boxes that can be counted."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimizer.space import Column

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.intp]

# Of a feature; more would tell apart what a thousand results cannot.
BINS = 32
LEAVES = 64
# A leaf of fewer results would learn their noise.
LEAST_IN_LEAF = 5
# What a split must gain of the variance at the root: rounding gains, too.
LEAST_GAIN = 1e-9


@dataclass(frozen=True, slots=True)
class Binned:
    """Features as the numbers of bins of about equally many results.

    Attributes:
        bins: n x d.
        shares: d x `BINS`, the share of the results in each bin.
        category: d, whether the bins have no order.
    """

    bins: Whole
    shares: Array
    category: tuple[bool, ...]

    @property
    def dimensions(self) -> int:
        """How many features there are."""
        return len(self.category)

    @classmethod
    def of(cls, features: Array, columns: Sequence[Column]) -> "Binned":
        """Bin features.

        Equal values share a bin, and values below all others, such as `INACTIVE`, have one of their
        own if they are many. Of a category, values beyond the most frequent ones share the last.

        Args:
            features: n x d, finite.
            columns: what each of the d features means.
        """
        kinds = tuple(column.kind == "category" for column in columns)
        bins = [
            _grouped(column) if kind else _ordered(column)
            for column, kind in zip(features.T, kinds, strict=True)
        ]
        shares = [np.bincount(each, minlength=BINS) / len(features) for each in bins]
        return cls(np.stack(bins, axis=1), np.stack(shares), kinds)


def _ordered(values: Array) -> Whole:
    """The bin of each value, by quantiles; equal values share one."""
    distinct, places = np.unique(values, return_inverse=True)
    if len(distinct) <= BINS:
        return places.astype(np.intp)
    edges = np.unique(np.quantile(values, np.arange(1, BINS) / BINS, method="higher"))
    return np.searchsorted(edges, values, side="right").astype(np.intp)


def _grouped(values: Array) -> Whole:
    """The bin of each category; the rarest of very many share one."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    rank = np.empty_like(counts)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    return np.minimum(rank[places], BINS - 1).astype(np.intp)


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree as its leaves.

    Attributes:
        values: one per leaf.
        boxes: d x leaves x `BINS`, 1 where a bin belongs to the box of the leaf.
        leaf_of: n, the leaf of each result, seen or not.
        splits: d, whether a feature is asked anywhere.
    """

    values: Array
    boxes: Array
    leaf_of: Whole
    splits: npt.NDArray[np.bool_]

    @property
    def narrowed(self) -> Whole:
        """How many features each leaf depends on: leaves."""
        return np.asarray((self.boxes.sum(axis=2) < BINS).sum(axis=0), dtype=np.intp)


@dataclass(frozen=True, slots=True)
class _Split:
    gain: float
    feature: int
    left: npt.NDArray[np.bool_]  # the bins that go left


@dataclass(slots=True)
class _Leaf:
    rows: Whole
    box: npt.NDArray[np.bool_]  # d x BINS
    found: Array  # 2 x d x BINS: how many results of the leaf lie in each bin, and their sum
    value: float
    split: _Split | None


def grow(binned: Binned, y: Array, weights: Whole) -> Tree:
    """Grow a tree, always where it gains most, up to `LEAVES` leaves.

    Of equal gains the earlier feature is taken, so that a choice goes before what is only there
    for one of its values.

    Args:
        binned: the features of n results.
        y: n, what is explained.
        weights: n, how often each result was drawn; those never drawn only find their leaf.
    """
    grower = _Grower(binned, y, weights)
    leaves = [grower.root()]
    splits = np.zeros(binned.dimensions, dtype=bool)
    waiting = [(-leaf.split.gain, place) for place, leaf in enumerate(leaves) if leaf.split]
    while waiting and len(leaves) < LEAVES:
        _, place = heapq.heappop(waiting)
        split = leaves[place].split
        assert split is not None
        splits[split.feature] = True
        leaves[place], right = grower.halves(leaves[place], split)
        leaves.append(right)
        for at in (place, len(leaves) - 1):
            made = leaves[at].split
            if made is not None:
                heapq.heappush(waiting, (-made.gain, at))
    leaf_of = np.empty(len(y), dtype=np.intp)
    for number, leaf in enumerate(leaves):
        leaf_of[leaf.rows] = number
    values = np.array([leaf.value for leaf in leaves])
    boxes = np.stack([leaf.box for leaf in leaves], axis=1).astype(np.float64)
    return Tree(values, boxes, leaf_of, splits)


class _Grower:
    """Finds the value of a leaf and its best split."""

    def __init__(self, binned: Binned, y: Array, weights: Whole) -> None:
        self.binned = binned
        self.weights = weights.astype(np.float64)
        self.told = self.weights * y
        self.shape = (binned.dimensions, BINS)
        self.cells = (binned.bins + BINS * np.arange(binned.dimensions)).T.copy()
        self.least = LEAST_GAIN * float((self.weights * y**2).sum())
        self.category = np.array(binned.category)

    def root(self) -> _Leaf:
        """Make the leaf of all results."""
        rows = np.arange(self.cells.shape[1])
        return self._leaf(rows, np.ones(self.shape, dtype=bool), self._counted(rows))

    def halves(self, leaf: _Leaf, split: _Split) -> tuple[_Leaf, _Leaf]:
        """Part a leaf."""
        left = split.left[self.binned.bins[leaf.rows, split.feature]]
        boxes = leaf.box.copy(), leaf.box.copy()
        boxes[0][split.feature] &= split.left
        boxes[1][split.feature] &= ~split.left
        rows = leaf.rows[left], leaf.rows[~left]
        # Counted is the smaller half; the larger one has the rest.
        smaller = int(len(rows[1]) < len(rows[0]))
        found = self._counted(rows[smaller])
        both = (leaf.found - found, found) if smaller else (found, leaf.found - found)
        return self._leaf(rows[0], boxes[0], both[0]), self._leaf(rows[1], boxes[1], both[1])

    def _counted(self, rows: Whole) -> Array:
        drawn = rows[self.weights[rows] > 0]
        cells, size = self.cells[:, drawn].ravel(), self.shape[0] * BINS
        told = [np.tile(each[drawn], self.shape[0]) for each in (self.weights, self.told)]
        return np.stack([np.bincount(cells, each, size).reshape(self.shape) for each in told])

    def _leaf(self, rows: Whole, box: npt.NDArray[np.bool_], found: Array) -> _Leaf:
        count, told = found[:, 0].sum(axis=1).tolist()
        return _Leaf(rows, box, found, told / count, self._best(found, count, told / count))

    def _best(self, found: Array, count: float, mean: float) -> _Split | None:
        """The split that explains most of what the mean leaves; None if there is none worth it."""
        if count < 2 * LEAST_IN_LEAF:
            return None
        counts, rest = found[0], found[1] - mean * found[0]
        order = np.tile(np.arange(BINS), (self.shape[0], 1))
        if self.category.any():
            # Bins of a category in the order of their means: the best subset is then a prefix.
            means = rest[self.category] / np.maximum(counts[self.category], 0.5)
            order[self.category] = np.argsort(means, axis=1, kind="stable")
            counts, rest = (np.take_along_axis(each, order, axis=1) for each in (counts, rest))
        left, total = counts.cumsum(axis=1)[:, :-1], rest.cumsum(axis=1)[:, :-1]
        allowed = (left >= LEAST_IN_LEAF) & (count - left >= LEAST_IN_LEAF)
        with np.errstate(divide="ignore", invalid="ignore"):
            gains = np.where(allowed, total**2 / left / (count - left), 0.0)
        # Rounded, so that equal gains are equal and the first feature has them.
        feature, at = divmod(int(np.argmax(gains.round(12))), BINS - 1)
        gain = count * float(gains[feature, at])
        if gain <= self.least:
            return None
        goes_left = np.zeros(BINS, dtype=bool)
        goes_left[order[feature, : at + 1]] = True
        return _Split(gain, feature, goes_left)
