"""A trial that is cancelled while somebody works at it: within a heartbeat the worker is free."""

import json
import random
from itertools import dropwhile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optimizer.networks.space import NetworkSpace
from optimizer.space import Point, space_from_json
from tests.e2e.conftest import PATHS, Site, until
from tinyfront import Client, Cnn, Parameters, Real, Study, Trial, minimize
from tinyfront.calls import Call
from worker.data import facts

LEASE_S = 10  # the shortest; a heartbeat is a third of it
FOR_EVER = 10_000  # epochs, the most that a recipe may have
# One epoch of so many images lasts many heartbeats: between them there is no report to answer.
IMAGES, LEAST_MACS = 200_000, 150_000
# The one that was under way when the trial was cancelled, and the one that was told of it.
HEARTBEATS_AFTER = 2


def heartbeats(site: Site, trial: Trial, after: str | None = None) -> list[str]:
    """What the server heard from the worker of a trial, since it heard of something else."""
    whole = (site.folder / "server.log").read_text().rpartition("\n")[0]  # the last may be written
    lines = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
    verbs = [
        line["route"].rsplit("/", 1)[-1]
        for line in lines
        if line.get("trial") == str(trial.id) and line.get("method") == "POST"
    ]
    if after is not None:
        verbs = list(dropwhile(lambda verb: verb != after, verbs))
    return [verb for verb in verbs if verb in {"renew", "reports"}]


def slow_data(folder: Path) -> None:
    chance = np.random.default_rng(0)
    images = chance.integers(0, 256, (IMAGES, 8, 8), dtype=np.uint8)
    labels = chance.integers(0, 10, IMAGES)
    few = slice(0, 1000)
    np.savez(
        folder / "noise.npz", x_train=images, y_train=labels, x_test=images[few], y_test=labels[few]
    )


def announce(client: Client, folder: Path) -> None:
    """Before there is a worker, so that what is queued first is claimed first."""
    data = [facts(None, "digits"), facts(folder, "noise")]
    body = {"accelerator": "cpu", "host": "h", "pid": 1, "data": data}
    client.connection.json(Call("PUT", "/workers/herald", body))


def study_of(client: Client, name: str, data: str, epochs: int) -> Study:
    return client.create_study(
        name,
        space=Cnn(blocks=[1, 2], max_macs=400_000, pruning_scopes=["none"]),
        data=data,
        objectives=[minimize("error")],
        trials=1,
        training={"epochs": epochs},
        designer="random",
    )


def network(study: Study, least_macs: int = 0) -> Point:
    space = space_from_json(
        dict(study.state.definition["space"]),
        input_shape=(8, 8, 1),
        classes=10,
        device="stm32f446re",
    )
    assert isinstance(space, NetworkSpace)
    drawn = (space.sample(random.Random(seed)) for seed in range(500))
    return next(point for point in drawn if space.figures(point)["macs"] >= least_macs)


def assert_cancelled_once(trial: Trial, worker: str) -> None:
    detail: dict[str, Any] = trial.detail()
    assert (detail["status"], detail["reason"]) == ("cancelled", "Cancelled by a user.")
    assert (detail["attempts"], detail["finish_no"]) == (1, None)
    (attempt,) = detail["attempts_list"]
    assert (attempt["worker"], attempt["outcome"]) == (worker, "cancelled")
    assert attempt["ended_at"] == detail["finished_at"]
    assert all(report["at"] <= detail["finished_at"] for report in detail["reports"])
    assert attempt["metrics"] is None


@pytest.mark.parametrize("data", [pytest.param("digits", marks=pytest.mark.slow), "noise"])
def test_a_cancelled_training_ends_within_a_heartbeat(sqlite_site: Site, data: str) -> None:
    """By a report between short epochs; by a renewal in the middle of a long one."""
    site, heard_by = sqlite_site, {"digits": "reports", "noise": "renew"}[data]
    slow_data(site.folder)
    site.start_server()
    with Client(site.url) as client:
        announce(client, site.folder)
        endless = study_of(client, "endless", data, FOR_EVER)
        trial = endless.enqueue(network(endless, LEAST_MACS))
        short = study_of(client, "short", "digits", 1)
        next_one = short.enqueue(network(short))
        site.start_worker("w", "--lease-s", str(LEASE_S), "--data-dir", str(site.folder))
        until(lambda: heard_by in heartbeats(site, trial), "the worker was heard of")
        assert client.trial(next_one.id).status == "queued"
        trial.cancel()
        until(lambda: client.trial(next_one.id).status == "completed", "it is free for the next")
        told = heartbeats(site, trial, after="cancel")
        assert 1 <= len(told) <= HEARTBEATS_AFTER, told
        assert_cancelled_once(client.trial(trial.id), "w")
    assert f"Trial {trial.number} of endless was cancelled." in site.log("w")
    assert "Traceback" not in site.log("w") + site.log("server")


def test_a_cancelled_evaluation_of_ones_own_ends_within_a_heartbeat(sqlite_site: Site) -> None:
    site = sqlite_site
    site.start_server()
    with Client(site.url) as client:
        study = client.create_study(
            "box", space=Parameters(Real("x", 0, 1)), objectives=[minimize("cost")], trials=1
        )
        trial, next_one = study.enqueue({"x": 0.25}), study.enqueue({"x": 0.75})
        site.run("patient", ["tests.e2e.patient", site.url, "box"], PYTHONPATH=PATHS)
        until(lambda: "renew" in heartbeats(site, trial), "it was heard of")
        assert client.trial(next_one.id).status == "queued"
        trial.cancel()
        until(lambda: client.trial(next_one.id).status == "completed", "it is free for the next")
        told = heartbeats(site, trial, after="cancel")
        assert 1 <= len(told) <= HEARTBEATS_AFTER, told
        assert_cancelled_once(client.trial(trial.id), "patient")
        until(lambda: study.refresh().status == "ended", "the study has ended")
        until(lambda: site.running["patient"].poll() == 0, "and the program with it")
    assert "Traceback" not in site.log("patient") + site.log("server")
