"""One study of 100,000 trials on both databases: how long pages, front, chart and claims take.

The study is filled by bulk inserts with a true front and a true history of its hypervolume, then
served by a process of its own and read over one kept connection: 50 calls of each kind after three
to warm up, percentiles of the whole round trip. Beside them the CPU time that the server took for
one (without PostgreSQL's own): it says the same on a machine that has other things to do.
"""

import json
import random
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from sqlalchemy import insert, select, text, update

from benchmarks.record import record
from optimizer.pareto import hypervolume, non_dominated
from service import schema, studies
from service.db import Database
from service.models import Hypervolume, Metric, Study, Trial
from service.states import SEARCH, Status
from tests.postgres import postgres_server

TRIALS, QUEUED, INFEASIBLE = 100_000, 500, 500
CALLS, WARM_UP = 50, 3
LIMIT_MS = 100.0
START = datetime(2026, 1, 1, tzinfo=UTC)
DEFINITION = {
    "name": "scale",
    "space": {
        "kind": "parameters",
        "parameters": [
            {"name": "x", "kind": "real", "low": 0.0, "high": 1.0},
            {"name": "y", "kind": "real", "low": 0.0, "high": 1.0},
        ],
    },
    "objectives": [
        {"name": "cost", "ideal": 0.0, "reference": 1.0},
        {"name": "gain", "goal": "maximize", "ideal": 1.0, "reference": 0.0},
        {"name": "size", "expression": "100*x + y", "ideal": 0.0, "reference": 101.0},
    ],
    "trials": TRIALS,
    "designer": "random",
}
# As a proposal of a model leaves them.
DETAILS = {"think_s": 0.25, "basis": {"fit": 1, "seed": 12345, "pending": [], "note": "n" * 200}}
PREDICTION = {"cost": {"mean": 0.5, "sd": 0.1}, "gain": {"mean": 0.5, "sd": 0.1}}


def fill(db: Database) -> dict[str, np.ndarray]:
    """Enter a study as its workers and its ledger would have left it.

    Returns:
        The values of its trials by metric, in the order of their numbers; what follows those that
        are completed is NaN.
    """
    rng = random.Random(0)
    points = [{"x": rng.random(), "y": rng.random()} for _ in range(TRIALS)]
    costs = np.array([(p["x"] + rng.random()) / 2 for p in points])
    gains = np.array([(p["y"] + rng.random()) / 2 for p in points])
    sizes = np.array([100 * p["x"] + p["y"] for p in points])
    scores = np.stack([1 - costs, gains, 1 - sizes / 101], axis=1)
    done = TRIALS - QUEUED - INFEASIBLE
    scores[done:] = np.nan
    front, history = grow(scores[:done])
    with db.begin() as session:
        study_id = studies.create(session, DEFINITION, START)[0].id
        session.flush()
        rows = [
            trial(study_id, at, points[at], float(sizes[at]), done, at in front)
            for at in range(TRIALS)
        ]
        connection = session.connection()
        connection.execute(insert(Trial.__table__), rows)
        by_number = select(Trial.id).where(Trial.study_id == study_id).order_by(Trial.number)
        ids = session.scalars(by_number).all()
        values = {"cost": costs, "gain": gains, "size": sizes}
        metrics = [
            {"trial_id": ids[at], "study_id": study_id, "name": name, "value": float(column[at])}
            for at in range(done)
            for name, column in values.items()
        ]
        metrics += [
            {"trial_id": ids[at], "study_id": study_id, "name": "train_s", "value": rng.random()}
            for at in range(0, done, 10)
        ]
        connection.execute(insert(Metric.__table__), metrics)
        session.execute(insert(Hypervolume), [{"study_id": study_id, **row} for row in history])
        state = {"last_number": TRIALS, "finish_no": TRIALS - QUEUED, "front_size": len(front)}
        state["hypervolume"] = history[-1]["value"]
        session.execute(update(Study).where(Study.id == study_id).values(**state))
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if db.sqlite else "VACUUM ANALYZE"))
    open_or_infeasible = np.arange(TRIALS) >= done
    return {name: np.where(open_or_infeasible, np.nan, each) for name, each in values.items()}


def trial(
    study_id: int, at: int, point: dict[str, float], size: float, done: int, on_front: bool
) -> dict[str, Any]:
    """A row of `trials`."""
    finished = at < TRIALS - QUEUED
    status = Status.COMPLETED if at < done else Status.INFEASIBLE if finished else Status.QUEUED
    ended = START + timedelta(seconds=at) if finished else None
    return {
        "study_id": study_id,
        "number": at + 1,
        "key": f"{at:064x}",
        "purpose": SEARCH,
        "status": status,
        "point": point,
        "known": {"size": size},
        "work": {"kind": "parameters", "parameters": point, "metrics": ["cost", "gain"]},
        "designer": "bayes",
        "origin": "model",
        "prediction": PREDICTION,
        "details": DETAILS,
        "worker": "w1" if finished else None,
        "attempts": int(finished),
        "created_at": START,
        "started_at": START if finished else None,
        "finished_at": ended,
        "entered_at": ended,
        "finish_no": at + 1 if finished else None,
        "feasible": True if at < done else None,
        "on_front": on_front,
    }


