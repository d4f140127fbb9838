"""The first keys come from the environment, and a server beyond loopback needs some."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from service import bootstrap, key_texts, keys
from service.command_errors import BootstrapKeyTaken, NoKeys
from service.config import Settings
from service.db import Database
from service.states import Role
from tests.e2e.conftest import Site, sqlite_site

__all__ = ["sqlite_site"]

ROOT = Path(__file__).parents[2]
ADMIN, WORKER = key_texts.new(), key_texts.new()


def settings(**changes: object) -> Settings:
    given = {"bootstrap_admin_key": ADMIN, "bootstrap_worker_key": WORKER}
    return Settings.model_validate(given | changes)


def listed(db: Database) -> list[keys.Listed]:
    with db.read() as session:
        return keys.listing(session)


def test_keys_of_the_environment_are_entered_once(db: Database) -> None:
    for _ in range(2):
        bootstrap.prepare(db, settings())
    found = {key.id: (key.role, key.project) for key in listed(db)}
    assert found == {
        key_texts.id_of(ADMIN): (Role.ADMIN, "default"),
        key_texts.id_of(WORKER): (Role.WORKER, "default"),
    }


def test_servers_that_start_together_enter_them_once(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(bootstrap.prepare, db, settings()) for db in databases]:
            done.result()
    assert len(listed(databases[0])) == 2
    for db in databases:
        db.close()


def test_a_bootstrap_key_that_was_revoked_stays_revoked(db: Database) -> None:
    bootstrap.prepare(db, settings())
    with db.begin() as session:
        keys.revoke(session, str(key_texts.id_of(ADMIN)), db.now(session))
    bootstrap.prepare(db, settings())
    with db.read() as session:
        assert [key.role for key, _ in keys.valid(session)] == [Role.WORKER]


def test_a_key_for_two_roles_or_with_the_id_of_another_is_refused(db: Database) -> None:
    with pytest.raises(BootstrapKeyTaken, match="TINYFRONT_BOOTSTRAP_WORKER_KEY"):
        bootstrap.prepare(db, settings(bootstrap_worker_key=ADMIN))
    other = f"tf_{key_texts.id_of(ADMIN)}_{'x' * 43}"
    with pytest.raises(BootstrapKeyTaken, match="TINYFRONT_BOOTSTRAP_ADMIN_KEY") as error:
        bootstrap.prepare(db, settings(bootstrap_admin_key=other))
    assert "xxx" not in str(error.value)


MALFORMED = {"empty": "", "no-key": "secret-but-short", "short": "tf_1_x", "space": f"{ADMIN} "}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValidationError) as error:
        settings(bootstrap_admin_key=text)
    assert "bootstrap_admin_key" in str(error.value)
    assert "need tf_<id>_<secret>" in str(error.value)
    assert not text or text not in str(error.value)


def test_settings_do_not_show_their_keys() -> None:
    assert ADMIN not in repr(settings())
    assert isinstance(settings().bootstrap_admin_key, SecretStr)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "tinyfront.example"])
def test_a_server_that_others_reach_needs_a_key(db: Database, host: str) -> None:
    with pytest.raises(NoKeys, match="tinyfront-server keys create"):
        bootstrap.prepare(db, Settings(host=host))
    bootstrap.prepare(db, settings(host=host))
    bootstrap.prepare(db, Settings(host=host))
    assert Settings(host=host).asks_for_keys


def test_a_server_of_one_machine_needs_none(db: Database) -> None:
    for host in ("127.0.0.1", "localhost", "::1", "127.9.9.9"):
        bootstrap.prepare(db, Settings(host=host))
        assert not Settings(host=host).asks_for_keys
    assert settings().asks_for_keys


def test_the_file_of_keys_is_written_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert bootstrap.write_env(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert not bootstrap.write_env(path)
    assert path.read_text() == text
    variables = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    assert variables.keys() == {"TINYFRONT_BOOTSTRAP_ADMIN_KEY", "TINYFRONT_BOOTSTRAP_WORKER_KEY"}
    assert len({key_texts.id_of(key) for key in variables.values()} - {None}) == 2


def test_a_worker_beside_the_server_gets_its_own_key_alone() -> None:
    environment = {"TINYFRONT_BOOTSTRAP_ADMIN_KEY": ADMIN, "PATH": "/bin"}
    own = bootstrap.worker_environment(settings(), environment)
    assert own == {"PATH": "/bin", "TINYFRONT_API_KEY": WORKER}


def serve(folder: Path, *options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    database = f"sqlite:///{folder / 'served.db'}"
    return subprocess.run(
        [sys.executable, "-m", "service", "serve", "--port", "0", "--database", database, *options],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command_does_not_serve_others_without_keys(tmp_path: Path) -> None:
    done = serve(tmp_path, "--host", "0.0.0.0")
    assert done.returncode == 1
    assert "host: '0.0.0.0' can be reached from other machines" in done.stderr
    assert "listens on" not in done.stdout


def test_the_command_names_a_malformed_key_without_showing_it(tmp_path: Path) -> None:
    done = serve(tmp_path, TINYFRONT_BOOTSTRAP_ADMIN_KEY="tf_too_short")
    assert done.returncode == 2
    assert done.stderr.startswith("bootstrap_admin_key: need tf_<id>_<secret>")
    assert "from the variable TINYFRONT_BOOTSTRAP_ADMIN_KEY" in done.stderr
    assert "tf_too_short" not in done.stderr


def test_a_server_with_keys_serves_others_and_its_log_holds_none(
    sqlite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYFRONT_BOOTSTRAP_ADMIN_KEY", ADMIN)
    monkeypatch.setenv("TINYFRONT_HOST", "0.0.0.0")
    monkeypatch.setenv("TINYFRONT_API_KEY", ADMIN)  # of the client that waits for it
    sqlite_site.start_server()
    with httpx.Client(base_url=f"{sqlite_site.url}/api/v1") as http:
        assert http.get("/devices").status_code == 401
        mine = http.get("/session", headers={"Authorization": f"Bearer {ADMIN}"})
        assert mine.json()["role"] == "admin"
    sqlite_site.stop()
    assert ADMIN.split("_", 2)[2] not in sqlite_site.log("server")
