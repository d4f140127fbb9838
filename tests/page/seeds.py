"""Studies to look at, made over HTTP: a search for networks and a black box."""

import json
import math
import random
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from optimizer.space import Space, space_from_json
from resource_models.devices import device
from resource_models.even_cut import even_cut
from resource_models.footprint import footprint
from resource_models.graph import Graph
from service.models import Metric, Study, Trial
from service.states import SEARCH, Status
from tests.api.conftest import Served, new_id

EPOCHS = 4
SHA = "ab" * 32
DIGITS = {
    "name": "digits",
    "sha256": SHA,
    "shape": [8, 8, 1],
    "classes": 10,
    "train": 897,
    "validation": 300,
    "test": 600,
    "split_sha256": "cd" * 32,
    "problem": None,
}
NETWORKS: dict[str, Any] = {
    "name": "digits-f446",
    "space": {"kind": "tiny", "pruning_scopes": ["none"]},
    "objectives": [
        {"name": "error"},
        {"name": "model_size", "bound": 2770},
        {"name": "working_memory", "bound": 1960},
    ],
    "data": "digits",
    "device": "stm32f446re",
    "designer": "random",
    "trials": 60,
    "training": {"epochs": EPOCHS},
}
SCRIPT = "<script>window.hacked = true</script><img src=x onerror='window.hacked=true'>"


def announce(served: Served) -> None:
    """Let a worker say that it holds the digits."""
    body = {"accelerator": "cpu", "host": "bench", "pid": 7, "versions": {}, "data": [DIGITS]}
    answer = served.ask("PUT", "/workers/bench-1", body)
    assert answer.status_code == 200, answer.text


def networks(served: Served, finished: int, **changes: Any) -> dict[str, Any]:
    """Create a study of networks and finish so many of its trials."""
    announce(served)
    answer = served.ask("POST", "/studies", NETWORKS | changes)
    assert answer.status_code == 201, answer.text
    study: dict[str, Any] = answer.json()
    space = space_from_json(
        study["definition"]["space"], input_shape=(8, 8, 1), classes=10, device="stm32f446re"
    )
    rng = random.Random(3)
    for number in range(finished):
        one_network(served, study["name"], space, rng, number)
    return study


def one_network(served: Served, study: str, space: Space, rng: random.Random, number: int) -> None:
    """Propose a network, and let it finish, diverge or crash as a worker would tell it."""
    answer = served.ask("POST", f"/studies/{study}/trials", {"point": space.sample(rng)})
    assert answer.status_code == 201, answer.text
    [lease] = served.claim(study, worker="bench-1", data={"digits": SHA})
    if number % 11 == 7:
        served.tell(lease, "fail", reason="The loss became NaN in epoch 2.", infeasible=True)
        return
    if number % 17 == 12:
        served.tell(lease, "fail", reason=f"RuntimeError: {SCRIPT}", retry=False)
        return
    error = likely_error(answer.json()["values"]["model_size:deployed"], rng)
    for epoch in range(1, EPOCHS + 1):
        left = math.exp(-3 * epoch / EPOCHS) if epoch < EPOCHS else 0.0
        metrics = {"loss": 0.1 + 2.1 * left, "train_error": error + 0.8 * left}
        metrics["error"] = min(0.9, error + 0.7 * left)
        served.tell(lease, "reports", step=epoch, metrics=metrics)
    upload(served, lease, "graph.json", b"{}")
    upload(served, lease, "int8.json", b"{}")
    upload(served, lease, "weights.safetensors", b"0" * 4321)
    metrics = {"error": error, "validation_images": 300.0, "train_s": 2.5 + rng.random()}
    assert served.tell(lease, "complete", metrics=metrics).status_code == 200


