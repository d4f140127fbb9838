"""The record of a thought: read back as it was written, and the problem that was asked then."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from service.planner.basis import Basis, runs
from service.planner.surroundings import differences, surroundings
from service.transfer.records import TrialDetails

BASIS = Basis(
    designer="bayes",
    history_version=12,
    read_at=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
    pending=((3, 3), (13, 15)),
    unscaled=("cost",),
    budget=30,
    seed=17,
    count=4,
    place=2,
    surroundings={"cpu": "6502"},
)


def test_a_basis_is_read_as_it_was_written() -> None:
    details = json.loads(json.dumps({"value": 1.5, **BASIS.to_details()}))
    assert (details["history_version"], details["seed"]) == (12, 17)
    assert Basis.of_details(details) == BASIS
    assert BASIS.pending_count == 4


def test_a_basis_comes_in_from_a_file_as_it_was_written() -> None:
    details = json.loads(json.dumps({"value": 1.5, "weights": [1], **BASIS.to_details()}))
    assert TrialDetails.model_validate(details).model_dump(exclude_unset=True) == details
    for name in ("history_version", "seed"):
        with pytest.raises(ValidationError):
            TrialDetails.model_validate({**details, name: None})


def test_details_without_a_basis_have_none() -> None:
    assert Basis.of_details({"history_version": 12, "seed": 17}) is None


def test_neighbours_are_written_as_one_run() -> None:
    assert runs([]) == ()
    assert runs([3, 13, 14, 15, 17]) == ((3, 3), (13, 15), (17, 17))


def test_the_problem_of_then_has_the_scales_and_the_budget_of_then() -> None:
    cost, gain = ({"name": name, "scale": {"ideal": 0.0}} for name in ("cost", "gain"))
    newest = {"objectives": [cost, gain], "seed": 3, "budget": 60}
    open_cost = {"name": "cost", "scale": None}
    assert BASIS.problem(newest) == {"objectives": [open_cost, gain], "seed": 3, "budget": 30}
    assert replace(BASIS, unscaled=(), budget=60).problem(newest) == newest


def test_surroundings_name_versions_and_processor() -> None:
    here = surroundings("AVX2")
    assert {"tinyfront", "python", "cpu", "torch", "numpy", "vectors"} <= here.keys()
    assert "vectors" not in surroundings()


def test_surroundings_differ_in_what_both_name() -> None:
    then = {"cpu": "6502", "torch": "1", "vectors": "AVX2"}
    assert differences(then, {"cpu": "Z80", "torch": "1"}) == ["cpu was 6502, now it is Z80"]
