"""Studies of networks of release 0.1.0: the same space, the same keys, after the upgrade."""

import importlib
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, Table, insert, text

from optimizer.history import History
from service import earlier, needs, schema, studies, thinking, trials, workers
from service.db import Database
from service.errors import NameTaken
from service.transfer import entering, reading, writing
from service.workers import Announcement
from tests.postgres import Postgres
from tests.releases.test_upgrade import restored_postgresql, restored_sqlite
from tests.service import alone

RELEASE = "0.1.0"
KEPT: dict[str, Any] = json.loads((Path(__file__).parent / RELEASE / "networks.json").read_text())
NAMES = [study["name"] for study in KEPT["studies"]]


def fill(db: Database) -> None:
    """Put in rows of studies of networks, as that release wrote them."""
    with db.begin() as session:
        connection = session.connection()
        for name in ("studies", "trials", "metrics"):
            table = Table(name, MetaData(), autoload_with=connection)
            connection.execute(insert(table), [_row(row) for row in KEPT[name]])
        if not db.sqlite:
            next_id = "SELECT setval(pg_get_serial_sequence('studies', 'id'), 1000)"
            connection.execute(text(next_id))


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value).replace(tzinfo=UTC)
        if name.endswith("_at") and value is not None
        else value
        for name, value in row.items()
    }


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """The database of release 0.1.0 with studies of networks in it, upgraded."""
    if request.param == "sqlite":
        database = Database(restored_sqlite(RELEASE, tmp_path))
    else:
        server: Postgres = request.getfixturevalue("postgres")
        database = Database(restored_postgresql(RELEASE, server))
    fill(database)
    schema.upgrade(database)
    yield database
    database.close()


@pytest.mark.parametrize("name", NAMES)
def test_every_point_keeps_its_key_its_figures_and_its_work(db: Database, name: str) -> None:
    with db.read() as session:
        study = studies.get(session, name)
        space = studies.problem_of(study).space
        found = trials.listing(session, study.id).trials
        assert len(found) == 8
        for trial in found:
            space.validate(trial.point)
            assert space.key(trial.point) == trial.key
            assert trial.known.items() <= space.figures(trial.point).items()
            work = trials.get(session, trial.id).work
            assert space.work(trial.point).items() <= work.items()
            assert trial.needs == needs.of(work) == 0
            assert trial.parent_id is None


@pytest.mark.parametrize("name", NAMES)
def test_the_space_is_no_wider_than_it_was(db: Database, name: str) -> None:
    with db.read() as session:
        study = studies.get(session, name)
        space = studies.problem_of(study).space
        assert study.definition["space"] == space.to_json() == study.problem["space"]
    rng = random.Random(0)
    point = space.sample(rng)
    for _ in range(60):
        point = space.morph(point, rng)
        assert "pruning" not in point
        assert all(block.keys().isdisjoint({"join", "exit"}) for block in point["blocks"])
        assert space.work(point)["pruning"] is None


@pytest.mark.parametrize("name", NAMES)
def test_its_history_is_read_and_its_queue_is_worked_off_by_old_workers(
    db: Database, name: str
) -> None:
    with db.begin() as session:
        study = studies.get(session, name)
        history = thinking.history_rows(session, study)
        assert [row.finish_no for row in history] == [1, 2, 3, 4]
        problem = studies.problem_of(study)
        assert History(tuple(history)).scores(problem).shape == (4, len(problem.objectives))
        claim = trials.Claim("old", "r-old", study_id=study.id, data={"digits": "a" * 64})
        (lease,) = alone.claim(session, claim, db.now(session))
        result = {"error": 0.01}
        alone.complete(session, lease.trial_id, lease.token, result, {}, db.now(session))
    assert lease.number == 5


@pytest.mark.parametrize("name", [*NAMES, "kept"])
def test_what_is_exported_of_it_comes_in(db: Database, name: str) -> None:
    with db.read() as session:
        study_id = studies.get(session, name).id
    exported = list(writing.lines(db, study_id))
    lines = [json.dumps(line, default=datetime.isoformat).encode() for line in exported]
    checked = reading.check(lines, "copy")
    with db.begin() as session:
        copied = entering.enter(session, checked, lines, db.now(session)).id
    again = list(writing.lines(db, copied))
    assert len(again) > 8
    assert again[1:] == exported[1:]


@pytest.mark.parametrize("at", range(len(NAMES)))
def test_a_program_of_that_release_finds_its_study_again(db: Database, at: int) -> None:
    definition = KEPT["definitions"][at]
    with db.begin() as session:
        study, new = studies.create(session, definition, db.now(session))
        assert (study.name, new) == (NAMES[at], False)
        open_again = {**definition, "space": {**definition["space"], "joins": ["none", "skip"]}}
        with pytest.raises(NameTaken) as refused:
            studies.create(session, open_again, db.now(session))
    assert refused.value.field == "space.joins"


def test_a_study_of_this_release_is_never_taken_for_one_of_that(db: Database) -> None:
    words = KEPT["definitions"][0]
    closed = {**words, "name": "closed", "space": {**words["space"], **earlier.ADDED}}
    with db.begin() as session:
        now, data = db.now(session), KEPT["studies"][0]["data"]
        workers.announce(session, "w", Announcement("cpu", "host", 1, {}, [data]), now)
        studies.create(session, closed, now)
        with pytest.raises(NameTaken):
            studies.create(session, {**words, "name": "closed"}, now)


def test_the_same_words_make_a_wider_study_under_another_name(db: Database) -> None:
    definition = {**KEPT["definitions"][0], "name": "afresh"}
    with db.begin() as session:
        now = db.now(session)
        data = KEPT["studies"][0]["data"]
        workers.announce(session, "w", Announcement("cpu", "host", 1, {}, [data]), now)
        study, new = studies.create(session, definition, now)
        assert new
        assert "skip" in study.definition["space"]["joins"]
        # And this one is found again by its own words, too.
        assert studies.create(session, definition, now) == (study, False)


def test_the_upgrade_writes_what_definitions_of_that_release_mean() -> None:
    revision = importlib.import_module("migrations.versions.0002_pruning_and_parents")
    assert dict(revision.ADDED) == dict(earlier.ADDED)


def test_an_older_server_refuses_the_upgraded_database(db: Database) -> None:
    with db.read() as session:
        assert schema._oldest_server(session.connection()) == "0.2.0"
