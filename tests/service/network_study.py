"""Studies of networks for tests of the domain: points, with pruning or without, and files."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from optimizer.space import Point
from service import artefacts, confirming, studies, trials, workers
from service.artefacts import Store
from service.confirming import Request
from service.lending import Lease
from service.models import Trial
from service.workers import Announcement
from tests.service import alone
from tests.service.stage import Stage

SHA = "a" * 64
DIGITS: dict[str, Any] = {
    "name": "digits",
    "sha256": SHA,
    "shape": [8, 8, 1],
    "classes": 10,
    "train": 897,
    "validation": 300,
    "test": 600,
    "split_sha256": "b" * 64,
    "problem": None,
}
# Without what the pruning of a drawn network would add: tests add it themselves.
PLAIN = {"kind": "tiny", "joins": ["none"], "exits": ["none"]}
NETWORK: dict[str, Any] = {
    "name": "net",
    "space": PLAIN,
    "objectives": [
        {"name": "error"},
        {"name": "model_size", "limit": 16000},
        {"name": "working_memory:wm1", "bound": 2000},
    ],
    "data": "digits",
    "designer": "random",
    "trials": 30,
}
# So that a trial needs nothing but what its test gives it.
FLOATS = {"quantisation": "none"}
ALL = 2**31 - 1  # a worker that can do everything


def announce(stage: Stage, *data: dict[str, Any]) -> None:
    with stage.begin() as session:
        announcement = Announcement("cpu", "host", 1, {}, data or (DIGITS,))
        workers.announce(session, "w", announcement, stage.now)


def network(stage: Stage, **changes: Any) -> int:
    """Create a study of networks for data that a worker announces."""
    announce(stage)
    training = {**FLOATS, **changes.pop("training", {})}
    with stage.begin() as session:
        definition = {**NETWORK, "training": training, **changes}
        return studies.create(session, definition, stage.now)[0].id


def point(stage: Stage, study_id: int, seed: int = 0) -> Point:
    """A network of the study that keeps its limits and is not pruned."""
    problem = studies.problem_of(stage.read_study(study_id))
    drawn = problem.space.sample(random.Random(seed))
    return {name: gene for name, gene in drawn.items() if name != "pruning"}


def pruned(
    point: Point, scope: str = "channels", method: str = "magnitude", target: float = 0.5
) -> Point:
    """The same network, to be cut in its training."""
    return {**point, "pruning": {"scope": scope, "method": method, "target": target}}


def enqueue(
    stage: Stage, study_id: int, point: Point, parent: int | None = None, **values: float
) -> Trial:
    with stage.begin() as session:
        return trials.enqueue(session, study_id, point, values or None, stage.now, parent)


def complete(stage: Stage, lease: Lease, metrics: Mapping[str, float]) -> Trial:
    with stage.begin() as session:
        return alone.complete(session, lease.trial_id, lease.token, metrics, {}, stage.now)


def leave(stage: Stage, store: Store, lease: Lease, name: str, content: bytes = b"{}") -> None:
    """Deliver a file under a lease."""
    with store.upload() as upload:
        upload.write(content)
        blob = upload.keep()
    with stage.begin() as session:
        attempt = artefacts.check(session, lease.attempt_id, name, lease.token)
        artefacts.enter(session, attempt, name, blob, "application/json", stage.now)


def finished(stage: Stage, store: Store, study_id: int, seed: int = 0, error: float = 0.1) -> Trial:
    """Propose a network and finish it, with the files that a child needs."""
    trial = enqueue(stage, study_id, point(stage, study_id, seed))
    lease = stage.lease(study_id=study_id, can=ALL)
    assert lease.trial_id == trial.id
    for name in ("graph.json", "weights.safetensors"):
        leave(stage, store, lease, name)
    return complete(stage, lease, {"error": error})


def store(folder: Path) -> Store:
    return Store(str(folder / "blobs"), 10**6)


def confirm(stage: Stage, study_id: int, **request: Any) -> list[Trial]:
    with stage.begin() as session:
        return confirming.confirm(session, study_id, Request(**request), stage.now)


def searched(stage: Stage, errors: Sequence[float], **changes: Any) -> int:
    """A study of networks whose trials have these errors; larger numbers are larger networks."""
    study_id = network(stage, **changes)
    points = [point(stage, study_id, seed) for seed in range(len(errors) + 9)]
    figures = studies.problem_of(stage.read_study(study_id)).space.figures
    points.sort(key=lambda each: figures(each)["model_size:deployed"])
    for chosen, error in zip(points, errors, strict=False):
        trial = enqueue(stage, study_id, chosen)
        lease = stage.lease(study_id=study_id, can=ALL)
        assert lease.trial_id == trial.id
        complete(stage, lease, {"error": error})
    stage.advance(study_id)
    return study_id
