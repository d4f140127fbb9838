"""`tinyfront trial show`: how a proposal came about."""

import pytest
from typer.testing import CliRunner

from tests.client.scripted import Scripted, ok, trial_json
from tinyfront.cli import app, profiles


@pytest.fixture(autouse=True)
def scripted(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "Client", lambda *_: server.client())


def shown(trial: int) -> str:
    result = CliRunner().invoke(app, ["trial", "show", str(trial)])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_trial_shows_how_long_its_proposal_took_and_who_stepped_in(server: Scripted) -> None:
    late = "bayes: no answer within 5 s"
    server.say(
        "GET",
        "/trials/101",
        ok(trial_json(designer="random", think_s=5.03125, fallback=late)),
    )
    text = shown(101)
    assert "instead of" in text
    assert late in text
    assert "5.03 s" in text
    server.say("GET", "/trials/102", ok(trial_json(2)))  # of a server of 0.1.0
    older = shown(102)
    assert "instead of" not in older
    assert "proposed in" not in older
