import itertools
import math

import pytest
from scipy.stats import rankdata, wilcoxon

from benchmarks.pairs import compare, holm, signed_rank


def enumerated(differences: list[float]) -> float:
    """The definition: all signs of the ranks, counted."""
    kept = [d for d in differences if d != 0]
    ranks = rankdata([abs(d) for d in kept])
    reached = sum(rank for rank, d in zip(ranks, kept, strict=True) if d > 0)
    signs = list(itertools.product((0, 1), repeat=len(kept)))
    sums = [sum(rank for rank, sign in zip(ranks, row, strict=True) if sign) for row in signs]
    return sum(total >= reached for total in sums) / len(signs)


def test_without_ties_it_is_the_exact_test_of_scipy() -> None:
    differences = [0.31, -0.12, 0.05, 0.44, 0.27, -0.01, 0.09, 0.18, 0.36, 0.22]
    expected = wilcoxon(differences, alternative="greater", method="exact").pvalue
    assert signed_rank(differences) == pytest.approx(float(expected))


@pytest.mark.parametrize(
    "differences",
    [
        [-1.0, -2.0, 4.0, -3.0, 2.0, 4.0],
        [0.1, 0.1, -0.1, 0.2, 0.2, 0.3],
        [0.0, 0.5, -0.5, 0.25, 0.0],
        [-1.0, -1.0, 2.0, 2.0],
    ],
)
def test_ties_and_zeros_keep_it_exact(differences: list[float]) -> None:
    assert signed_rank(differences) == pytest.approx(enumerated(differences))


def test_ten_gains_have_the_smallest_p_value_that_ten_pairs_can_have() -> None:
    assert signed_rank([0.1] * 10) == 1 / 1024


def test_only_zeros_say_nothing() -> None:
    assert signed_rank([0.0, 0.0]) == 1.0


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        signed_rank([0.1, math.nan])


def test_holm_multiplies_by_the_rivals_left_and_never_falls() -> None:
    assert holm({"a": 0.02, "b": 0.01, "c": 0.04, "d": 0.9}) == {
        "a": pytest.approx(0.06),
        "b": pytest.approx(0.04),
        "c": pytest.approx(0.08),
        "d": pytest.approx(0.9),
    }


def test_holm_gives_no_rival_a_smaller_p_value_than_one_before_it() -> None:
    found = holm({"a": 0.02, "b": 0.021, "c": 0.022})
    assert list(found.values()) == [pytest.approx(0.06)] * 3


def test_holm_of_one_rival_changes_nothing() -> None:
    assert holm({"a": 0.03}) == {"a": 0.03}


def test_a_margin_makes_slightly_lower_no_lower() -> None:
    theirs = [1.0 + k / 100 for k in range(10)]
    ours = [0.99 * value for value in theirs]
    assert not compare(ours, {"x": theirs})["x"].significant
    assert compare(ours, {"x": theirs}, margin=0.02)["x"].significant
    assert not compare(ours, {"x": theirs}, margin=0.005)["x"].significant


def test_differences_and_quartiles_are_those_without_the_margin() -> None:
    found = compare([2.0, 3.0, 5.0], {"x": [1.0, 1.0, 1.0]}, margin=0.5)["x"]
    assert found.differences == (1.0, 2.0, 4.0)
    assert (found.median, found.quartiles) == (2.0, (1.5, 3.0))


def test_runs_without_a_partner_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        compare([1.0, 2.0], {"x": [1.0]})
