"""Dockerfile and compose file stay true without a docker engine: what they name is there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from service import bootstrap

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
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
