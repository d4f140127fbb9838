"""A small stage for tests of the domain."""

import pytest

from service.db import Database
from tests.service.stage import Stage


@pytest.fixture
def stage(db: Database) -> Stage:
    """A stage on a fresh database, once of each kind."""
    return Stage(db)
