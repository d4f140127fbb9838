"""Networks that are cut in their training, and networks that inherit, over HTTP."""

import json
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from optimizer.space import space_from_json
from resource_models.devices import device
from resource_models.even_cut import even_cut
from resource_models.footprint import footprint
from resource_models.graph import Graph
from service import lending
from service.claims import Claim
from tests.api.conftest import Served, assert_problem, new_id, wait_until
from tests.api.test_bad_input import DIGITS, NETWORKS, announce

SPACE = {"kind": "tiny", "joins": ["none"], "exits": ["none"]}
DATA = {"digits": DIGITS["sha256"]}
EVERYTHING = ["pruning", "parent", "binary", "training"]
GENE: dict[str, Any] = {"scope": "channels", "method": "magnitude", "target": 0.5}


def study(served: Served, **changes: Any) -> dict[str, Any]:
    announce(served)
    body = {**NETWORKS, "space": SPACE, "trials": 50, **changes}
    answer = served.ask("POST", "/studies", body)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


def point(seed: int, pruned: bool = False) -> dict[str, Any]:
    space = space_from_json(SPACE, input_shape=(8, 8, 1), classes=10, device="stm32f446re")
    drawn = space.sample(random.Random(seed))
    plain = {name: gene for name, gene in drawn.items() if name != "pruning"}
    return {**plain, "pruning": GENE} if pruned else plain


def queue(served: Served, **body: Any) -> dict[str, Any]:
    answer = served.ask("POST", "/studies/nets/trials", body)
    assert answer.status_code == 201, answer.text
    queued: dict[str, Any] = answer.json()
    return queued


def lease(served: Served, **body: Any) -> dict[str, Any]:
    (found,) = served.claim("nets", data=DATA, can=EVERYTHING, **body)
    return found


def leave(served: Served, lease: dict[str, Any], name: str, content: bytes) -> None:
    path = f"/api/v1/attempts/{lease['attempt_id']}/artefacts/{name}"
    answer = served.http.put(path, content=content, headers={"X-Lease-Token": lease["token"]})
    assert answer.status_code == 201, answer.text


def finish(
    served: Served, lease: dict[str, Any], graph: bytes = b"{}", **more: float
) -> dict[str, Any]:
    leave(served, lease, "graph.json", graph)
    leave(served, lease, "weights.safetensors", b"0" * 99)
    answer = served.tell(lease, "complete", metrics={"error": 0.1, **more})
    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    return done


def cut(lease: dict[str, Any]) -> Graph:
    """What a worker would leave of a lease's network."""
    left = even_cut(Graph.from_json(lease["work"]["graph"]), GENE["scope"], GENE["target"]).graph
    assert left != Graph.from_json(lease["work"]["graph"])
    return left


def test_a_pruned_trial_shows_a_prediction_then_what_came_out(served: Served) -> None:
    study(served)
    queued = queue(served, point=point(0, pruned=True))
    assert queued["values"] == {}
    assert queued["predicted_figures"]["macs"] > 0
    held = lease(served)
    before = served.get(f"/trials/{queued['id']}")
    assert before["graph"] == held["work"]["graph"]
    assert before["pruning"]["scope"] == "channels"
    assert before["needs"] == ["pruning", "int8"]
    assert served.get(f"/trials/{queued['id']}/network")["proposed"] is True
    left = cut(held)
    figures = footprint(left, device("stm32f446re")).figures()
    done = finish(served, held, json.dumps(left.to_json()).encode(), **figures)
    assert done["values"] == {"error": 0.1, **figures}
    assert done["predicted_figures"] == queued["predicted_figures"]
    after = served.get(f"/trials/{queued['id']}")
    assert Graph.from_json(after["graph"]) == left
    assert max(size for _, size in after["memory_timeline"]) == figures["working_memory:bound"]
    drawn = served.get(f"/trials/{queued['id']}/network")
    assert drawn["proposed"] is False
    shapes = {node["id"]: tuple(node["shape"]) for node in drawn["nodes"]}
    assert shapes == dict(left.shapes)
    memory = served.get(f"/trials/{queued['id']}/figures/memory")
    assert max(memory["data"][0]["x"]) == figures["working_memory:bound"]


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"[" * 100_000,
        b"\xff",
        b'{"version": 1, "nodes": [{"id": "a", "kind": "quantum"}]}',
    ],
    ids=["no graph", "deep", "no text", "unknown kind"],
)
def test_a_network_that_cannot_be_read_is_shown_as_it_was_proposed(
    served_sqlite: Served, content: bytes
) -> None:
    study(served_sqlite)
    queued = queue(served_sqlite, point=point(0, pruned=True))
    held = lease(served_sqlite)
    finish(served_sqlite, held, content, **queued["predicted_figures"])
    assert served_sqlite.get(f"/trials/{queued['id']}")["graph"] == held["work"]["graph"]
    assert served_sqlite.get(f"/trials/{queued['id']}/network")["proposed"] is True


def test_a_network_of_a_megabyte_is_not_read(served_sqlite: Served) -> None:
    study(served_sqlite)
    queued = queue(served_sqlite, point=point(0, pruned=True))
    held = lease(served_sqlite)
    content = json.dumps(cut(held).to_json()).encode() + b" " * 2**20
    finish(served_sqlite, held, content, **queued["predicted_figures"])
    assert served_sqlite.get(f"/trials/{queued['id']}/network")["proposed"] is True


