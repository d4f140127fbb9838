"""Scales: where the ideal and the reference lie."""

import math

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from optimizer.errors import InvalidProblem
from optimizer.scale import MOST_Z, WORST_Z, GivenScale, Goal, Scale, scales_from


@pytest.mark.parametrize(
    "scale",
    [Scale(2.0, 8.0), Scale(8.0, 2.0), Scale(2.0, 8.0, log=True), Scale(8.0, 2.0, log=True)],
)
def test_the_ideal_scores_one_and_the_reference_zero(scale: Scale) -> None:
    assert scale.score([scale.ideal, scale.reference]) == pytest.approx([1.0, 0.0])
    assert scale.z([scale.ideal, scale.reference]) == pytest.approx([0.0, 1.0])


def test_a_log_scale_measures_factors() -> None:
    assert Scale(1.0, 100.0, log=True).score(10.0) == pytest.approx(0.5)
    assert Scale(100.0, 1.0, log=True).score(10.0) == pytest.approx(0.5)
    assert Scale(0.0, 100.0).score(10.0) == pytest.approx(0.9)


def test_beyond_the_ideal_a_log_scale_counts_as_the_ideal_and_a_linear_one_goes_on() -> None:
    assert Scale(0.01, 0.5, log=True).score(0.0) == 1.0
    assert Scale(0.01, 0.5, log=True).score(-3.0) == 1.0
    assert Scale(0.0, 1.0).score(-1.0) == 2.0


def test_nothing_is_infinitely_bad() -> None:
    maximised = Scale(0.9, 0.5, log=True)
    assert maximised.z([0.0, -1.0]).tolist() == [WORST_Z, WORST_Z]
    assert np.isfinite(Scale(1e-3, 1.0, log=True).score(1e300))
    assert Scale(0.0, 1e-300).z([1e300, -1e300]).tolist() == [MOST_Z, -MOST_Z]
    assert np.isfinite(Scale(-1e300, 1e300).score([1.7e308, -1.7e308])).all()


def test_nan_stays_nan_and_shapes_stay() -> None:
    values = np.array([[1.0, math.nan], [2.0, 3.0]])
    scores = Scale(1.0, 5.0, log=True).score(values)
    assert scores.shape == (2, 2)
    assert np.isnan(scores).tolist() == [[False, True], [False, False]]


@pytest.mark.parametrize(
    ("ideal", "reference", "log"),
    [
        (1.0, 1.0, False),
        (math.nan, 1.0, False),
        (0.0, math.inf, False),
        (-1e301, 1e301, False),
        (0.0, 1.0, True),
    ],
)
def test_an_impossible_scale_is_refused(ideal: float, reference: float, log: bool) -> None:
    with pytest.raises(InvalidProblem):
        Scale(ideal, reference, log)


def test_json_gives_back_the_scale() -> None:
    scale = Scale(3.0, 1.0, log=True)
    assert Scale.from_json(scale.to_json()) == scale


def test_a_black_boxs_scale_is_its_quantiles_widened_by_a_quarter() -> None:
    values = list(range(101))
    assert scales_from(values, "minimize", GivenScale()) == Scale(10 - 20, 90 + 20)
    assert scales_from(values, "maximize", GivenScale()) == Scale(90 + 20, 10 - 20)


def test_one_terrible_value_does_not_stretch_the_scale() -> None:
    scale = scales_from([*range(20), 1e12], "minimize", GivenScale())
    assert scale.reference < 30


def test_a_declared_log_scale_is_one_unless_a_value_forbids_it() -> None:
    values = [10.0**power for power in range(11)]
    scale = scales_from(values, "minimize", GivenScale(log=True))
    assert scale.log
    assert math.log10(scale.ideal) == pytest.approx(-1.0)
    assert math.log10(scale.reference) == pytest.approx(11.0)
    assert not scales_from([-1.0, 2.0], "minimize", GivenScale(log=True)).log


@pytest.mark.parametrize("values", [[0.0], [5.0, 5.0, 5.0], [0.0] * 20 + [1.0]])
@pytest.mark.parametrize("goal", ["minimize", "maximize"])
def test_equal_values_still_give_a_scale(values: list[float], goal: str) -> None:
    scale = scales_from(values, goal, GivenScale())  # type: ignore[arg-type]
    assert scale.goal == goal


@pytest.mark.parametrize(
    "given",
    [
        GivenScale(ideal=0.0),
        GivenScale(reference=200.0),
        GivenScale(ideal=-5.0, reference=500.0),
        GivenScale(ideal=1000.0),
        GivenScale(reference=-1000.0),
    ],
)
def test_what_the_user_gave_is_kept_and_the_other_end_stays_on_its_side(given: GivenScale) -> None:
    scale = scales_from(list(range(101)), "minimize", given)
    assert given.ideal in (None, scale.ideal)
    assert given.reference in (None, scale.reference)
    assert scale.ideal < scale.reference


values_of_any_size = st.floats(allow_nan=False, allow_infinity=False)
ends = st.none() | st.floats(-1e299, 1e299)


@settings(max_examples=500, deadline=None, derandomize=True)
@drawn(
    st.lists(values_of_any_size, min_size=1, max_size=20),
    st.sampled_from(["minimize", "maximize"]),
    st.tuples(ends, st.just(None)) | st.tuples(st.just(None), ends),
    st.booleans(),
)
def test_any_results_give_a_scale_on_which_they_have_scores(
    values: list[float], goal: Goal, given: tuple[float | None, float | None], log: bool
) -> None:
    wanted = GivenScale(*given, log)
    scale = scales_from(values, goal, wanted)
    assert scale.goal == goal
    assert wanted.ideal in (None, scale.ideal)
    assert wanted.reference in (None, scale.reference)
    assert np.isfinite(scale.score(values)).all()


def test_the_widest_log_scale_has_a_span() -> None:
    assert Scale(1e-300, 1e300, log=True).log_span == pytest.approx(600 * math.log(10))