def grow(scores: np.ndarray) -> tuple[set[int], list[dict[str, Any]]]:
    """Return the front of all trials, and the hypervolume wherever it changed on the way."""
    front: list[int] = []
    history = []
    for at, row in enumerate(scores):
        held = scores[front]
        if len(front) and bool((held >= row).all(axis=1).any()):
            continue
        candidates = np.array([*front, at])
        front = candidates[non_dominated(scores[candidates])].tolist()
        history.append(
            {
                "finish_no": at + 1,
                "value": hypervolume(scores[front]),
                "front_size": len(front),
                "at": START + timedelta(seconds=at),
            }
        )
    return set(front), history


@contextmanager
def served(url: str, folder: Path) -> Iterator[tuple[httpx.Client, psutil.Process]]:
    """Serve a database by a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "service", "serve", "--port", str(port), "--database", url]
    command += ["--artefacts", str(folder / "artefacts"), "--planners", "1"]
    with (folder / "serve.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            await_ready(http)
            yield http, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def await_ready(http: httpx.Client) -> None:
    """Wait until the server answers."""
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s:
        try:
            if http.get("/health/ready").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError("The server does not become ready; see serve.log.")


def calls(http: httpx.Client) -> dict[str, Callable[[], httpx.Response]]:
    """What is measured, by name."""
    study = "/api/v1/studies/scale"

    def get(path: str, **query: Any) -> Callable[[], httpx.Response]:
        return lambda: http.get(study + path, params=query)

    def page(**query: Any) -> Callable[[], httpx.Response]:
        return get("/trials", limit=100, **query)

    def claim() -> httpx.Response:
        body = {"worker": "bench", "request_id": uuid.uuid4().hex}
        return http.post(f"{study}/leases", json=body)

    # Far down: behind half of all costs, and the last page, of which most rows have no value.
    middle = http.get(f"{study}/trials", params={"sort": "cost", "where": "cost >= 0.5"}).json()
    last = http.get(f"{study}/trials", params={"sort": "cost", "where": "cost >= 0.9985"}).json()
    return {
        "study": get(""),
        "newest": page(order="newest"),
        "by_cost": page(sort="cost"),
        "by_gain_highest": page(sort="gain", order="highest"),
        "by_size": page(sort="size"),
        "by_rare_metric": page(sort="train_s", order="highest"),
        "by_unknown_metric": page(sort="nothing"),
        "by_cost_middle": page(sort="cost", cursor=middle["next"]),
        "by_cost_last": page(sort="cost", cursor=last["next"] or "1.0~1"),
        "by_cost_of_infeasible": page(sort="cost", status="infeasible"),
        "by_cost_where": page(sort="cost", where=["gain >= 0.9", "size <= 50"]),
        "front": get("/front"),
        "hypervolume": get("/hypervolume"),
        "points": get("/points"),  # kept from the first call on, as nothing changes
        "points_not_kept": get("/points", after=1),  # as many, made anew each time
        "points_after": get("/points", after=TRIALS - QUEUED - 100),
        "claim": claim,
    }


def measure(url: str, folder: Path) -> dict[str, float]:
    """Return the p95 of each call in ms, and what the server computed for one."""
    figures = {}
    with served(url, folder) as (http, server):
        for name, call in calls(http).items():
            times_ms = []
            cpu_s = -cpu_of(server)
            for _ in range(WARM_UP + CALLS):
                begun = time.perf_counter()
                answer = call()
                times_ms.append(1000 * (time.perf_counter() - begun))
                if answer.status_code != 200:
                    raise RuntimeError(f"{name}: {answer.status_code} {answer.text[:300]}")
            p50, p95 = np.quantile(times_ms[WARM_UP:], [0.5, 0.95]).tolist()
            cpu_ms = 1000 * (cpu_s + cpu_of(server)) / len(times_ms)
            for figure, value in (("p50", p50), ("p95", p95), ("cpu", cpu_ms)):
                figures[f"{name}_{figure}_ms"] = round(value, 1)
            size = len(answer.content) / 1000
            told = f"p50 {p50:7.1f} ms  p95 {p95:7.1f} ms  CPU {cpu_ms:6.1f} ms  {size:8.1f} kB"
            print(f"{name:24} {told}", flush=True)
    return figures


def cpu_of(server: psutil.Process) -> float:
    """Seconds of CPU time that a server and the processes that it supervises have taken."""
    times = [each.cpu_times() for each in (server, *server.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


def run(kind: str, url: str) -> dict[str, float]:
    """Fill and measure one database."""
    db = Database(url)
    schema.upgrade(db)
    begun = time.monotonic()
    fill(db)
    db.close()
    seconds = time.monotonic() - begun
    print(f"{kind}: filled in {seconds:.1f} s", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(url, Path(folder))
    return {
        f"{kind}_{name}": value for name, value in {"fill_s": round(seconds, 1), **found}.items()
    }


def main() -> None:
    """Measure both databases and record them."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        figures |= run("sqlite", f"sqlite:///{folder}/scale.db")
    with postgres_server() as server:
        figures |= run("postgresql", server.url(server.create()))
    # Filters by ranges are more than was asked for; they are shown.
    p95 = {n: ms for n, ms in figures.items() if n.endswith("_p95_ms") and "where" not in n}
    slow = {name: ms for name, ms in p95.items() if ms >= LIMIT_MS}
    print(json.dumps({"over the limit": slow}))
    record("study_scale", figures, {"p95 of every call but filters under 100 ms": not slow})


if __name__ == "__main__":
    main()
