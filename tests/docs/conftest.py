"""A real server with a real worker, on which the documents and the examples are run, small."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects
import pytest

from tests.client.conftest import running
from tinyfront import Client, Confirmed, Study

TRIALS, NETWORKS, EPOCHS = 5, 3, 1
START_S = 180.0  # the first import of torch on a busy machine is slow
PLAIN = {"pruning_scopes": ["none"], "max_macs": 60_000}


@dataclass(frozen=True, slots=True)
class Stage:
    """Where documents are run."""

    url: str
    folder: Path  # of the data sets


@pytest.fixture(scope="session")
def stage(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The server, and a worker that holds the digits and small sets of the names we speak of."""
    folder = tmp_path_factory.mktemp("sets")
    _write_sets(folder)
    command = [sys.executable, "-m", "service", "worker", "--name", "docs"]
    command += ["--data-dir", str(folder)]
    with (
        running(sqlite_template, tmp_path_factory.mktemp("docs")) as url,
        (folder / "worker.log").open("wb") as log,
        subprocess.Popen(
            [*command, "--server", url],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        ) as process,
    ):
        try:
            _wait_for_data(url, folder / "worker.log")
            yield Stage(url, folder)
        finally:
            process.terminate()
            process.wait(30)


def _write_sets(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for name, side, classes in (("mnist", 28, 10), ("mine", 20, 2)):
        labels = np.arange(720) % classes
        images = rng.integers(0, 60, (720, side, side)) + 15 * labels[:, None, None]
        sets = {"x_train": images[:640].astype(np.uint8), "x_test": images[640:].astype(np.uint8)}
        np.savez(folder / f"{name}.npz", y_train=labels[:640], y_test=labels[640:], **sets)


def _wait_for_data(url: str, log: Path) -> None:
    deadline_s = time.monotonic() + START_S
    with Client(url) as client:
        while "mnist" not in {data["name"] for data in client.data()}:
            assert time.monotonic() < deadline_s, log.read_text()
            time.sleep(0.1)


@pytest.fixture
def small(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A folder to work in, the server's address set, and every budget small."""
    create, confirm, begin = Client.create_study_from, Study.confirm, Client.__init__
    opened: list[Client] = []

    def begin_known(client: Client, *given: Any, **named: Any) -> None:
        begin(client, *given, **named)
        opened.append(client)

    def create_small(client: Client, definition: Mapping[str, Any], *more: Any) -> Study:
        return create(client, shrunk(definition), *more)

    def confirm_small(study: Study, networks: int = 20, seeds: int = 3, **more: Any) -> Confirmed:
        return confirm(study, min(networks, 1), min(seeds, 1), **more)

    monkeypatch.setattr(Client, "create_study_from", create_small)
    monkeypatch.setattr(Client, "__init__", begin_known)
    monkeypatch.setattr(Study, "confirm", confirm_small)
    monkeypatch.setattr(plotly.graph_objects.Figure, "show", lambda figure: None)
    monkeypatch.setenv("TINYFRONT_URL", stage.url)
    monkeypatch.delenv("TINYFRONT_API_KEY", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    yield stage
    with Client(stage.url) as client:
        for study in list(client.studies()):
            study.delete()
    for each in opened:  # people leave that to the end of their program
        each.close()


def shrunk(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The same study with a small budget; its networks, too, are small."""
    small = {**definition, "trials": min(definition["trials"], TRIALS)}
    if small.get("data"):
        small["trials"] = min(small["trials"], NETWORKS)
        small["designer"] = "random"  # a model of three networks would know nothing anyway
        small["training"] = {**(small.get("training") or {}), "epochs": EPOCHS}
        if small["space"]["kind"] == "tiny":
            small["space"] = {**small["space"], **PLAIN}
    return small


def prepared(stage: Stage, name: str = "mnist") -> None:
    """A study of networks that has ended, for pages that speak of one."""
    with Client(stage.url) as client:
        study = client.create_study(
            name,
            data=name,
            space={"kind": "tiny"},
            device="stm32f446re",
            objectives=["error", "model_size", "working_memory"],
            trials=2,
        )
        study.wait(timeout=60)
