"""Definitions become problems, or say which field is wrong."""

import random
from dataclasses import replace
from typing import Any

import pytest

from optimizer.networks.presets import PRESETS
from optimizer.networks.space import NetworkSpace
from service import studies, trials, workers
from service.definitions import first_difference, prepare
from service.errors import InvalidDefinition, NameTaken
from service.models import Study
from service.states import Kind
from service.workers import Announcement
from tests.service.network_study import ALL
from tests.service.stage import Stage, definition

DIGITS = {
    "name": "digits",
    "sha256": "a" * 64,
    "shape": [8, 8, 1],
    "classes": 10,
    "train": 897,
    "validation": 300,
    "test": 600,
    "split_sha256": "b" * 64,
    "problem": None,
}
NETWORK = {
    "name": "net",
    "space": {"kind": "tiny"},
    "objectives": [
        {"name": "error"},
        {"name": "model_size", "limit": 16000},
        {"name": "working_memory:wm1", "bound": 2000},
    ],
    "data": "digits",
    "trials": 30,
}


def refused(changes: dict[str, Any]) -> InvalidDefinition:
    with pytest.raises(InvalidDefinition) as found:
        prepare(changes, lambda name: DIGITS)
    assert found.value.where()["remedy"]
    return found.value


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"space": {}}, "space.kind"),
        ({"space": {"kind": "moon"}}, "space.kind"),
        ({"space": {"kind": "parameters", "parameters": []}}, "space.parameters"),
        ({"objectives": [{"name": "a"}, {"name": "a"}]}, "objectives.1.name"),
        ({"designer": "oracle"}, "designer"),
        ({"designer": "bayes", "designer_options": {"rays": 0}}, "designer_options.rays"),
        ({"designer": "sobol", "designer_options": {"rays": 1}}, "designer_options.rays"),
        ({"data": "digits"}, "data"),
        ({"device": "microbit"}, "device"),
        ({"binary": 1}, "binary"),
        ({"binary": 0}, "binary"),
        ({"training": {"epochs": 3}}, "training"),
        ({"objectives": [{"name": "a", "ideal": 2.0, "reference": 1.0}]}, "objectives.0.reference"),
        ({"objectives": [{"name": "a", "limit": float("inf")}]}, "objectives.0.limit"),
    ],
)
def test_a_wrong_black_box_names_its_field(changes: dict[str, Any], field: str) -> None:
    assert refused(definition(**changes)).field == field


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"data": None}, "data"),
        ({"device": "toaster"}, "device"),
        ({"objectives": [{"name": "colour"}]}, "objectives.0.name"),
        ({"objectives": [{"name": "macs"}]}, "objectives"),
        ({"designer": "sobol"}, "designer"),
        ({"training": {"epochs": 0}}, "training.epochs"),
        ({"space": {"kind": "tiny", "flavour": 1}}, "space.flavour"),
        ({"space": {"kind": "munas", "joins": ["sideways"]}}, "space.joins"),
        ({"training": {"preset": "alchemy"}}, "training.preset"),
        ({"binary": 0}, "binary"),
        ({"constraints": [{"name": "heat", "limit": 80.0}]}, "constraints.0.name"),
        ({"constraints": [{"name": "error", "limit": 0.5}]}, "constraints.0.name"),
        ({"objectives": [{"name": "error", "expression": "1"}]}, "objectives.0.expression"),
        ({"binary": 10}, "binary"),
        ({"binary": 2.5}, "binary"),
        ({"binary": True}, "binary"),
        (
            {"device": "arduino-uno", "objectives": [{"name": "error"}, {"name": "latency"}]},
            "objectives.1.name",
        ),
    ],
)
def test_a_wrong_network_study_names_its_field(changes: dict[str, Any], field: str) -> None:
    assert refused({**NETWORK, **changes}).field == field


def test_an_unknown_objective_names_the_known_ones() -> None:
    error = refused({**NETWORK, "objectives": [{"name": "colour"}]})
    assert "error" in str(error)
    assert "model_size:deployed" in str(error)


def test_a_figure_that_the_device_lacks_names_the_devices_that_have_it() -> None:
    objectives = [{"name": "error"}, {"name": "energy"}]
    error = refused({**NETWORK, "device": "stm32f767zi", "objectives": objectives})
    assert error.field == "objectives.1.name"
    assert "it is known for stm32f446re, stm32f746zg." in str(error)
    assert "Choose one of these devices" in str(error.remedy)


