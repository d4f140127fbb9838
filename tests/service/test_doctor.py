"""The doctor: how far the models of a study can be trusted."""

import json

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from service import doctor
from service.cli import app
from service.command_errors import NoModel
from service.db import Database
from service.errors import StudyNotFound
from service.models import Trial
from service.states import Status
from tests.planner.studies import INITIAL, finish, make_study


def test_a_smooth_study_has_models_that_order_its_results(db: Database) -> None:
    limits = [{"name": "b", "limit": 0.3}]  # proposed at random; models are fitted all the same
    study_id = make_study(db, objectives=[{"name": "a"}], constraints=limits)
    finish(db, study_id, 20)
    with db.read() as session:
        found = doctor.examine(session, study_id)
    assert (found.study, found.finished, found.completed) == ("box", 20, 20)
    assert found.infeasible_share == 0.0
    assert 0 < found.over_limit_share < 1
    assert [judged.name for judged in found.judgements] == ["a", "b"]
    for judged in found.judgements:
        assert (judged.kind, judged.observations) == ("gp", 20)
        assert judged.kendall is not None
        assert judged.kendall > 0.9
        assert judged.lengthscales.keys() == {"x", "y"}


def test_what_has_no_value_and_what_is_over_a_limit_is_counted(db: Database) -> None:
    study_id = make_study(db, objectives=[{"name": "a", "limit": 0.2}, {"name": "b"}])
    finish(db, study_id, 20)
    with db.begin() as session:
        rows = session.scalars(select(Trial).order_by(Trial.number)).all()
        over = sum(trial.feasible is False for trial in rows[4:])
        for trial in rows[:4]:
            trial.on_front, trial.feasible = False, None
            session.flush()
            trial.status = Status.INFEASIBLE
    with db.read() as session:
        found = doctor.examine(session, study_id)
    assert found.infeasible_share == 0.2
    assert over > 0
    assert found.over_limit_share == pytest.approx(over / 16)


def test_a_study_with_too_few_results_is_told_how_many_it_needs(db: Database) -> None:
    study_id = make_study(db)
    finish(db, study_id, INITIAL - 1)
    with (
        db.read() as session,
        pytest.raises(NoModel, match=r"no model yet: 5 trials are completed.* needs the 6 of"),
    ):
        doctor.examine(session, study_id)
    with db.read() as session, pytest.raises(StudyNotFound):
        doctor.examine(session, "nobody")


def test_the_command_prints_a_table_or_json(sqlite_url: str) -> None:
    db = Database(sqlite_url)
    finish(db, make_study(db), 12)
    db.close()
    command = ["doctor", "box", "--database", sqlite_url]
    text = CliRunner().invoke(app, command).stdout
    head, first, second, last, *_ = text.splitlines()
    assert head.split()[:5] == ["predicted", "model", "results", "Kendall", "Spearman"]
    assert first.split()[:3] == ["a", "gp", "12"]
    assert second.split()[0] == "b"
    assert last.startswith("12 trials of box have finished, 12 with a result; 0.0% are infeasible")
    found = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert found["judgements"][0]["inside"].keys() == {"50%", "80%", "95%"}


def test_the_command_says_how_it_is_used() -> None:
    result = CliRunner().invoke(app, ["doctor", "--help"])
    assert result.exit_code == 0
    assert "[STUDY]" in result.output
    assert "Kendall" in result.output
