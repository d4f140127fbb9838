"""Worker and SDK of a kept release, as processes, at this server, which is restarted under them."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from service.db import Database
from tests.chaos import books
from tests.e2e.conftest import Site, until
from tests.releases.kept import paths, program, unpack
from tinyfront import Client, Study

EPOCHS = 20  # the server goes and comes while a network is trained
WORKER = """
import typer
from worker.cli import worker

if __name__ == "__main__":
    typer.run(worker)
"""
# It makes a study of networks, which its worker trains, and evaluates a study of its own.
USER = """
import json, sys, time
from pathlib import Path
from tinyfront import Client, Cnn, Parameters, Real, minimize

url, epochs, restarted = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
with Client(url) as tf:
    nets = tf.create_study(
        "nets", space=Cnn(blocks=[1, 1], max_macs=30_000, pruning_scopes=["none"]), data="digits",
        objectives=[minimize("error"), minimize("model_size")], trials=2,
        training={"epochs": epochs, "quantisation": "none"}, designer="random",
    )
    box = tf.create_study(
        "box", space=Parameters(Real("x", 0.0, 1.0)), objectives=[minimize("cost")], trials=2,
        designer="random",
    )
    for trial in box.ask(lease=10):
        trial.report(1, {"cost": 1.0})
        while not restarted.exists():
            time.sleep(0.05)
        trial.complete({"cost": trial.parameters["x"]})
    box.wait(progress=False, timeout=90)
    nets.wait(progress=False, timeout=90)
    files = nets.front().best("error").download(restarted.parent / "best")
    print(json.dumps([len(box.front()), sorted(path.name for path in files)]))
"""


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(tmp_path_factory.mktemp("kept"))


def is_reported(study: Study) -> bool:
    return any(trial.detail()["reports"] for trial in study.trials("running"))


def assert_nothing_was_lost(study: Study, trials: int, steps: int) -> None:
    rows: list[dict[str, Any]] = [trial.detail() for trial in study.trials()]
    assert sorted(row["finish_no"] for row in rows) == list(range(1, trials + 1))
    for row in rows:
        assert (row["status"], row["attempts"]) == ("completed", 1), row["reason"]
        assert [each["step"] for each in row["reports"]] == list(range(1, steps + 1))


def open_leases(site: Site) -> int:
    db = Database(site.database_url)
    try:
        with db.read() as session:
            return books.open_leases(session)
    finally:
        db.close()


def test_worker_and_sdk_of_a_kept_release_work_across_a_restart_of_this_server(
    site: Site, code: Path
) -> None:
    restarted = site.folder / "restarted"
    site.start_server()
    run = partial(site.run_python, PYTHONPATH=paths(code))
    with Client(site.url) as client:
        run("worker", ["-c", program(code, WORKER), "--server", site.url, "--name", "old"])
        until(lambda: any(data["name"] == "digits" for data in client.data()), "it has digits")
        run("user", ["-c", program(code, USER), site.url, str(EPOCHS), str(restarted)])
        until(lambda: len(list(client.studies())) == 2, "both studies are made")
        studies = [client.study(name) for name in ("box", "nets")]
        for study in studies:
            until(lambda study=study: is_reported(study), f"a trial of {study.name} is under way")
        assert site.end("server") == 0
        assert open_leases(site) == len(studies), "a trial of each is under way meanwhile"
        site.start_server()
        restarted.touch()
        until(lambda: site.running["user"].poll() == 0, "the user has all results")
        box, nets = studies
        assert_nothing_was_lost(nets, trials=2, steps=EPOCHS)
        assert_nothing_was_lost(box, trials=2, steps=1)
    front, files = json.loads(site.log("user").splitlines()[-1])
    assert (front, files) == (1, ["graph.json", "weights.safetensors"])
    assert site.end("worker") == 0
    assert "Traceback" not in site.log("worker") + site.log("user") + site.log("server")
