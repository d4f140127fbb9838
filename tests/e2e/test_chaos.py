"""A storm of kills, lost answers and full disks: every trial finishes exactly once all the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.storm import Storm
from tests.conftest import upgrade
from tests.e2e.conftest import Site, free_port
from tests.postgres import SURE, Postgres, postgres_server

TRIALS = 60


@pytest.fixture
def mortal() -> Iterator[Postgres]:
    """A PostgreSQL that may be killed, and keeps what it acknowledged."""
    with postgres_server(SURE) as running:
        yield running


def test_a_storm_over_sqlite_loses_nothing(sqlite_site: Site) -> None:
    done = Storm(sqlite_site, None, seed=3).run(TRIALS, storm_s=20, calm_s=60)
    assert done["killed_workers"] >= 1
    assert done["requests_unanswered"] >= 1


def test_a_storm_over_postgresql_loses_nothing(mortal: Postgres, tmp_path: Path) -> None:
    url = mortal.url(mortal.create())
    upgrade(url)
    site = Site(tmp_path, url, free_port())
    try:
        done = Storm(site, mortal, seed=4, processes=2).run(TRIALS, storm_s=20, calm_s=60)
    finally:
        site.stop()
    assert done["killed_databases"] >= 1
    assert done["requests_doubled"] >= 1