def test_latency_and_energy_are_objectives_where_the_device_has_them() -> None:
    objectives = [{"name": "error"}, {"name": "latency"}, {"name": "energy", "bound": 30.0}]
    prepared = prepare({**NETWORK, "objectives": objectives}, lambda name: DIGITS)
    assert [o.role for o in prepared.problem.objectives] == ["measured", "known", "known"]
    assert prepared.problem.scaled
    assert prepare(prepared.definition, lambda name: DIGITS) == prepared


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("instructions", "instructions@m4"),  # the core of the study's device
        ("instructions@m0", "instructions@m0"),
        ("instructions@Cortex-M33", "instructions@m33"),
        ("instructions@rp2040", "instructions@m0"),  # a device that has this core
    ],
)
def test_instructions_on_a_core_are_known_wherever_they_are_asked(name: str, full: str) -> None:
    asked = {**NETWORK, "objectives": [{"name": "error"}, {"name": name}]}
    prepared = prepare(asked, lambda name: DIGITS)
    assert prepared.definition["objectives"][1]["name"] == full
    problem = prepared.problem
    assert problem.objectives[1].role == "known"
    assert full in problem.space.figures(problem.space.sample(random.Random(0)))
    limited = {**NETWORK, "constraints": [{"name": name, "limit": 50_000.0}]}
    space = prepare(limited, lambda name: DIGITS).problem.space
    assert space.figures(space.sample(random.Random(0)))[full] <= 50_000
    assert prepare(prepared.definition, lambda name: DIGITS) == prepared
    assert "instructions" not in prepare(NETWORK, lambda name: DIGITS).problem.space.context()


@pytest.mark.parametrize(
    ("device", "name"),
    [("stm32f446re", "instructions@z80"), ("esp32-s3", "instructions"), (None, "instructions@")],
)
def test_instructions_on_an_uncounted_core_name_those_there_are(
    device: str | None, name: str
) -> None:
    objectives = [{"name": "error"}, {"name": name}]
    error = refused({**NETWORK, "device": device, "objectives": objectives})
    assert error.field == "objectives.1.name"
    assert "need a core of m0, m3, m4, m7, m33" in str(error)
    assert "instructions@m0" in str(error.remedy)


def test_two_classes_of_ten_change_the_networks_and_not_the_data() -> None:
    prepared = prepare({**NETWORK, "binary": 5}, lambda name: DIGITS)
    assert isinstance(prepared.problem.space, NetworkSpace)
    assert prepared.problem.space.classes == 2
    assert prepared.data == DIGITS
    error = prepared.problem.objectives[0].scale
    assert error is not None
    assert error.reference == pytest.approx(0.25)  # half of what guessing between two gives
    assert prepare(prepared.definition, lambda name: DIGITS) == prepared
    told = str(refused({**NETWORK, "binary": 12}))
    assert told == ("binary: need a whole number from 1 to 9, since digits has 10 classes, got 12.")


@pytest.mark.parametrize("kind", ["tiny", "sparse", "munas"])
def test_each_kind_of_networks_is_a_preset_of_the_same_ranges(kind: str) -> None:
    prepared = prepare({**NETWORK, "space": {"kind": kind, "filters": [2, 9]}}, lambda name: DIGITS)
    space = prepared.definition["space"]
    assert (space["kind"], space["filters"]) == (kind, [2, 9])
    assert isinstance(prepared.problem.space, NetworkSpace)
    assert prepared.problem.space.ranges == replace(PRESETS[kind], filters=(2, 9))


def test_a_training_preset_is_written_out_with_the_studys_changes() -> None:
    training = {"preset": "munas-mnist", "epochs": 3}
    prepared = prepare({**NETWORK, "training": training}, lambda name: DIGITS)
    written = prepared.definition["training"]
    assert (written["optimizer"], written["epochs"], "preset" in written) == ("sgd", 3, False)
    assert prepare(prepared.definition, lambda name: DIGITS) == prepared


def test_a_network_study_gets_full_names_roles_and_scales() -> None:
    prepared = prepare(NETWORK, lambda name: DIGITS)
    assert prepared.kind is Kind.NETWORK
    names = ["error", "model_size:deployed", "working_memory:wm1"]
    assert [o["name"] for o in prepared.definition["objectives"]] == names
    assert [o.role for o in prepared.problem.objectives] == ["measured", "known", "known"]
    assert prepared.problem.scaled
    error, size, _ = prepared.problem.objectives
    assert error.scale is not None
    assert (error.scale.ideal, error.scale.reference) == pytest.approx((0.5 / 300, 0.45))
    assert size.scale is not None
    assert size.scale.reference == 16000
    assert prepared.definition["device"] == "stm32f446re"
    assert prepared.definition["training"]["epochs"] >= 1


