"""The family of a trial over HTTP: its line, its descendants, and where both are cut off."""

from typing import Any

import pytest

from service import trials
from service.changes import changes
from service.models import Trial
from tests.api.conftest import Served, assert_problem

POINT: dict[str, Any] = {
    "input": {"side": 8, "grey": False},
    "blocks": [
        {
            "id": "b1",
            "layers": [{"id": "l1", "kind": "conv", "filters": 8, "kernel": [3, 3], "relu": True}],
        }
    ],
    "head": {"pool": "global", "dense": [], "dropout": 0.0},
    "learning_rate": 0.003,
}


def block(name: str, *layers: str) -> dict[str, Any]:
    made = [{"id": each, "kind": "conv", "filters": 4} for each in layers]
    return {"id": name, "layers": made}


def layer(**changed: Any) -> dict[str, Any]:
    [only] = POINT["blocks"]
    return POINT | {"blocks": [only | {"layers": [only["layers"][0] | changed]}]}


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (POINT, []),
        (POINT | {"parent": {"key": "a" * 64, "epochs": 3}}, []),
        (POINT | {"learning_rate": 0.001}, ["learning rate 0.003 → 0.001"]),
        (POINT | {"input": {"side": 6, "grey": True}}, ["input side 8 → 6", "input grey off → on"]),
        (POINT | {"blocks": [*POINT["blocks"], block("b2", "l2", "l3")]}, ["block b2 added"]),
        (POINT | {"blocks": []}, ["block b1 removed"]),
        (layer(filters=12), ["l1 filters 8 → 12"]),
        (layer(kernel=[5, 3]), ["l1 kernel 3\u00d73 → 5\u00d73"]),
        (layer(relu=False), ["l1 relu on → off"]),
        (
            POINT | {"head": POINT["head"] | {"dense": [{"id": "d1", "units": 16}]}},
            ["dense layer d1 added (16)"],
        ),
        (
            POINT | {"blocks": [block("b1", "l1", "l4")]},
            [
                "layer l4 added (conv, 4)",
                "l1 filters 8 → 4",
                "l1 kernel 3\u00d73 → none",
                "l1 relu on → none",
            ],
        ),
        (
            POINT | {"pruning": {"scope": "channels", "target": None}},
            ["pruning scope none → channels"],
        ),
    ],
)
def test_a_morph_is_told_in_words(after: dict[str, Any], words: list[str]) -> None:
    assert changes(POINT, after) == words


def grow(served: Served, parents: list[int | None], study: str = "toy") -> list[int]:
    """Queue a trial for each entry, which is the place of its parent; returns their ids."""
    ids = [served.enqueue((n + 1) / 1000, study)["id"] for n in range(len(parents))]
    with served.db.begin() as session:
        for trial_id, parent in zip(ids, parents, strict=True):
            trial = session.get_one(Trial, trial_id)
            trial.parent_id = None if parent is None else ids[parent]
            trial.point = POINT | {"learning_rate": trial.number / 1000}
    return ids


def told(served: Served, trial_id: int, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = served.get(f"/trials/{trial_id}/lineage{query}")
    return found


def shape(found: dict[str, Any]) -> list[tuple[int, int]]:
    return [(each["number"], each["generation"]) for each in found["items"]]


def test_a_family_has_the_line_above_and_all_below(served: Served) -> None:
    served.study(trials=50)
    ids = grow(served, [None, 0, 1, 1, 3, None])
    found = told(served, ids[1])
    assert shape(found) == [(1, -1), (2, 0), (3, 1), (4, 1), (5, 2)]
    assert (found["older"], found["more"]) == (False, False)
    eldest, itself, *_, last = found["items"]
    assert (eldest["parent_id"], eldest["children"], eldest["changes"]) == (None, 1, [])
    assert (itself["children"], itself["changes"]) == (2, ["learning rate 0.001 → 0.002"])
    assert (last["parent_id"], last["children"]) == (ids[3], 0)
    assert shape(told(served, ids[5])) == [(6, 0)]


def test_a_deep_line_and_many_children_are_cut_off_and_it_is_told(served: Served) -> None:
    served.study(trials=500)
    line = [None, *range(49)]
    ids = grow(served, [*line, *[49] * 200])
    whole = told(served, ids[49])
    assert shape(whole) == [
        *((number, number - 50) for number in range(1, 51)),
        *((number, 1) for number in range(51, 251)),
    ]
    assert not whole["older"]
    assert not whole["more"]
    cut = told(served, ids[49], "?ancestors=2&descendants=3")
    assert shape(cut) == [(48, -2), (49, -1), (50, 0), (51, 1), (52, 1), (53, 1)]
    assert (cut["older"], cut["more"]) == (True, True)
    assert cut["items"][2]["children"] == 200
    assert cut["items"][0]["changes"] == [], "its parent is not shown"
    alone = told(served, ids[49], "?ancestors=0&descendants=0")
    assert (shape(alone), alone["older"], alone["more"]) == ([(50, 0)], True, True)


def test_a_family_tells_results_and_the_front(served: Served) -> None:
    served.study()
    [parent, child] = grow(served, [None, 0])
    lease, _ = served.claim(count=2)
    served.complete(lease, cost=1.0, size=2.0)
    first, second = told(served, child)["items"]
    assert (first["id"], first["status"], first["values"]["cost"]) == (parent, "completed", 1.0)
    assert (second["status"], second["values"]) == ("running", {})


def test_the_family_of_nobody_is_not_found(served_sqlite: Served) -> None:
    assert_problem(served_sqlite.ask("GET", "/trials/99/lineage"), 404)
    served_sqlite.study()
    [trial] = grow(served_sqlite, [None])
    for query, field in (("ancestors=-1", "ancestors"), ("descendants=1001", "descendants")):
        answer = served_sqlite.ask("GET", f"/trials/{trial}/lineage?{query}")
        assert_problem(answer, 422, field)


def test_what_a_proposal_cared_for_is_told_of_one_direction(served: Served) -> None:
    served.study()
    trial = served.enqueue(0.5)["id"]
    assert served.get(f"/trials/{trial}")["preference"] is None
    for prior in ("sphere", "simplex"):
        with served.db.begin() as session:
            row = trials.get(session, trial)
            row.details = {"prior": prior, "rays": 1, "weights_seed": 3}
        shares = served.get(f"/trials/{trial}")["preference"]
        assert set(shares) == {"cost", "size"}
        assert sum(shares.values()) == pytest.approx(1.0)
    with served.db.begin() as session:
        trials.get(session, trial).details = {"prior": "box", "rays": 1, "weights_seed": 3}
    assert served.get(f"/trials/{trial}")["preference"] is None
    with served.db.begin() as session:
        trials.get(session, trial).details = {"prior": "sphere", "rays": 512, "weights_seed": 3}
    assert served.get(f"/trials/{trial}")["preference"] is None
