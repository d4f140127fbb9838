"""A worker of one's own, with a trainer in NumPy, against the real service on both databases."""

import io

import numpy as np

from tests.e2e.conftest import PATHS, Site, until
from tinyfront import Client, Cnn, minimize

TRIALS = 4


def test_a_trainer_of_ones_own_takes_a_study_to_its_front(site: Site) -> None:
    """One fails once, one has no value, one is cancelled, the server is killed meanwhile."""
    site.start_server()
    arguments = ["tests.e2e.own_worker", site.url, str(site.folder)]
    site.run("own", arguments, PYTHONPATH=PATHS)
    with Client(site.url) as client:
        until(lambda: client.data() != [], "the worker has announced its data")
        study = client.create_study(
            "nets",
            space=Cnn(blocks=[1, 2], max_macs=400_000, pruning_scopes=["none"]),
            data="mine",
            objectives=[minimize("error"), minimize("model_size")],
            trials=TRIALS,
            training={"epochs": 3, "quantisation": "none"},
            designer="random",
        )
        assert study.state.data is not None
        assert (study.state.data["classes"], study.state.data["train"]) == (3, 320)

        def running() -> set[int]:
            return {trial.number for trial in study.trials("running")}

        until(lambda: running() == {3}, "the third is at work")
        next(study.trials("running")).cancel()
        until(lambda: running() == {4}, "the worker is free for the fourth")
        site.kill("server")
        site.start_server()
        (site.folder / "restarted").touch()
        study.wait(progress=False, timeout=90)

        trials = {trial.number: trial for trial in study.trials()}
        assert {number: trial.status for number, trial in trials.items()} == {
            1: "completed",
            2: "infeasible",
            3: "cancelled",
            **dict.fromkeys(range(4, TRIALS + 2), "completed"),
        }
        assert (trials[1].attempts, trials[4].attempts) == (2, 1)
        assert trials[2].reason == "it diverged"
        first = trials[1].detail()
        assert first["attempts_list"][0]["reason"].startswith("RuntimeError: out of luck (own_")
        assert [report["step"] for report in first["reports"]] == [1, 2, 3]
        best = study.front().best("error")
        assert best.values["error"] < 0.5
        assert best.values["model_size:deployed"] > 0  # known to the server, not to the worker
        (weights,) = best.download(site.folder / "model")
        assert set(np.load(io.BytesIO(weights.read_bytes()))) == {"first", "second"}
    assert site.end("own") == 0
    assert "ends after" in site.log("own")
