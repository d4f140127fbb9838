"""What `serve` looks at before it forks, without any process of a server."""

import logging
from pathlib import Path

import pytest

from service import serve
from service.config import Settings


def test_a_database_file_that_others_may_read_is_logged(
    sqlite_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serve._database(Settings(database_url=sqlite_url)):
        assert caplog.messages == []
    (tmp_path / "tinyfront.db").chmod(0o644)
    with serve._database(Settings(database_url=sqlite_url)):
        [line] = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert "chmod 600" in line.getMessage()
