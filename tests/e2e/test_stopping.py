"""A training that falls behind, stopped by the rule in the middle of a real worker's work."""

import random

from optimizer.space import space_from_json
from tests.e2e.conftest import Site, until
from tests.e2e.test_lineage import announced
from tinyfront import Client, Cnn, minimize

EPOCHS = 5000  # minutes, if nobody ended it


def test_a_training_that_falls_behind_is_stopped_and_counts(sqlite_site: Site) -> None:
    site = sqlite_site
    site.start_server()
    with Client(site.url) as client:
        announced(client)
        study = client.create_study(
            "digits",
            space=Cnn(blocks=[1, 1], max_macs=50_000, pruning_scopes=["none"]),
            data="digits",
            objectives=[minimize("error")],
            trials=2,
            training={"epochs": EPOCHS},
            stopping={"least_trials": 2, "eta": 2, "first_epoch": 1},
            designer="random",
        )
        space = space_from_json(
            dict(study.state.definition["space"]),
            input_shape=(8, 8, 1),
            classes=10,
            device="stm32f446re",
        )
        for seed in (1, 2):
            study.enqueue(space.sample(random.Random(seed)))
        rivals = study.ask(worker="rival", has={"can": ["int8"]})
        rival = next(rivals)
        assert rival.report(1, {"error": 0.0}) == "continue"
        site.start_worker()
        until(lambda: study.refresh().state.counts["stopped"] == 1, "the other one is stopped")
        rival.complete({"error": 0.0})
        until(lambda: study.refresh().status == "ended", "both have finished")
        (stopped,) = study.trials("stopped")
        detail = stopped.detail()
        (attempt,) = detail["attempts_list"]
        epochs = attempt["details"]["epochs"]
        assert 1 <= epochs < EPOCHS
        assert attempt["details"]["stopped"] is True
        assert detail["epochs"] == epochs == len(detail["reports"])
        assert detail["values"]["error:float"] == detail["reports"][-1]["metrics"]["error"] > 0.0
        assert stopped.reason is not None
        assert stopped.reason.startswith(f"stopped at epoch {epochs} of {EPOCHS}: rank 2 of 2")
        assert (stopped.on_front, study.state.front_size) == (False, 1)
        assert study.state.epochs_done == epochs + 1
        # What it left is the network as it was at its end; the search builds nothing upon it.
        left = {file.name for file in stopped.artefacts()}
        assert left >= {"graph.json", "weights.safetensors", "int8.json", "model.tflite"}
    assert "Traceback" not in site.log("worker") + site.log("server")
