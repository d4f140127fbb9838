"""Choosing from a front: the best within limits, the knee."""

import math
from typing import Any

import pytest

import tinyfront
from tests.client.scripted import Scripted, objective_json, ok, study_json, trial_json
from tinyfront import Front, NothingFits
from tinyfront.knee import knee
from tinyfront.limits import Limit
from tinyfront.records import StudyObjective

OBJECTIVES = [
    objective_json("error", log=True, ideal=0.001, reference=0.5),
    objective_json("model_size:deployed", unit="B", log=True, ideal=100.0, reference=64000.0),
    objective_json("gain", goal="maximize", ideal=1.0, reference=0.0),
]


def front_of(server: Scripted, rows: list[dict[str, float]], **study: Any) -> Front:
    trials = [trial_json(n, values=values) for n, values in enumerate(rows, start=1)]
    server.say("GET", "/studies/toy", ok(study_json(objectives=OBJECTIVES, **study)))
    server.say("GET", "/studies/7/front", ok({"objectives": OBJECTIVES, "items": trials}))
    return server.client().study("toy").front()


def row(error: float, size: float, gain: float, **more: float) -> dict[str, float]:
    return {"error": error, "model_size:deployed": size, "gain": gain, **more}


@pytest.fixture
def front(server: Scripted) -> Front:
    rows = [
        row(0.01, 60_000, 0.9, macs=9e6, heat=70, **{"model_size:sparse": 9.0}),
        row(0.05, 10_000, 0.5, macs=2e6, heat=80, **{"model_size:sparse": 5.0}),
        row(0.20, 2_000, 0.2, macs=5e5, heat=90, **{"model_size:sparse": 2.0}),
    ]
    rows[2]["instructions@m4"] = 4e5
    constraints = [{"name": "heat", "limit": 95.0, "goal": "minimize"}]
    return front_of(server, rows, constraints=constraints)


def test_without_limits_the_best_is_the_best_of_all(front: Front) -> None:
    assert front.best("error").number == 1
    assert front.best("model_size").number == 3
    assert front.best("gain").number == 1


def test_a_limit_is_the_worst_value_that_is_wanted(front: Front) -> None:
    assert front.best("error", model_size=10_000).number == 2  # the limit itself is kept
    assert front.best("error", model_size=9_999).number == 3
    assert front.best("model_size", gain=0.5).number == 2  # at least, since it is maximised
    assert front.best("error", macs=1e6).number == 3  # a figure that is no objective
    assert front.best("error", heat=85, macs=3e6).number == 2  # a constraint


def test_a_family_means_the_studys_own_objective_of_it(front: Front) -> None:
    assert front.within(model_size=10_000)[0].number == 2
    assert front.within(instructions=5e5)[0].number == 3
    with pytest.raises(tinyfront.InvalidArgument, match="need one of"):
        front.within(model=1)


def test_a_name_with_a_colon_goes_into_the_mapping(front: Front) -> None:
    assert front.best("error", {"model_size:sparse": 5}, gain=0.3).number == 2
    assert front.best("error", limits={"model_size:sparse": 2}).number == 3


def test_within_is_a_front_of_what_keeps_the_limits(front: Front) -> None:
    found = front.within(error=0.05)
    assert isinstance(found, Front)
    assert [trial.number for trial in found] == [1, 2]
    assert [trial.number for trial in found.within(model_size=10_000)] == [2]
    assert found.objectives == front.objectives
    assert len(front.within(error=0.001)) == 0


def test_a_limit_that_excludes_all_is_named_with_what_comes_nearest(front: Front) -> None:
    with pytest.raises(NothingFits) as caught:
        front.best("model_size", error=0.005, gain=0.1)
    assert str(caught.value) == (
        "No trial of the front of toy keeps error <= 0.005: the nearest is trial 1 with error 0.01."
    )
    with pytest.raises(NothingFits, match=r"keeps gain >= 0.95: the nearest is trial 1"):
        front.best("error", gain=0.95)


def test_limits_that_only_together_exclude_all_are_all_named(front: Front) -> None:
    with pytest.raises(NothingFits) as caught:
        front.best("error", error=0.04, model_size=12_000)
    assert str(caught.value) == (
        "No trial of the front of toy keeps error <= 0.04 and model_size:deployed <= 12,000 "
        "together, though each alone is kept: the nearest is trial 2 with error 0.05, "
        "model_size:deployed 10,000."
    )


