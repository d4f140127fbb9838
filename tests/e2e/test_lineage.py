"""A network that is cut in its training, and a child of what came out, by a real worker."""

import json
import random
from pathlib import Path

from optimizer.space import space_from_json
from resource_models.devices import device
from resource_models.footprint import footprint
from resource_models.graph import Graph
from tests.e2e.conftest import Site, until
from tinyfront import Client, Cnn, Study, Trial, minimize
from tinyfront.calls import Call
from worker.data import facts

GENE = {"scope": "channels", "method": "magnitude", "target": 0.5}


def announced(client: Client) -> None:
    """Tell the server of the digits before there is a worker: then nothing is claimed too soon."""
    body = {"accelerator": "cpu", "host": "h", "pid": 1, "data": [facts(None, "digits")]}
    client.connection.json(Call("PUT", "/workers/herald", body))


def completed(study: Study, number: int) -> Trial:
    def found() -> Trial:
        return next(trial for trial in study.trials() if trial.number == number)

    until(lambda: found().status not in {"queued", "running"}, f"trial {number} has ended")
    assert found().status == "completed", found().reason
    return found()


def test_a_pruned_network_and_its_child(sqlite_site: Site, tmp_path: Path) -> None:
    site = sqlite_site
    site.start_server()
    with Client(site.url) as client:
        announced(client)
        study = client.create_study(
            "digits",
            space=Cnn(blocks=[1, 2], max_macs=100_000),
            data="digits",
            objectives=[minimize("error"), minimize("model_size"), minimize("latency")],
            trials=50,
            training={"epochs": 2},
            designer="random",
        )
        space = space_from_json(
            dict(study.state.definition["space"]),
            input_shape=(8, 8, 1),
            classes=10,
            device="stm32f446re",
        )
        drawn = space.sample(random.Random(1))
        plain = {name: gene for name, gene in drawn.items() if name != "pruning"}
        first = study.enqueue({**plain, "pruning": GENE})
        assert first.values == {}
        site.start_worker()
        until(lambda: study.refresh().state.counts["running"] > 0, "the first trial runs")
        study.pause()  # or the planner would propose others meanwhile

        parent = completed(study, 1)
        files = {path.name: path for path in parent.download(tmp_path / "parent")}
        left = Graph.from_json(json.loads(files["graph.json"].read_text()))
        figures = footprint(left, device("stm32f446re")).figures()
        measured = {name: parent.values[name] for name in figures}
        assert measured == figures
        assert parent.predicted_figures is not None
        assert set(parent.predicted_figures) == set(figures)
        detail = parent.detail()
        assert Graph.from_json(detail["graph"]) == left
        (attempt,) = detail["attempts_list"]
        said = attempt["details"]["pruning"]
        assert said["after"]["channels"] < said["before"]["channels"]
        until(lambda: client.trial(parent.id).verified is not None, "the front is verified")
        checked = client.trial(parent.id).verification
        assert checked is not None
        assert checked.reaches("L1"), str(checked)

        study.enqueue(plain, parent=1)
        study.resume()
        child = completed(study, 2).detail()
        study.close()
        assert child["parent"]["number"] == 1
        assert child["epochs"] == 4
        (attempt,) = child["attempts_list"]
        assert attempt["details"]["inherited"]["carried"] > 0
        assert [each["number"] for each in parent.detail()["children"]] == [2]
    assert "Traceback" not in site.log("worker") + site.log("server")