def test_a_completed_definition_means_the_same() -> None:
    prepared = prepare(NETWORK, lambda name: DIGITS)
    assert prepare(prepared.definition, lambda name: DIGITS) == prepared


def test_a_given_scale_of_a_black_box_is_fixed_at_once() -> None:
    given = [{"name": "a", "ideal": 1.0, "reference": 2.0}, {"name": "b", "ideal": 1.0}]
    first, second = prepare(definition(objectives=given), lambda name: DIGITS).problem.objectives
    assert first.scale is not None
    assert second.scale is None


@pytest.mark.parametrize("stopping", [None, {}])
def test_a_problem_survives_the_way_through_the_database(stage: Stage, stopping: Any) -> None:
    announce(stage, "w", DIGITS)
    wanted = {**NETWORK, "stopping": stopping}
    problem = studies.problem_of(stage.read_study(stage.study(**wanted)))
    assert problem == prepare(wanted, lambda name: DIGITS).problem
    # The epochs of a trial are a coordinate only where trials differ in them.
    assert (problem.space.columns[-1].name == "log_epochs") == (stopping is not None)


def test_the_first_difference_is_found_in_the_order_of_the_fields() -> None:
    old = {"a": 1, "b": {"c": [1, {"d": 2}]}, "e": 3}
    assert first_difference(old, dict(old)) is None
    assert first_difference(old, {**old, "e": 4, "b": {"c": [1, {"d": 3}]}}) == "b.c.1.d"
    assert first_difference(old, {**old, "b": {"c": [1]}}) == "b.c"
    assert first_difference(old, {**old, "new": 1}) == "new"
    assert first_difference({"x": 1}, {"x": 1.0}) is None


def announce(stage: Stage, worker: str, *data: dict[str, Any]) -> None:
    with stage.begin() as session:
        workers.announce(session, worker, Announcement("cpu", "host", 1, {}, data), stage.now)


def network(stage: Stage, **changes: Any) -> Study:
    with stage.begin() as session:
        return studies.create(session, {**NETWORK, **changes}, stage.now)[0]


def test_a_network_study_needs_data_that_a_worker_announced(stage: Stage) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        network(stage)
    assert refused.value.field == "data"
    assert "nothing yet" in str(refused.value)
    assert "tinyfront-server worker" in str(refused.value.remedy)
    announce(stage, "w", DIGITS)
    with pytest.raises(InvalidDefinition, match="no worker holds 'mnist'; the workers hold digits"):
        network(stage, data="mnist")
    study = network(stage)
    assert study.data == DIGITS
    assert (study.data_name, study.data_sha256) == ("digits", "a" * 64)


def test_data_with_a_problem_is_refused_with_that_problem(stage: Stage) -> None:
    broken = {**dict.fromkeys(DIGITS), "name": "digits", "problem": "y_train has 3 rows too few."}
    announce(stage, "w", broken)
    with pytest.raises(InvalidDefinition, match="y_train has 3 rows too few"):
        network(stage)
    stage.wait(1)
    announce(stage, "other", DIGITS)
    assert network(stage).data == DIGITS


def test_a_network_study_is_found_again_after_its_workers_data_changed(stage: Stage) -> None:
    announce(stage, "w", DIGITS)
    first = network(stage)
    announce(stage, "w", {**DIGITS, "sha256": "c" * 64, "classes": 5})
    assert network(stage).id == first.id
    with pytest.raises(NameTaken) as refused:
        network(stage, data="mnist")
    assert refused.value.field == "data"


def test_networks_go_only_to_workers_with_equal_data(stage: Stage) -> None:
    announce(stage, "w", DIGITS)
    study = network(stage, designer="random")
    problem = studies.problem_of(study)
    point = problem.space.sample(random.Random(0))
    with stage.begin() as session:
        trial = trials.enqueue(session, study.id, point, None, stage.now)
        assert set(trial.known) >= {"macs", "model_size:deployed", "working_memory:arena"}
        assert trial.epochs == trial.work["training"]["epochs"]
    assert stage.claim(can=ALL, data={}) == []
    assert stage.claim(can=ALL, data={"digits": "c" * 64}) == []
    work = stage.lease(can=ALL, data={"digits": "a" * 64}).work
    assert work["kind"] == "network"
    assert (work["data"], work["data_sha256"]) == ("digits", "a" * 64)
    assert work["split_sha256"] == "b" * 64
    assert work["metrics"] == ["error"]
    assert 0 <= work["seed"] < 2**31
