"""The command: clear single lines and exit codes, before anything is started."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.fleet.plain import app
from tests.worker.fake_server import FakeServer, Listening
from worker import loop
from worker.api import own_version
from worker.fleet import cluster as clusters
from worker.fleet.berth import Where
from worker.fleet.cli import _check_reach
from worker.fleet.cluster import Cluster
from worker.fleet.errors import FleetError, NotAllNodes, OtherVersion
from worker.fleet.plan import Node

START = clusters.START


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["fleet", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stderr.strip()


class Lists(FakeServer):
    """A server that has no workers and no studies yet."""

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        status, value = super().answer(method, path, body)
        return status, {"items": [], "next": None} if status == 200 else value


@pytest.fixture
def server() -> Lists:
    return Lists()


@pytest.fixture
def url(server: Lists) -> Iterator[str]:
    with Listening(server) as address:
        yield address


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--name", "a b"], "--name: need up to 50 letters, digits, . _ and -, got 'a b'."),
        (["--workers", "9", "--max", "4"], "--workers: need 1 <= --min <= --workers <= --max <= "),
        (["--gpus", "1.5"], "--gpus: a worker uses one GPU or a part of it, got 1.5."),
        (["--data-dir", "/no/such/folder"], "--data-dir: /no/such/folder is no folder."),
        (["--server", "here"], "--server: need http://host:port or https://host, got 'here'."),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(arguments: list[str], line: str) -> None:
    code, text = run(*arguments)
    assert code == 2
    assert text.startswith(line)
    assert "\n" not in text


def test_no_server_is_one_line_and_exit_code_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "FIRST_ANSWER_S", 0.1)
    with closed_port() as port:
        code, text = run("--server", f"http://127.0.0.1:{port}")
    assert code == 3
    assert "tinyfront-server serve" in text
    assert "\n" not in text


def test_a_key_that_may_not_list_studies_cannot_follow_what_waits(server: Lists, url: str) -> None:
    server.refuse["limit=200"] = (403, "A worker may not.")
    code, text = run("--server", url, "--max", "4")
    assert (code, text[:6]) == (4, "--max:")


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_opens_nothing_is_told_in_the_servers_words(
    server: Lists, url: str, status: int
) -> None:
    server.refuse["order=name"] = (status, "This key is revoked.")
    assert run("--server", url) == (4, "This key is revoked.")


def test_without_ray_the_command_that_installs_it_is_told(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    line = "Fleets need Ray: pip install 'tinyfront-server[ray,worker]'."
    assert run("--server", url) == (1, line)


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that is bound but does not listen: it refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_an_address_where_nothing_answers_is_one_line(url: str) -> None:
    with closed_port() as port:
        address = f"127.0.0.1:{port}"
        code, text = run("--server", url, "--address", address)
    line = f"--address: nothing answers at {address} (Connection refused). {START}"
    assert (code, text) == (3, line)


def test_a_program_that_is_no_cluster_is_told_at_once(url: str) -> None:
    address = url.removeprefix("http://")  # of the server itself, an easy mistake
    line = f"--address: what answers at {address} is no Ray cluster. {START}"
    assert run("--server", url, "--address", address) == (3, line)


@pytest.mark.parametrize(
    ("address", "word"), [("10.0.0.1", "HOST:PORT"), ("ray://10.0.0.1:10001", "on a node of")]
)
def test_an_address_that_is_none_is_one_line(url: str, address: str, word: str) -> None:
    code, text = run("--server", url, "--address", address)
    assert code == 2
    assert text.startswith("--address: ")
    assert word in text


def test_a_machine_without_a_cluster_is_told_how_to_start_one(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    import ray

    def init(**given: object) -> None:
        raise ConnectionError("Could not find any running Ray instance.\nPlease specify")

    monkeypatch.setattr(ray, "init", init)
    line = f"--address: no Ray cluster answers on this machine. {START}"
    assert run("--server", url) == (3, line)


@pytest.mark.parametrize(
    ("cluster", "words"),
    [("2.9.0", "Ray 2.9.0 and Python 3.11.7"), (None, "Python 3.9.1")],
)
def test_other_versions_of_ray_or_python_are_named_with_ours(
    monkeypatch: pytest.MonkeyPatch, cluster: str | None, words: str
) -> None:
    import ray
    from ray._private.utils import check_version_info

    python = "3.11.7" if cluster else "3.9.1"
    theirs = {"ray_version": cluster or ray.__version__, "python_version": python}

    def init(**given: object) -> None:
        check_version_info(theirs, "node 10.0.0.9")

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(OtherVersion) as caught:
        Cluster.opened("auto")
    assert words in str(caught.value)
    assert f"this command Ray {ray.__version__} and Python" in str(caught.value)


def test_a_token_that_the_cluster_does_not_know_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import ray

    def init(**given: object) -> None:
        raise ray.exceptions.AuthenticationError("InvalidAuthToken: Authentication token is wrong")

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(FleetError, match="RAY_AUTH_TOKEN") as caught:
        Cluster.opened("auto")
    assert caught.value.code == 4


def test_a_node_with_another_tinyfront_is_named() -> None:
    clusters._check_version(Where("node-2", own_version()))
    with pytest.raises(OtherVersion, match=r"^node-2 has tinyfront-server 0\.0\.1, this command "):
        clusters._check_version(Where("node-2", "0.0.1"))


class TwoMachines:
    """A cluster as far as addresses go."""

    own_address = "10.0.0.1"

    def nodes(self) -> list[Node]:
        return [Node("here", "10.0.0.1", 2, 0), Node("there", "10.0.0.2", 2, 0)]


def test_a_server_of_this_machine_alone_is_none_for_other_nodes() -> None:
    two: Any = TwoMachines()
    with pytest.raises(NotAllNodes, match="the cluster has there, too") as caught:
        _check_reach(two, "http://localhost:8000")
    assert caught.value.code == 2
    _check_reach(two, "http://10.0.0.1:8000")


def test_importing_the_command_imports_neither_ray_nor_anything_heavy() -> None:
    heavy = {"ray", "torch", "numpy", "httpx", "sklearn"}
    code = f"import sys, worker.fleet.cli; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
