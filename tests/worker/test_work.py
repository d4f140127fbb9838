"""What a worker accepts as work, and how it says no."""

from pathlib import Path
from typing import Any

import pytest

from tests.worker.samples import CHAIN, RECIPE, data_set, work_json
from worker.errors import Infeasible, UnsupportedWork
from worker.recipe import Recipe
from worker.work import Work


@pytest.fixture
def json(tmp_path: Path) -> dict[str, Any]:
    return work_json(data_set(tmp_path))


def test_work_is_read_whole(json: dict[str, Any]) -> None:
    work = Work.from_json(json)
    assert work.graph == CHAIN
    assert work.recipe == Recipe(**RECIPE)
    assert (work.data, work.seed) == ("rows", 7)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "parameters"}, "kind: this worker trains networks"),
        ({"pruning": {"target": 0.5}}, "pruning: .*scope"),
        ({"pruning": {"scope": "all"}}, "pruning: "),
        ({"metrics": ["error", "latency"]}, "measures no 'latency'"),
        ({"instructions": {"z80": {}}}, "instructions: Instructions were not counted on 'z80'"),
        ({"instructions": {"m4": {"add": [-1.0]}}}, r"instructions\.m4\.add: need numbers"),
        ({"seed": -1}, "seed: need a whole number"),
        ({"seed": 2**63}, "seed: need a whole number"),
        ({"graph": {"version": 1, "nodes": [{"id": "a", "kind": "lstm"}]}}, "graph: kind"),
    ],
)
def test_work_that_this_version_cannot_do_is_refused(
    json: dict[str, Any], changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UnsupportedWork, match=reason):
        Work.from_json(json | changes)


def test_a_missing_field_is_named(json: dict[str, Any]) -> None:
    del json["split_sha256"]
    with pytest.raises(UnsupportedWork, match="split_sha256 is missing"):
        Work.from_json(json)


def test_fields_that_change_nothing_for_a_worker_are_left_alone(json: dict[str, Any]) -> None:
    assert Work.from_json(json | {"replicate": 3, "lineage": [1]}) == Work.from_json(json)


def test_an_impossible_network_is_infeasible_and_its_node_named(json: dict[str, Any]) -> None:
    json["graph"]["nodes"][1]["inputs"] = ["nowhere"]
    with pytest.raises(Infeasible, match=r"conv\.inputs"):
        Work.from_json(json)


@pytest.mark.parametrize(
    "changes",
    [
        {"epochs": 0},
        {"epochs": 1.5},
        {"epochs": True},
        {"batch_size": 1},
        {"learning_rate": 0},
        {"learning_rate": float("nan")},
        {"learning_rate": "high"},
        {"weight_decay": -0.1},
        {"dropout": 1.0},
        {"schedule": "hills"},
        {"optimizer": "lion"},
        {"augment": "shift33"},
        {"augment": None},
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused_by_field(changes: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedWork, match=rf"training\.{next(iter(changes))}: need"):
        Recipe.from_json(RECIPE | changes)


def test_a_recipe_of_a_newer_server_is_refused_and_the_field_named() -> None:
    with pytest.raises(UnsupportedWork, match=r"training\.mixup"):
        Recipe.from_json(RECIPE | {"mixup": 0.1})
    with pytest.raises(UnsupportedWork, match="epochs"):
        Recipe.from_json({"batch_size": 8, "learning_rate": 0.1})