def family(served: Served) -> dict[str, Any]:
    """Create a study with a pruned network and a child of it; the child waits in the queue."""
    announce(served)
    roomy = {"kind": "tiny", "blocks": [2, 3], "kinds": ["conv"], "filters": [8, 32]}
    more = {"name": "family", "space": roomy, "binary": 5}
    objectives = [{"name": "error"}, {"name": "model_size"}, {"name": "latency"}]
    answer = served.ask("POST", "/studies", NETWORKS | more | {"objectives": objectives})
    assert answer.status_code == 201, answer.text
    space = space_from_json(
        answer.json()["definition"]["space"], input_shape=(8, 8, 1), classes=2, device="stm32f446re"
    )
    drawn = space.sample(random.Random(3))
    plain = {name: part for name, part in drawn.items() if name != "pruning"}
    gene = {"scope": "channels", "method": "magnitude", "target": 0.5}
    queued = served.ask("POST", "/studies/family/trials", {"point": {**plain, "pruning": gene}})
    assert queued.status_code == 201, queued.text
    [lease] = served.claim("family", data={"digits": SHA}, can=["pruning", "binary"])
    whole = Graph.from_json(lease["work"]["graph"])
    left = even_cut(whole, "channels", 0.7).graph  # not what was predicted
    upload(served, lease, "graph.json", json.dumps(left.to_json()).encode())
    upload(served, lease, "weights.safetensors", b"0" * 4321)
    figures = footprint(left, device("stm32f446re")).figures()
    details = {"pruning": {"reached": 0.5, "cut_after_epoch": 2} | CUT}
    metrics = {"error": 0.05, "validation_images": 300.0, "train_s": 3.0, **figures}
    assert served.tell(lease, "complete", metrics=metrics, details=details).status_code == 200
    child = served.ask("POST", "/studies/family/trials", {"point": plain, "parent": 1})
    assert child.status_code == 201, child.text
    return {"parent": queued.json(), "child": child.json(), "left": left}


CUT = {
    "before": {"channels": 24, "inputs": 16, "weights": 1234},
    "after": {"channels": 12, "inputs": 16, "weights": 345},
}


def upload(served: Served, lease: dict[str, Any], name: str, content: bytes) -> None:
    """Leave a file under a lease."""
    path = f"/api/v1/attempts/{lease['attempt_id']}/artefacts/{name}"
    headers = {"X-Lease-Token": lease["token"]}
    answer = served.http.put(path, content=content, headers=headers)
    assert answer.status_code == 201, answer.text


def likely_error(size_bytes: float, rng: random.Random) -> float:
    """Larger networks err less, with luck."""
    expected = 0.008 + 1.8 * size_bytes**-0.62 * math.exp(rng.gauss(0, 0.35))
    return round(min(0.9, expected) * 300) / 300


def black_box(served: Served, finished: int, name: str = "toy") -> dict[str, Any]:
    """Create a study of a black box and finish so many of its trials."""
    study = served.study(name=name, trials=max(finished, 4) + 1)
    for number in range(finished):
        complete_one(served, name, (number + 1) / (finished + 1))
    return study


def crowd(served: Served, finished: int, name: str = "crowd") -> None:
    """Create a study of a black box with so many results, entered at once."""
    study = served.study(name=name, trials=finished + 1)["id"]
    rng = random.Random(1)
    rows = [{"cost": rng.uniform(1, 10), "size": rng.uniform(1, 10)} for _ in range(finished)]
    rows[0] = {"cost": 0.5, "size": 0.5}  # the front
    with served.db.begin() as session:
        now = served.db.now(session)
        session.execute(
            insert(Trial), [_finished(study, at, now, at == 0) for at in range(finished)]
        )
        numbered = select(Trial.id).where(Trial.study_id == study).order_by(Trial.number)
        metrics = [
            {"trial_id": trial_id, "study_id": study, "name": name, "value": value}
            for trial_id, row in zip(session.scalars(numbered), rows, strict=True)
            for name, value in row.items()
        ]
        session.execute(insert(Metric), metrics)
        state = {"last_number": finished, "finish_no": finished, "front_size": 1}
        session.execute(update(Study).where(Study.id == study).values(**state))


def _finished(study: int, at: int, now: datetime, on_front: bool) -> dict[str, Any]:
    point = {"x": at / 10_000}
    return {
        "study_id": study,
        "number": at + 1,
        "key": f"{at:064x}",
        "purpose": SEARCH,
        "status": Status.COMPLETED,
        "point": point,
        "known": {},
        "work": {"kind": "parameters", "parameters": point, "metrics": ["cost", "size"]},
        "designer": "random",
        "origin": "random",
        "details": {},
        "attempts": 1,
        "created_at": now,
        "started_at": now,
        "finished_at": now,
        "entered_at": now,
        "finish_no": at + 1,
        "feasible": True,
        "on_front": on_front,
    }


def complete_one(served: Served, study: str, x: float) -> int:
    """Propose one point and deliver its result; returns the trial's id."""
    queued = served.enqueue(x, study)
    [lease] = served.claim(study, request_id=new_id())
    served.complete(lease, cost=10 * x**2, size=10 * (1 - x) ** 2)
    trial_id: int = queued["id"]
    return trial_id
