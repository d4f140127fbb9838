"""Fronts, trials, figures and downloads."""

import hashlib
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

import tinyfront
from tests.client.scripted import Scripted, objective_json, ok, study_json, trial_json
from tinyfront import Front, Study, Trial

OBJECTIVES = [objective_json("cost"), objective_json("gain", goal="maximize")]


@pytest.fixture
def study(server: Scripted) -> Study:
    server.say("GET", "/studies/toy", ok(study_json(objectives=OBJECTIVES)))
    return server.client().study("toy")


def front_json(*trials: dict[str, Any]) -> dict[str, Any]:
    return {"objectives": OBJECTIVES, "items": list(trials)}


def front(server: Scripted, study: Study) -> Front:
    first = trial_json(1, values={"cost": 0.1, "gain": 0.2})
    second = trial_json(2, values={"cost": 0.3, "gain": 0.9})

    def answer(request: httpx.Request) -> httpx.Response:
        fitting = [first] if request.url.params.get("device") == "rp2040" else [first, second]
        if request.url.params.get("device") == "arduino-uno":
            fitting = []
        return ok(front_json(*fitting))

    server.say("GET", "/studies/7/front", answer)
    return study.front()


def test_a_front_is_a_sequence_of_trials(server: Scripted, study: Study) -> None:
    found = front(server, study)
    assert len(found) == 2
    assert [trial.number for trial in found] == [1, 2]
    assert found[-1].values["gain"] == 0.9
    assert "2 trials over cost, gain" in repr(found)


def test_a_printed_front_is_a_small_table(server: Scripted, study: Study) -> None:
    assert str(front(server, study)).splitlines() == [
        "trial  cost  gain",
        "    1   0.1   0.2",
        "    2   0.3   0.9",
    ]


def test_the_best_trial_follows_the_goal_of_its_objective(server: Scripted, study: Study) -> None:
    found = front(server, study)
    assert found.best("cost").number == 1
    assert found.best("gain").number == 2


def test_the_best_trial_that_fits_a_board_is_chosen_among_those_that_fit(
    server: Scripted, study: Study
) -> None:
    assert front(server, study).best("gain", fits="rp2040").number == 1


def test_when_nothing_fits_the_error_names_the_board(server: Scripted, study: Study) -> None:
    with pytest.raises(tinyfront.TinyfrontError, match="fits arduino-uno"):
        front(server, study).best("gain", fits="arduino-uno")


def test_an_unknown_objective_is_answered_with_the_known_ones(
    server: Scripted, study: Study
) -> None:
    with pytest.raises(tinyfront.InvalidArgument, match="cost, gain"):
        front(server, study).best("gian")


def test_an_objective_is_found_by_its_family(server: Scripted) -> None:
    objectives = [objective_json("error"), objective_json("model_size:sparse", unit="B")]
    trials = [trial_json(n, values={"error": 1 / n, "model_size:sparse": n}) for n in (1, 2)]
    server.say("GET", "/studies/toy", ok(study_json(objectives=objectives)))
    server.say("GET", "/studies/7/front", ok({"objectives": objectives, "items": trials}))
    assert server.client().study("toy").front().best("model_size").number == 1


def test_a_front_becomes_a_data_frame_in_its_order(server: Scripted, study: Study) -> None:
    table = front(server, study).to_pandas()
    assert list(table["gain"]) == [0.2, 0.9]
    assert list(table.index) == [1, 2]


def test_a_front_is_drawn_from_the_servers_figure(server: Scripted, study: Study) -> None:
    described = {
        "data": [{"type": "scatter", "x": [1, 2], "y": [3, 4], "from_the_future": 1}],
        "layout": {"title": {"text": "Front of toy"}, "also_from_the_future": {}},
    }
    server.say("GET", "/studies/7/figures/front", ok(described))
    server.say("GET", "/studies/7/figures/front3d", ok(described))
    found = front(server, study)
    drawn = found.plot()
    assert drawn.layout.title.text == "Front of toy"
    assert list(drawn.data[0].x) == [1, 2]
    found.plot(three_d=True)
    assert server.requests[-1].url.path.endswith("/figures/front3d")


@pytest.mark.parametrize(("package", "verb"), [("plotly", "plot"), ("pandas", "to_pandas")])
def test_without_an_optional_package_the_error_says_what_to_install(
    server: Scripted, study: Study, monkeypatch: pytest.MonkeyPatch, package: str, verb: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    if package == "plotly":
        monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(tinyfront.MissingPackage, match=r"pip install 'tinyfront\["):
        getattr(front(server, study), verb)()


@pytest.fixture
def trial(server: Scripted) -> Trial:
    server.say("GET", "/trials/101", ok(trial_json(1)))
    return server.client().trial(101)


def with_files(server: Scripted, **files: bytes) -> None:
    artefacts = []
    for key, content in files.items():
        name = key.replace("_", ".")
        digest = hashlib.sha256(content).hexdigest()
        artefacts.append({"name": name, "size_bytes": len(content), "sha256": digest})
        server.say("GET", f"/trials/101/artefacts/{name}", httpx.Response(200, content=content))
    server.answers["GET", "/trials/101"].clear()
    server.say("GET", "/trials/101", ok(trial_json(1, artefacts=artefacts, graph={"version": 1})))


def test_a_trial_holds_what_the_server_said(trial: Trial) -> None:
    assert trial.parameters == {"x": 0.5}
    assert trial.values["cost"] == 0.25
    assert trial.finished_at is not None
    assert trial.finished_at.tzinfo is not None
    assert trial.detail()["id"] == 101


def test_a_download_writes_every_file_and_makes_the_folder(
    server: Scripted, trial: Trial, tmp_path: Path
) -> None:
    with_files(server, graph_json=b"{}", weights_safetensors=b"\0" * 100_000)
    paths = trial.download(tmp_path / "model" / "best")
    assert [path.name for path in paths] == ["graph.json", "weights.safetensors"]
    assert paths[1].read_bytes() == b"\0" * 100_000
    assert sorted(path.name for path in paths[0].parent.iterdir()) == [
        "graph.json",
        "weights.safetensors",
    ]


def test_a_file_with_another_checksum_is_not_kept(
    server: Scripted, trial: Trial, tmp_path: Path
) -> None:
    with_files(server, graph_json=b"{}")
    server.answers["GET", "/trials/101/artefacts/graph.json"].clear()
    server.say("GET", "/trials/101/artefacts/graph.json", httpx.Response(200, content=b"{ }"))
    with pytest.raises(tinyfront.UnreadableAnswer, match="checksum"):
        trial.download(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", ".hidden", "a/b", ""])
def test_a_file_name_cannot_leave_the_folder(
    server: Scripted, trial: Trial, tmp_path: Path, name: str
) -> None:
    artefact = {"name": name, "size_bytes": 1, "sha256": "0" * 64}
    server.answers["GET", "/trials/101"].clear()
    server.say("GET", "/trials/101", ok(trial_json(1, artefacts=[artefact])))
    with pytest.raises(tinyfront.UnreadableAnswer, match="artefact named"):
        trial.download(tmp_path / "here")
    assert list((tmp_path / "here").iterdir()) == []
    assert not (tmp_path / "evil").exists()


def test_a_trial_can_be_cancelled(server: Scripted, trial: Trial) -> None:
    server.say("POST", "/trials/101/cancel", ok(trial_json(1, status="cancelled")))
    assert trial.cancel().status == "cancelled"
