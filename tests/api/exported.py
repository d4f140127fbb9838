"""Studies with trials in every state, and their files on the way out and in."""

import json
from pathlib import Path
from typing import Any

import httpx

from tests.api.conftest import Served, wait_until
from tests.service import network_study
from tests.service.stage import Stage

Lines = list[dict[str, Any]]


def fill(served: Served) -> None:
    """A study with trials done, retried, infeasible, cancelled, running and queued."""
    served.study(trials=50, constraints=["heat <= 5"])
    for at in range(4):
        served.enqueue(at / 10)
        [lease] = served.claim(worker=f"w{at}")
        served.tell(lease, "reports", step=1, metrics={"loss": 1.5, "cost": float(at)})
        if at == 1:
            served.tell(lease, "fail", reason="broke")
            [lease] = served.claim(worker="w9")
        metrics = {"cost": float(at), "size": 4.0 - at, "heat": float(at)}
        served.tell(lease, "complete", metrics=metrics, details={"note": "é"})
    served.enqueue(0.8)
    [lease] = served.claim()
    served.tell(lease, "fail", reason="diverged", infeasible=True)
    served.ask("POST", f"/trials/{served.enqueue(0.9)['id']}/cancel")
    served.enqueue(0.91)
    served.claim()
    served.enqueue(0.92)
    wait_until(lambda: bool(served.get("/studies/toy")["finished"] == 5))


def export(served: Served, study: str = "toy") -> Lines:
    answer = served.ask("GET", f"/studies/{study}/export?format=study")
    assert answer.headers["Content-Type"] == "application/jsonl"
    return [json.loads(line) for line in answer.text.splitlines()]


def text(lines: Lines) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def bring(served: Served, body: bytes, name: str = "copy", **headers: str) -> httpx.Response:
    url = f"/api/v1/studies/import?name={name}"
    return served.http.post(url, content=body, headers=headers)


def fill_networks(served: Served, folder: Path) -> None:
    """A study of networks: one with a result, its child, one to be pruned, two confirm runs."""
    stage = Stage(served.db)
    with served.db.read() as session:
        stage.now = served.db.now(session)
    study_id = network_study.network(stage, name="nets")
    done = network_study.finished(stage, network_study.store(folder), study_id, seed=0)
    stage.advance(study_id)
    network_study.enqueue(stage, study_id, network_study.point(stage, study_id, 1), done.number)
    point = network_study.point(stage, study_id, 2)
    network_study.enqueue(stage, study_id, network_study.pruned(point))
    network_study.confirm(stage, study_id, seeds=2)
