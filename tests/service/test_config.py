"""Settings come from the environment, once, and do not change."""

import pytest
from pydantic import ValidationError

from service.config import Settings


def test_a_server_needs_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "PORT"):
        monkeypatch.delenv(f"TINYFRONT_{name}", raising=False)
    settings = Settings()
    assert settings.database_url == "sqlite:///tinyfront.db"
    assert settings.host == "127.0.0.1"
    assert settings.planners >= 1


def test_the_environment_sets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYFRONT_DATABASE_URL", "postgresql://db/tinyfront")
    monkeypatch.setenv("TINYFRONT_PORT", "9000")
    assert (Settings().database_url, Settings().port) == ("postgresql://db/tinyfront", 9000)


def test_a_wrong_value_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYFRONT_PORT", "70000")
    with pytest.raises(ValidationError, match="port"):
        Settings()


def test_settings_do_not_change() -> None:
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1
