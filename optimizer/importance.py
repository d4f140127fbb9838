"""Which features mattered: the variance of an objective, shared out among them by a forest.

Functional ANOVA over regression trees (Hutter, Hoos, Leyton-Brown, "An efficient approach for
assessing hyperparameter importance", ICML 2014): a tree is constant on boxes, so every part of its
variance is a sum over its leaves. What several features explain only together is shared equally
among them (Shapley effects: Owen, "Sobol' indices and Shapley value", 2014), so the shares add up
to the whole; first-order shares would show nothing of an exclusive or.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from optimizer.space import Column
from optimizer.trees import Binned, Tree, grow

Array = npt.NDArray[np.float64]

# Fewer results than these, and a tree has hardly a leaf to speak of.
LEAST = 20
# More add time and hardly certainty; the newest are where the search is now.
MOST = 2_000
TREES = 16
# Explained of results that the trees have not seen; below, shares would be those of noise.
LEAST_EXPLAINED = 0.05


@dataclass(frozen=True, slots=True)
class Importance:
    """How an objective's variance is shared out.

    Attributes:
        basis: so many results were looked at.
        explained: the share of their variance that the forest foresees of results that its trees
            have not seen; None where there was no forest.
        shares: one per feature, together 1; empty where they would mean nothing.
        differ: whether their values do.
    """

    basis: int
    explained: float | None
    shares: tuple[float, ...]
    differ: bool = True


def importance(
    rows: Sequence[Sequence[float]],
    values: Sequence[float],
    columns: Sequence[Column],
    trees: int = TREES,
) -> Importance:
    """Share the variance of an objective out among the features of the results.

    The features vary as they do among the results, each on its own: what two of them do only
    together, because the search chose so, is not told apart.

    Args:
        rows: n x d, the newest last; with `INACTIVE` where a point lacks a parameter.
        values: n, finite; on the scale on which the objective is judged.
        columns: what each of the d features means.
        trees: how many to grow, at least two; fewer take less time and are less sure.
    """
    features = np.asarray(rows, dtype=np.float64).reshape(len(values), len(columns))[-MOST:]
    y = np.asarray(values, dtype=np.float64)[-MOST:]
    if len(y) < LEAST:
        return Importance(len(y), None, ())
    if np.ptp(y) == 0:
        return Importance(len(y), None, (), differ=False)
    y = (y - y.mean()) / y.std()
    binned = Binned.of(features, columns)
    rng = np.random.default_rng(0)  # the same results have the same importance
    drawn = [rng.multinomial(len(y), np.full(len(y), 1 / len(y))) for _ in range(trees)]
    forest = [grow(binned, y, weights) for weights in drawn]
    explained = _explained(forest, y, np.stack(drawn) == 0)
    if explained < LEAST_EXPLAINED:
        return Importance(len(y), max(explained, 0.0), ())
    # Of two trees at a time: what a single one makes of noise, the next does not repeat.
    effects = sum(_effects(*pair, binned) for pair in pairwise([*forest, forest[0]]))
    shares = np.maximum(effects, 0.0)
    return Importance(len(y), explained, tuple((shares / shares.sum()).tolist()))


def _explained(trees: Sequence[Tree], y: Array, unseen: npt.NDArray[np.bool_]) -> float:
    """The share of the variance that trees explain of what they have not seen."""
    told = np.stack([tree.values[tree.leaf_of] for tree in trees])
    times = unseen.sum(axis=0)
    judged = times > 0
    guess = (told * unseen).sum(axis=0)[judged] / times[judged]
    truth = y[judged]
    return 1.0 - float(((truth - guess) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())


def _effects(one: Tree, other: Tree, binned: Binned) -> Array:
    """The Shapley effects of the covariance of two trees, one per feature.

    With a leaf of each tree, the covariance that is left when only the features of a set vary
    together is a product over the features: of `both`, the share of the results in both boxes, if
    it is in the set, else of `apart`, the product of the shares. The Shapley value of such a sum
    of products is the integral of its derivative along the diagonal of the multilinear extension
    (Owen 1972), a polynomial that Gauss and Legendre integrate exactly.

    Returns:
        d; its sum is the covariance of the trees.
    """
    used = [place for place in range(binned.dimensions) if one.splits[place] or other.splits[place]]
    effects = np.zeros(binned.dimensions)
    if not used:
        return effects
    both = np.stack([(one.boxes[d] * binned.shares[d]) @ other.boxes[d].T for d in used])
    apart = np.stack(
        [np.outer(one.boxes[d] @ binned.shares[d], other.boxes[d] @ binned.shares[d]) for d in used]
    )
    weights = np.outer(one.values, other.values)
    # A feature that either leaf leaves free has equal factors, and adds nothing to the degree.
    degree = min(int(tree.narrowed.max()) for tree in (one, other)) - 1
    nodes, parts = np.polynomial.legendre.leggauss(max(degree // 2 + 1, 1))
    for at, part in zip((nodes + 1) / 2, parts / 2, strict=True):
        factors = at * both + (1 - at) * apart
        # The product of all but one, from both sides: a factor may be 0.
        before, after = np.ones_like(factors), np.ones_like(factors)
        np.cumprod(factors[:-1], axis=0, out=before[1:])
        np.cumprod(factors[:0:-1], axis=0, out=after[-2::-1])
        effects[used] += part * np.einsum("dij,ij->d", (both - apart) * before * after, weights)
    return effects
