"""The client and the worker of release 0.1.0 against this server: their own code, from the zip."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from service import needs
from tests.api.conftest import Served, served
from tests.api.test_bad_input import DIGITS
from tests.api.test_pruned_and_children import point, queue, study
from tests.releases.kept import paths, program, unpack

__all__ = ["served"]

SDK = """
import json, sys
from tinyfront import Client, Parameters, Real, minimize

with Client(sys.argv[1]) as tf:
    study = tf.create_study(
        "toy", space=Parameters(Real("x", 0.0, 1.0)), objectives=[minimize("cost")], trials=2,
        designer="random",
    )
    for x in (0.25, 0.75):
        study.enqueue({"x": x})
    for trial in study.ask(wait="20s"):
        trial.report(1, {"cost": 1.0})
        trial.complete({"cost": trial.parameters["x"]})
        if trial.number == 2:
            break
    study.wait(progress=False, timeout=20)
    best = study.front().best("cost")
    print(json.dumps([best.values, best.detail()["status"], study.state.counts["completed"]]))
"""
WORKER = """
import json, sys
from worker.api import Api

api = Api(sys.argv[1])
digits = json.loads(sys.argv[2])
api.announce("old", {"accelerator": "cpu", "host": "h", "pid": 1, "versions": {}, "data": [digits]})
# The words of `worker/loop.py` of that release.
lease = api.claim("nets", {
    "worker": "old", "request_id": "r", "lease_s": 60, "wait_s": 0, "kinds": ["network"],
    "data": {"digits": digits["sha256"]}, "resume": False,
})
api.renew(lease)
api.report(lease, 1, {"loss": 1.0, "error": 0.5})
api.upload(lease, "weights.safetensors", b"0" * 99)
api.complete(lease, {"error": 0.2, "validation_images": 300, "train_s": 1.0}, {"epochs": 1})
print(json.dumps([lease.number, api.claim("nets", {
    "worker": "old", "request_id": "r2", "lease_s": 60, "wait_s": 0, "kinds": ["network"],
    "data": {"digits": digits["sha256"]}, "resume": False,
}) is None]))
"""
RECIPES = """
import json, sys
from worker.errors import UnsupportedWork
from worker.work import Recipe

def follows(recipe):
    try:
        Recipe.from_json(recipe)
    except UnsupportedWork:
        return False
    return True

print(json.dumps([follows(recipe) for recipe in json.loads(sys.argv[1])]))
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of that release."""
    return unpack(tmp_path_factory.mktemp("kept"))


def run(kept: Path, text: str, *arguments: str) -> Any:
    """Run a program in which that release's packages go before this one's."""
    done = subprocess.run(
        [sys.executable, "-c", program(kept, text), *arguments],
        cwd=kept,  # which goes before all paths
        env=os.environ | {"PYTHONPATH": paths(kept)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_kept_sdk_runs_a_study(kept: Path, served: Served) -> None:
    url = f"http://127.0.0.1:{served.port}"
    assert run(kept, SDK, url) == [{"cost": 0.25}, "completed", 2]


def test_the_kept_worker_trains_what_it_can_and_gets_nothing_else(
    kept: Path, served: Served
) -> None:
    study(served, training={"quantisation": "none"})  # it cannot do what new studies ask
    queue(served, point=point(0, pruned=True))
    plain = queue(served, point=point(1))
    url = f"http://127.0.0.1:{served.port}"
    assert run(kept, WORKER, url, json.dumps(DIGITS)) == [plain["number"], True]
    done = served.get(f"/trials/{plain['id']}")
    assert (done["status"], done["values"]["error"]) == ("completed", 0.2)


def test_what_needs_no_newer_training_can_be_followed_by_the_kept_worker(kept: Path) -> None:
    recipe = {"epochs": 3, "batch_size": 16, "learning_rate": 0.1, "weight_decay": 0.0}
    recipes: list[dict[str, Any]] = [
        recipe | {"dropout": 0.1, "schedule": schedule, "optimizer": optimizer, "augment": augment}
        for schedule in ("one_cycle", "cosine")
        for optimizer in ("adamw", "sgd")
        for augment in ("none", "shift1", "shift2", "shift3", "mirror")
    ]
    recipes += [recipe, recipe | {"label_smoothing": 0.1}]
    followed = run(kept, RECIPES, json.dumps(recipes))
    assert followed == [needs.of({"training": each}) == 0 for each in recipes]
    assert any(followed)
