"""How the variance of an objective is shared out among the features."""

from itertools import combinations
from math import factorial

import numpy as np
import numpy.typing as npt
import pytest

from optimizer import importance as module
from optimizer.importance import LEAST, MOST, importance
from optimizer.space import INACTIVE, Column
from optimizer.trees import BINS, Binned, grow

Array = npt.NDArray[np.float64]


def reals(count: int) -> list[Column]:
    return [Column(f"x{place}") for place in range(count)]


def cube(count: int, dimensions: int, seed: int = 1) -> Array:
    return np.random.default_rng(seed).random((count, dimensions))


def shares(rows: Array, values: Array, columns: list[Column] | None = None) -> list[float]:
    found = importance(rows.tolist(), values.tolist(), columns or reals(rows.shape[1]))
    assert sum(found.shares) == pytest.approx(1.0)
    return list(found.shares)


def test_an_additive_function_has_the_shares_of_its_terms() -> None:
    rows = cube(1500, 4)
    # The variance of a uniform feature times c is c**2 / 12.
    found = shares(rows, 3 * rows[:, 0] + 2 * rows[:, 1] + rows[:, 2])
    assert found == pytest.approx([9 / 14, 4 / 14, 1 / 14, 0.0], abs=0.04)


def test_noise_beside_a_function_takes_nothing_from_its_shares() -> None:
    rows = cube(1500, 4)
    noise = np.random.default_rng(2).normal(0, 0.7, len(rows))
    values = 3 * rows[:, 0] + 2 * rows[:, 1] + noise
    assert shares(rows, values) == pytest.approx([9 / 13, 4 / 13, 0, 0], abs=0.04)
    found = importance(rows.tolist(), values.tolist(), reals(4))
    assert found.explained == pytest.approx(13 / (13 + 12 * 0.49), abs=0.06)


def test_what_two_features_do_only_together_is_shared_equally() -> None:
    rows = cube(1500, 3)
    values = ((rows[:, 0] > 0.5) ^ (rows[:, 1] > 0.5)).astype(float)
    assert shares(rows, values) == pytest.approx([0.5, 0.5, 0.0], abs=0.02)


def test_of_noise_alone_nothing_is_told() -> None:
    rows = cube(400, 5)
    found = importance(rows.tolist(), np.random.default_rng(3).normal(size=400).tolist(), reals(5))
    assert (found.shares, found.explained) == ((), 0.0)


def test_the_values_of_a_category_have_no_order() -> None:
    rows = cube(600, 2)
    rows[:, 0] = np.random.default_rng(4).integers(0, 5, 600)
    values = np.array([3.0, 0.0, 2.0, 1.0, 5.0])[rows[:, 0].astype(int)] + rows[:, 1]
    columns = [Column("kind", "category", 5), Column("x")]
    levels = np.var([3.0, 0.0, 2.0, 1.0, 5.0])
    assert shares(rows, values, columns)[0] == pytest.approx(levels / (levels + 1 / 12), abs=0.01)


def test_whether_a_parameter_is_there_counts_for_the_choice_that_decides_it() -> None:
    rows = cube(800, 3)
    rows[:, 0] = rows[:, 0] > 0.5
    active = rows[:, 0] == 1
    columns = [Column("kind", "category", 2), Column("x", conditional=True), Column("y")]
    rows[:, 1] = np.where(active, rows[:, 1], INACTIVE)
    # It is only there: its value says nothing.
    assert shares(rows, np.where(active, 1.0, 2.0), columns) == pytest.approx([1.0, 0.0, 0.0])
    # Where it is active, its value says all; that it is there is also told by the choice.
    kind, x, y = shares(rows, np.where(active, rows[:, 1], 0.5), columns)
    assert x > kind > 0.1
    assert y < 0.01


def test_the_same_results_have_the_same_importance() -> None:
    rows = cube(200, 3)
    values = (rows[:, 0] ** 2 + rows[:, 1]).tolist()
    assert importance(rows.tolist(), values, reals(3)) == importance(
        rows.tolist(), values, reals(3)
    )


def test_few_results_and_equal_ones_tell_nothing() -> None:
    rows = cube(LEAST - 1, 2)
    few = importance(rows.tolist(), rows[:, 0].tolist(), reals(2))
    assert (few.basis, few.explained, few.shares) == (LEAST - 1, None, ())
    equal = importance(cube(50, 2).tolist(), [4.0] * 50, reals(2))
    assert (equal.basis, equal.shares, equal.differ) == (50, (), False)
    assert importance([], [], reals(2)).basis == 0


def test_of_very_many_results_the_newest_count() -> None:
    rows = cube(MOST + 300, 2)
    values = np.where(np.arange(len(rows)) < 300, 1000 * rows[:, 0], rows[:, 1])
    found = importance(rows.tolist(), values.tolist(), reals(2))
    assert found.basis == MOST
    assert found.shares[1] > 0.99


def test_the_effects_of_two_trees_are_shapleys() -> None:
    """Against the definition: the mean over all orders in which the features could be told."""
    rows = cube(300, 4)
    rows[:, 3] = np.floor(4 * rows[:, 3])
    y = rows[:, 0] * rows[:, 1] + np.sin(5 * rows[:, 2]) * rows[:, 3]
    binned = Binned.of(rows, [*reals(3), Column("c", "category", 4)])
    rng = np.random.default_rng(0)
    one, other = (grow(binned, y, rng.multinomial(300, np.full(300, 1 / 300))) for _ in range(2))

    def covariance(told: tuple[int, ...]) -> float:
        total = np.outer(one.values, other.values)
        for d in range(4):
            a, b, share = one.boxes[d], other.boxes[d], binned.shares[d]
            total = total * ((a * share) @ b.T if d in told else np.outer(a @ share, b @ share))
        return float(total.sum())

    expected = np.zeros(4)
    for d in range(4):
        others = [each for each in range(4) if each != d]
        for size in range(4):
            weight = factorial(size) * factorial(3 - size) / factorial(4)
            for told in combinations(others, size):
                expected[d] += weight * (covariance((*told, d)) - covariance(told))
    assert module._effects(one, other, binned) == pytest.approx(expected, abs=1e-9)


def test_a_tree_puts_every_result_into_the_box_of_its_leaf() -> None:
    rows = cube(300, 3)
    binned = Binned.of(rows, reals(3))
    weights = np.random.default_rng(0).multinomial(300, np.full(300, 1 / 300))
    tree = grow(binned, rows[:, 0] + rows[:, 1] * rows[:, 2], weights)
    assert len(tree.values) > 10
    for row, leaf in enumerate(tree.leaf_of):
        assert all(tree.boxes[d, leaf, binned.bins[row, d]] == 1 for d in range(3))
    volumes = np.prod(tree.boxes @ binned.shares[..., None], axis=0)
    assert volumes.sum() == pytest.approx(1.0)


def test_equal_values_share_a_bin_and_the_rarest_categories_too() -> None:
    many = np.concatenate([np.full(500, INACTIVE), np.linspace(0, 1, 500)])
    names = np.concatenate([np.arange(60.0), np.full(940, 7.0)])
    binned = Binned.of(np.stack([many, names], axis=1), [Column("x"), Column("c", "category", 60)])
    assert len(set(binned.bins[:500, 0])) == 1
    assert binned.bins[500:, 0].min() > binned.bins[0, 0]
    assert binned.bins.max() < BINS
    assert binned.shares[1].max() == pytest.approx(0.941)
