"""A study that confirms itself at its end, by a real worker that reads the real test set."""

import random
from pathlib import Path

from optimizer.space import space_from_json
from tests.e2e.conftest import Site, until
from tests.e2e.test_lineage import announced
from tinyfront import Client, Cnn, minimize
from worker.data import DIGITS_TEST


def test_a_front_is_confirmed_after_the_study_has_ended(sqlite_site: Site, tmp_path: Path) -> None:
    site = sqlite_site
    site.start_server()
    with Client(site.url) as client:
        announced(client)
        study = client.create_study(
            "digits",
            space=Cnn(blocks=[1, 2], max_macs=100_000, pruning_scopes=["none"]),
            data="digits",
            objectives=[minimize("error"), minimize("model_size")],
            trials=1,
            training={"epochs": 3},
            designer="random",
            confirm={"seeds": 2},
        )
        space = space_from_json(
            dict(study.state.definition["space"]),
            input_shape=(8, 8, 1),
            classes=10,
            device="stm32f446re",
        )
        found = study.enqueue(space.sample(random.Random(1)))
        site.start_worker()
        study.wait(progress=False, timeout=90)
        assert study.refresh().state.test_reads == 1
        until(lambda: study.confirmed().open == 0, "both runs have ended")
        confirmed = study.confirmed()
        (network,) = confirmed.networks
        assert (network.number, network.completed) == (found.number, 2)
        assert network.mean["test_images"] == DIGITS_TEST
        for run in network.runs:
            right = (1 - run.values["test_error"]) * DIGITS_TEST
            assert abs(right - round(right)) < 1e-6
        errors = {(run.values["error"], run.values["test_error"]) for run in network.runs}
        assert len(errors) == 2  # two seeds, two networks
        assert confirmed.optimism is not None
        one, _ = study.trials(purpose="confirm")
        assert {path.name for path in one.download(tmp_path / "run")} == {
            "graph.json",
            "weights.safetensors",
            "int8.json",
            "int8.safetensors",
            "vectors.safetensors",
            "model.tflite",
            "model.onnx",
        }
        assert [trial.number for trial in study.trials()] == [1]
    assert "Traceback" not in site.log("worker") + site.log("server")
