"""`tinyfront compare`: studies side by side."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.client.scripted import Scripted, objective_json, ok, study_json, trial_json
from tinyfront.cli import app, profiles

OBJECTIVES = [objective_json("error"), objective_json("model_size:deployed", unit="B")]


@pytest.fixture(autouse=True)
def scripted(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "Client", lambda *_: server.client())


def run(*words: str) -> Any:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.output
    return result


def told(*words: str) -> Any:
    return json.loads(run(*words, "--json").stdout)


def studies_with_fronts(server: Scripted, **changes: Any) -> None:
    """Two studies: of the first's two networks the second beats one."""
    points = {"a": [(1.0, 4.0), (3.0, 3.0)], "b": [(2.0, 2.0)]}
    for number, (name, front) in enumerate(points.items(), start=1):
        own = changes if name == "b" else {}
        state = study_json(id=number, name=name, **{"objectives": OBJECTIVES} | own)
        server.say("GET", f"/studies/{name}", ok(state))
        names = [each["name"] for each in state["objectives"]]
        items = [trial_json(1, values=dict(zip(names, point, strict=True))) for point in front]
        answer = ok({"objectives": state["objectives"], "items": items})
        server.say("GET", f"/studies/{number}/front", answer)


def test_studies_are_compared_by_which_front_beats_which(server: Scripted) -> None:
    studies_with_fronts(server)
    found = told("compare", "a", "b")
    assert found["same_scale"] is True
    assert found["beaten"] == [
        {"study": "a", "by": "b", "beaten": 1},
        {"study": "b", "by": "a", "beaten": 0},
    ]
    text = run("compare", "a", "b").stdout
    assert "1 of 2" in text
    assert "0 of 1" in text


def test_a_comparison_says_where_hypervolumes_are_of_different_scales(server: Scripted) -> None:
    studies_with_fronts(server, objectives=[OBJECTIVES[0] | {"reference": 9.0}, OBJECTIVES[1]])
    result = run("compare", "a", "b")
    assert "do not compare the hypervolumes" in result.stderr
    assert "1 of 2" in result.stdout


def test_fronts_over_other_objectives_are_not_compared(server: Scripted) -> None:
    studies_with_fronts(server, objectives=[objective_json("x"), objective_json("y")])
    assert {each["beaten"] for each in told("compare", "a", "b")["beaten"]} == {None}
