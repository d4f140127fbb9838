"""Dockerfile and compose file stay true without a docker engine: what they name is there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from service import bootstrap, key_texts, supervisor
from service.db import POOL
from tests.e2e.conftest import Site, free_port, until

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
MOST_CONNECTIONS = 97  # PostgreSQL's own default, without those for its administrator
OURS = [name for name, service in COMPOSE["services"].items() if "build" in service]


def dockerfile() -> list[list[str]]:
    text = (ROOT / "Dockerfile").read_text()
    return [
        shlex.split(line, posix=False)
        for line in text.splitlines()
        if line and not line.startswith("#")
    ]


def test_the_image_copies_only_what_there_is() -> None:
    copied = [name for line in dockerfile() if line[0] == "COPY" for name in line[1:-1]]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_image_holds_every_package_of_the_wheel() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = {name for line in dockerfile() if line[0] == "COPY" for name in line[1:-1]}
    assert set(packages) <= copied


@pytest.mark.parametrize("name", OURS)
def test_each_command_of_the_compose_file_is_understood(name: str) -> None:
    command = COMPOSE["services"][name]["command"]
    run = subprocess.run(
        [sys.executable, "-m", "service", *command, "--help"], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    known = run.stdout
    assert [word for word in command if word.startswith("--") and word not in known] == []


def test_the_server_waits_for_its_database_and_the_worker_for_its_server() -> None:
    services = COMPOSE["services"]
    assert services["server"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert services["worker"]["depends_on"]["server"]["condition"] == "service_healthy"


def test_there_is_a_server_of_two_processes_and_there_are_two_workers() -> None:
    services = COMPOSE["services"]
    command = services["server"]["command"]
    assert command[command.index("--processes") + 1] == "2"
    assert services["worker"]["deploy"]["replicas"] == 2


def test_the_database_has_a_connection_for_every_thread_of_the_server() -> None:
    command = COMPOSE["services"]["server"]["command"]
    answering = int(command[command.index("--processes") + 1])
    keeper = 1
    assert (answering + keeper) * POOL <= MOST_CONNECTIONS


def test_everything_gets_the_time_it_needs_to_end() -> None:
    grace = {COMPOSE["services"][name]["stop_grace_period"] for name in OURS}
    assert grace == {"15s"}
    assert supervisor.STOP_S < 15


def here(command: list[str], folder: Path, port: int) -> list[str]:
    """A command of the compose file, with the folders and the port of this test."""
    places = {"/data": str(folder / "data"), "/sets": str(folder), "8000": str(port)}
    for old, new in places.items():
        command = [word.replace(old, new) for word in command]
    return [sys.executable if word == "python" else word for word in command]


def test_the_commands_of_the_compose_file_bring_up_a_server_and_two_workers(
    tmp_path: Path, postgres_url: str
) -> None:
    services, port = COMPOSE["services"], free_port()
    admin, worker = key_texts.new(), key_texts.new()
    given = {
        "TINYFRONT_DATABASE_URL": postgres_url,
        "TINYFRONT_BOOTSTRAP_ADMIN_KEY": admin,
        "TINYFRONT_BOOTSTRAP_WORKER_KEY": worker,
    }
    assert set(services["server"]["environment"]) == set(given)
    header = {"Authorization": f"Bearer {admin}"}
    site = Site(tmp_path, postgres_url, port)
    check = here(services["server"]["healthcheck"]["test"][1:], tmp_path, port)
    try:
        serve = here(services["server"]["command"], tmp_path, port)
        site.run("server", ["service", *serve], **given)
        until(lambda: subprocess.run(check, capture_output=True).returncode == 0, "it is healthy")
        for number in (1, 2):
            work = here(services["worker"]["command"], tmp_path, port)
            site.run(f"worker{number}", ["service", *work], TINYFRONT_API_KEY=worker)
        with httpx.Client(base_url=f"{site.url}/api/v1", headers=header) as http:
            until(
                lambda: len(http.get("/workers").json()["items"]) == 2,
                "both have said who they are",
            )
    finally:
        site.stop()
    assert [process.returncode for process in site.running.values()] == [0, 0, 0]


def test_the_keys_of_the_compose_file_are_those_that_make_writes(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert bootstrap.write_env(path)
    written = {line.split("=")[0] for line in path.read_text().splitlines() if "=" in line}
    asked = re.findall(r"\$\{(\w+)(\S?)", (ROOT / "docker-compose.yml").read_text())
    assert {name for name, _ in asked} == written
    assert {sign for _, sign in asked} == {":"}, "without keys the containers must not start"


def test_the_server_and_the_worker_of_the_compose_file_have_keys() -> None:
    services = COMPOSE["services"]
    server, worker = (services[name]["environment"] for name in ("server", "worker"))
    assert "TINYFRONT_BOOTSTRAP_ADMIN_KEY" in server
    assert worker["TINYFRONT_API_KEY"] == server["TINYFRONT_BOOTSTRAP_WORKER_KEY"]
    assert "ADMIN" not in str(worker)


def test_make_writes_the_keys_once_and_git_never_sees_them() -> None:
    lines = (ROOT / "Makefile").read_text()
    assert re.search(r"^up: setup \.env$", lines, re.MULTILINE)
    assert re.search(r"^\.env: \| \S+\n\t@\S+tinyfront-server keys env \$@$", lines, re.MULTILINE)
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_server_of_the_compose_file_listens_on_its_own_machine_only() -> None:
    command = COMPOSE["services"]["server"]["command"]
    assert command[command.index("--host") + 1] == "127.0.0.1"