def test_a_front_left_empty_still_knows_why(front: Front) -> None:
    empty = front.within(error=0.005)
    for ask in (lambda: empty.best("gain"), empty.knee, lambda: empty.within(gain=0).knee()):
        with pytest.raises(NothingFits, match=r"error <= 0\.005"):
            ask()


def test_the_front_of_a_study_without_results_says_so(server: Scripted) -> None:
    empty = front_of(server, [])
    with pytest.raises(NothingFits, match="The front of toy has no trial"):
        empty.knee()
    with pytest.raises(NothingFits, match="has no trial"):
        empty.best("error", error=0.1)


def test_a_board_that_nothing_fits_is_named(server: Scripted, front: Front) -> None:
    server.answers["GET", "/studies/7/front"].clear()
    server.say("GET", "/studies/7/front", ok({"objectives": OBJECTIVES, "items": []}))
    with pytest.raises(NothingFits, match="fits uno"):
        front.best("error", fits="uno", gain=0.1)


@pytest.mark.parametrize("limit", ["small", None, math.nan])
def test_a_limit_that_is_no_number_is_refused(front: Front, limit: Any) -> None:
    with pytest.raises(tinyfront.InvalidArgument, match=r"limits\.error"):
        front.within(error=limit)


def test_a_trial_without_the_value_does_not_keep_the_limit() -> None:
    assert not Limit("macs", 1e9).keeps(_trial({}))


def _trial(values: dict[str, float], number: int = 1) -> tinyfront.Trial:
    return tinyfront.Trial(None, 1, 7, number, "completed", values=values)  # type: ignore[arg-type]


def _knee(rows: list[tuple[float, ...]], *objectives: dict[str, Any]) -> int:
    known = [StudyObjective(name=f"y{n}", **each) for n, each in enumerate(objectives)]
    trials = [
        _trial({f"y{n}": value for n, value in enumerate(row)}, number)
        for number, row in enumerate(rows, start=1)
    ]
    return knee(known, trials).number


LINEAR: dict[str, Any] = {"log": False}
LOG: dict[str, Any] = {"log": True, "ideal": 1.0, "reference": 1000.0}


def test_the_knee_lies_farthest_below_the_line_through_both_ends() -> None:
    rows = [(0.0, 10.0), (1.0, 6.0), (3.0, 1.0), (10.0, 0.0)]
    assert _knee(rows, LINEAR, LINEAR) == 3
    distances = [
        (10 * 10 - 10 * x - 10 * y) / math.hypot(10, 10) for x, y in rows
    ]  # to the line x + y = 10, as geometry has it
    assert distances.index(max(distances)) == 2


def test_the_knee_is_found_on_the_studys_own_scale() -> None:
    rows = [(1.0, 1000.0), (2.0, 40.0), (15.0, 15.0), (1000.0, 1.0)]
    assert _knee(rows, LOG, LOG) == 2
    assert _knee(rows, LINEAR, LINEAR) == 3


def test_what_is_maximised_is_turned_round() -> None:
    gain = {"goal": "maximize", "log": False}
    rows = [(0.0, 0.0), (1.0, 4.0), (3.0, 9.0), (10.0, 10.0)]
    assert _knee(rows, LINEAR, gain) == 3


def test_a_unit_does_not_move_the_knee() -> None:
    rows = [(0.0, 10.0), (1.0, 6.0), (3.0, 1.0), (10.0, 0.0)]
    assert _knee([(x * 1e6, y) for x, y in rows], LINEAR, LINEAR) == 3


def test_ends_and_equals_and_single_trials_have_a_knee_too() -> None:
    assert _knee([(1.0, 2.0)], LINEAR, LINEAR) == 1
    assert _knee([(0.1, 0.3), (0.3, 0.1)], LINEAR, LINEAR) == 1
    assert _knee([(1.0, 1.0), (1.0, 1.0)], LINEAR, LINEAR) == 1
    assert _knee([(3.0,), (1.0,), (2.0,)], LINEAR) == 2


def test_an_error_of_zero_is_put_on_the_ideal() -> None:
    assert _knee([(0.0, 900.0), (2.0, 30.0), (900.0, 1.0)], LOG, LOG) == 2
    assert _knee([(0.0, 9.0), (1e-3, 2.0), (5.0, 1.0)], {"log": True}, LINEAR) == 2


def test_the_knee_of_a_front_can_be_asked_of_a_board(server: Scripted, front: Front) -> None:
    assert front.knee().number in {1, 2, 3}
    front.knee(fits="rp2040")
    assert server.requests[-1].url.params["device"] == "rp2040"