def test_another_network_than_the_proposed_one_is_not_shown(served_sqlite: Served) -> None:
    study(served_sqlite)
    queued = queue(served_sqlite, point=point(0, pruned=True))
    held = lease(served_sqlite)
    foreign = json.loads(json.dumps(held["work"]["graph"]).replace('"id": "', '"id": "x'))
    for node in foreign["nodes"]:
        node["inputs"] = [f"x{name}" for name in node["inputs"]]
    Graph.from_json(foreign)
    finish(served_sqlite, held, json.dumps(foreign).encode(), **queued["predicted_figures"])
    assert served_sqlite.get(f"/trials/{queued['id']}")["graph"] == held["work"]["graph"]


def test_a_child_and_its_parent_show_each_other(served: Served) -> None:
    study(served, training={"inherit_epochs": 5})
    parent = queue(served, point=point(0))
    finish(served, lease(served))
    child = queue(served, point=point(1), parent=1)
    shown = served.get(f"/trials/{child['id']}")
    assert shown["parent"] == {"id": parent["id"], "number": 1, "status": "completed"}
    assert shown["children"] == []
    above = served.get(f"/trials/{parent['id']}")
    assert above["parent"] is None
    assert above["children"] == [{"id": child["id"], "number": 2, "status": "queued"}]
    work = lease(served)["work"]
    assert work["parent"]["trial"] == parent["id"]
    assert 0 < work["training"]["epochs"] < above["epochs"]
    assert shown["epochs"] == above["epochs"] + work["training"]["epochs"]


@pytest.mark.parametrize(
    ("parent", "words"),
    [(7, "has no trial 7"), (1, "is queued"), (0, ""), ("1", ""), (1.5, ""), (2**40, "")],
)
def test_a_wrong_parent_is_refused_by_its_field(
    served_sqlite: Served, parent: Any, words: str
) -> None:
    study(served_sqlite)
    queue(served_sqlite, point=point(0))
    body = {"point": point(1), "parent": parent}
    answer = served_sqlite.ask("POST", "/studies/nets/trials", body)
    assert words in assert_problem(answer, 422, "parent")["detail"]


def test_a_black_box_has_no_parents(served_sqlite: Served) -> None:
    served_sqlite.study()
    body = {"parameters": {"x": 0.5}, "parent": 1}
    answer = served_sqlite.ask("POST", "/studies/toy/trials", body)
    assert "inherit nothing" in assert_problem(answer, 422, "parent")["detail"]


def test_a_claim_without_abilities_waits_for_what_it_can_do(served: Served) -> None:
    study(served)
    queue(served, point=point(0, pruned=True))
    assert served.claim("nets", data=DATA) == []
    assert served.claim("nets", data=DATA, can=["flight", "parent"]) == []
    plain = queue(served, point=point(1))
    (held,) = served.claim("nets", data=DATA)
    assert held["trial_id"] == plain["id"]
    assert lease(served)["number"] == 1


@pytest.mark.parametrize("can", ["pruning", [1], ["x" * 65], ["x"] * 65, None])
def test_wrong_abilities_are_refused_by_their_field(served_sqlite: Served, can: Any) -> None:
    body = {"worker": "w", "request_id": new_id(), "can": can}
    answer = served_sqlite.ask("POST", "/leases", body)
    field = assert_problem(answer, 422, answer.json()["field"])["field"]
    assert field.startswith("can")


def test_a_waiting_claim_is_not_woken_for_what_it_cannot_do(
    served_sqlite: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = served_sqlite
    tries: list[str] = []
    study(served)
    queue(served, point=point(0, pruned=True))
    claim = lending.claim

    def counted(
        session: Session, wanted: Sequence[Claim], now: datetime
    ) -> list[list[lending.Lease]]:
        tries.extend(wish.worker for wish in wanted)
        return claim(session, wanted, now)

    monkeypatch.setattr(lending, "claim", counted)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(served.claim, "nets", data=DATA, wait_s=30)
        wait_until(lambda: len(tries) == 1)
        time.sleep(0.8)  # three beats of the watcher
        assert len(tries) == 1
        plain = queue(served, point=point(1))
        assert [held["trial_id"] for held in waiting.result(10)] == [plain["id"]]


def test_a_study_of_two_classes_tells_its_workers(served: Served) -> None:
    created = study(served, binary=5)
    assert created["definition"]["binary"] == 5
    assert created["data"]["classes"] == 10
    queued = queue(served, point=point(0))
    assert served.claim("nets", data=DATA) == []
    held = lease(served)
    assert held["work"]["binary"] == 5
    assert Graph.from_json(held["work"]["graph"]).shapes[
        Graph.from_json(held["work"]["graph"]).output
    ] == (2,)
    assert queued["id"] == held["trial_id"]


@pytest.mark.parametrize("binary", [0, 10, -1, "5", 2.5, True])
def test_wrong_classes_are_refused_by_their_field(served_sqlite: Served, binary: Any) -> None:
    announce(served_sqlite)
    answer = served_sqlite.ask("POST", "/studies", {**NETWORKS, "binary": binary})
    assert_problem(answer, 422, "binary")


def test_the_export_holds_measured_values(served_sqlite: Served) -> None:
    study(served_sqlite)
    queued = queue(served_sqlite, point=point(0, pruned=True))
    figures = {name: value + 1 for name, value in queued["predicted_figures"].items()}
    finish(served_sqlite, lease(served_sqlite), **figures)
    text = served_sqlite.ask("GET", "/studies/nets/export?format=jsonl").text
    assert json.loads(text)["values"] == {"error": 0.1, **figures}
    table = served_sqlite.ask("GET", "/studies/nets/export").text
    assert f",{figures['model_size:deployed']:.1f}," in table
