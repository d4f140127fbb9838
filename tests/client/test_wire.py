"""What the SDK sends and reads is what the server's schema says."""

import dataclasses
from typing import Any

import pytest

import tinyfront
from optimizer.networks.presets import PRESETS, ranges_of
from optimizer.networks.ranges import Ranges
from optimizer.space import space_from_json
from service.api.schemas import leases, studies, trials, workers
from tinyfront import (
    Choice,
    Client,
    Cnn,
    Integer,
    Parameters,
    Real,
    hypervolumes,
    maximize,
    minimize,
    records,
)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_range_of_a_preset_can_be_named_in_cnn(preset: str) -> None:
    ranges = PRESETS[preset]
    assert ranges_of(Cnn(preset).to_json()) == ranges
    assert ranges_of(Cnn(preset, **ranges.to_json()).to_json()) == ranges
    assert ranges_of(Cnn(preset, filters=[4, 32]).to_json()).filters == (4, 32)


def test_without_a_preset_the_space_is_tiny() -> None:
    assert Cnn().to_json() == Cnn("tiny").to_json() == Cnn(preset="tiny").to_json()
    assert ranges_of(Cnn().to_json()) == Ranges()


def test_every_parameter_is_read_by_the_optimiser_as_it_was_meant() -> None:
    built = Parameters(
        Real("r", 0.5, 2.0, log=True),
        Real("s", -1.0, 2.0),
        Integer("n", 1, 9, log=True),
        Integer("m", -3, 9),
        Choice("o", [1, 2, 3], ordered=True),
        Choice("k", ("a", "b")),
        Real("only_a", 0.0, 1.0, when={"k": ["a"]}),
        Integer("only_b", 1, 9, when={"k": ("b",), "o": (1, 2)}),
        Choice("last", [1, 2], when={"k": ["b"]}),
        constraints=["r + s <= 2"],
    ).to_json()
    read = space_from_json(built).to_json()
    assert (read["kind"], read["constraints"]) == (built["kind"], built["constraints"])
    for ours, theirs in zip(built["parameters"], read["parameters"], strict=True):
        assert theirs == {name: False for name in theirs if name not in ours} | ours


def test_every_builder_sends_fields_that_the_servers_schema_knows() -> None:
    full = {"bound": 1.0, "limit": 2.0, "ideal": 0.0, "reference": 3.0, "log": False}
    full |= {"expression": "2*x"}
    for build in (minimize, maximize):
        sent = build("cost", **full).to_json()  # type: ignore[arg-type]
        assert set(sent) == set(studies.ObjectiveIn.model_fields)
    fields = dataclasses.fields(tinyfront.Objective)
    assert {field.name for field in fields} == set(studies.ObjectiveIn.model_fields)


def test_create_study_has_an_argument_for_each_field_of_the_servers_schema() -> None:
    names = set(Client.create_study.__annotations__) - {"return"}
    assert names == set(studies.StudyCreate.model_fields)


@pytest.mark.parametrize(
    ("record", "schema"),
    [
        (records.StudyState, studies.StudyOut),
        (records.StudyObjective, studies.ObjectiveOut),
        (records.StudyConstraint, studies.ConstraintOut),
        (hypervolumes.HypervolumePoint, studies.HypervolumePoint),
        (records.Artefact, trials.ArtefactOut),
        (records.Lease, leases.Lease),
        (tinyfront.Trial, trials.TrialOut),
    ],
)
def test_every_field_that_is_read_is_one_that_the_server_sends(record: Any, schema: Any) -> None:
    ours = {field.name for field in dataclasses.fields(record)} - {"wire", "_connection"}
    assert ours <= set(schema.model_fields)


def test_lists_of_boards_and_data_sets_are_read_as_the_server_sends_them() -> None:
    assert set(workers.DeviceList.model_fields) == {"items"}
    assert set(workers.DataList.model_fields) == {"items"}
