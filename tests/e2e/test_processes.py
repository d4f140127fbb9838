"""Several server processes on one PostgreSQL, of one server and of two, and their end."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest
from sqlalchemy import select

from service.db import Database
from service.models import Attempt, Trial
from service.states import Outcome, Status
from tests.chaos import books
from tests.e2e.conftest import API, Site, free_port, until
from tests.e2e.test_kills import network_study
from tinyfront import Client, Parameters, Real, Study, minimize

TRIALS = 200


@pytest.fixture
def pair(tmp_path: Path, postgres_url: str) -> Iterator[list[Site]]:
    """Two server addresses with one PostgreSQL; nothing runs yet."""
    with ExitStack() as stack:
        sites = [Site(tmp_path / name, postgres_url, free_port()) for name in ("a", "b")]
        for site in sites:
            site.folder.mkdir()
            stack.callback(site.stop)
        yield sites


def box(client: Client, trials: int = TRIALS, ahead: int = 40) -> Study:
    return client.create_study(
        "box",
        space=Parameters(Real("x", 0, 1), Real("y", 0, 1)),
        objectives=[
            minimize("cost", ideal=0, reference=2),
            minimize("loss", ideal=0, reference=2),
        ],
        trials=trials,
        designer="random",
        ahead=ahead,
    )


def check_books(site: Site, folders: list[Path], trials: int = TRIALS) -> None:
    db = Database(site.database_url)
    notes = [note for folder in folders for note in books.diaries(folder)]
    assert len([note for note in notes if note["kind"] == "complete"]) >= trials / 2
    with db.read() as session:
        books.check(session, "box", trials, notes)
    db.close()
    for folder in folders:
        books.check_log(folder / "server.log")


def test_two_servers_give_the_promises_of_one_though_one_of_them_is_killed(
    pair: list[Site],
) -> None:
    first, second = pair
    for site in pair:
        site.start_server()
    with Client(first.url) as client, Client(second.url) as other:
        study = box(client)
        for site in pair:
            site.start_hands("hands", "box", 3, site.url)
        until(lambda: study.refresh().state.finished >= TRIALS // 4, "a quarter has finished")
        second.kill("server")
        until(lambda: study.refresh().state.finished >= TRIALS // 2, "half has finished")
        second.start_server()
        study.wait(progress=False, timeout=120)
        # Whichever is asked knows the same.
        until(lambda: other.study("box").state.finished == TRIALS, "the other server knows it")
    check_books(first, [site.folder for site in pair])


@pytest.fixture
def postgres_site(tmp_path: Path, postgres_url: str) -> Iterator[Site]:
    """A server address with a fresh PostgreSQL; nothing runs yet."""
    found = Site(tmp_path, postgres_url, free_port())
    yield found
    found.stop()


def keeps(pid: int) -> bool:
    """Whether a process of a server is its keeper: the one with planners."""
    return bool(psutil.Process(pid).children())


@pytest.mark.parametrize("keeper", [False, True])
def test_a_killed_process_of_a_server_is_replaced_and_nobody_notices(
    postgres_site: Site, keeper: bool
) -> None:
    site = postgres_site
    site.start_server(processes=2)
    with Client(site.url) as client:
        study = box(client, trials=80, ahead=0 if keeper else 40)
        site.start_hands("hands", "box", 6, site.url)
        until(lambda: study.refresh().state.finished >= 20, "a quarter has finished")
        victim = next(pid for pid in site.pids("server", API) if keeps(pid) is keeper)
        os.kill(victim, signal.SIGKILL)
        until(lambda: len(set(site.pids("server", API)) - {victim}) == 3, "it is replaced")
        study.wait(progress=False, timeout=120)
    check_books(site, [site.folder], trials=80)
    log = (site.folder / "server.log").read_text()
    assert f"{'keeper' if keeper else 'api-1'} (process {victim}) ended with status -9" in log


COUNTED = (
    'tinyfront_request_seconds_count{method="GET",route="/api/v1/studies/{study}",status="404"} '
)


def test_figures_are_those_of_all_processes(postgres_site: Site) -> None:
    postgres_site.start_server(processes=2)

    def is_counted(number: int) -> bool:
        lines = httpx.get(f"{postgres_site.url}/metrics").text.splitlines()
        return f"{COUNTED}{number:.1f}" in lines

    for number in range(1, 13):
        # A new connection each time: either process takes it.
        assert httpx.get(f"{postgres_site.url}/api/v1/studies/none").status_code == 404
        until(partial(is_counted, number), "it is counted")


def test_sqlite_takes_one_process(sqlite_site: Site) -> None:
    with pytest.raises(AssertionError, match=r"processes: need 1 on SQLite, got 2.*PostgreSQL"):
        sqlite_site.start_server(processes=2)


def test_sigterm_ends_a_server_with_all_its_processes_within_ten_seconds(
    postgres_site: Site,
) -> None:
    site = postgres_site
    site.start_server(processes=2)
    with Client(site.url) as client, httpx.Client(base_url=f"{site.url}/api/v1") as http:
        box(client).pause()
        family = site.children("server")
        assert len(family) >= 4  # two of the API, their keeper, a planner
        begun_s = time.monotonic()
        wish = {"worker": "w", "request_id": "r", "wait_s": 60}
        with http.stream("GET", "/studies/box/events", timeout=30) as events:
            assert events.status_code == 200
            server = site.running.pop("server")
            server.send_signal(signal.SIGTERM)
            assert list(events.iter_raw()) is not None  # the stream ends
        assert server.wait(10) == 0
        assert time.monotonic() - begun_s < 10
        with pytest.raises(httpx.HTTPError):
            http.post("/leases", json=wish, timeout=2)
    _, alive = psutil.wait_procs(family, timeout=2)
    assert alive == []


def test_ctrl_c_comes_to_all_processes_at_once_and_lets_requests_finish(
    postgres_site: Site,
) -> None:
    postgres_site.start_server(processes=2)
    log = postgres_site.folder / "server.log"
    until(lambda: log.read_text().count("Application startup complete") == 2, "both serve")
    processes = postgres_site.pids("server", API)  # and the keeper
    server = postgres_site.running.pop("server")
    for pid in (server.pid, *processes):
        os.kill(pid, signal.SIGINT)
    assert server.wait(10) == 0
    assert log.read_text().count("Application shutdown complete") == 2


def test_a_signal_to_the_whole_group_lets_an_upload_finish(site: Site) -> None:
    """As systemd sends it: all processes get it, and some again from the supervisor."""
    site.start_server()
    server = site.running["server"]

    def slowly() -> Iterator[bytes]:
        for number in range(12):
            yield b"x" * 1000
            if number == 2:
                os.killpg(server.pid, signal.SIGTERM)
            time.sleep(0.2)

    with Client(site.url) as client, httpx.Client(base_url=f"{site.url}/api/v1") as http:
        box(client)
        wish = {"worker": "w", "request_id": "r", "wait_s": 20}
        (lease,) = http.post("/leases", json=wish, timeout=30).json()["leases"]
        answer = http.put(
            f"/attempts/{lease['attempt_id']}/artefacts/file",
            content=slowly(),
            headers={"X-Lease-Token": lease["token"]},
            timeout=30,
        )
    assert answer.status_code == 201
    assert answer.json()["size_bytes"] == 12_000
    assert server.wait(10) == 0
    del site.running["server"]


def test_a_worker_beside_its_server_hands_its_trial_back_at_the_end(site: Site) -> None:
    site.start_server(1, "--with-worker")
    with Client(site.url) as client:
        study = network_study(site, client, epochs=10_000)
        until(lambda: any(trial.detail()["reports"] for trial in study.trials()), "it trains")
    family = site.children("server")
    server = site.running.pop("server")
    os.killpg(server.pid, signal.SIGTERM)
    assert server.wait(20) == 0, (site.folder / "server.log").read_text()[-4000:]
    assert psutil.wait_procs(family, timeout=2)[1] == []
    db = Database(site.database_url)
    with db.read() as session:
        (attempt,) = session.scalars(select(Attempt))
        assert (attempt.outcome, attempt.ended_at is None) == (Outcome.RELEASED, False)
        assert [trial.status for trial in session.scalars(select(Trial))] == [Status.QUEUED]
    db.close()


def test_a_worker_is_killed_with_the_supervisor_beside_whom_it_works(sqlite_site: Site) -> None:
    sqlite_site.start_server(1, "--with-worker")
    with Client(sqlite_site.url) as client:
        until(lambda: client.data() != [], "the worker serves")
    family = sqlite_site.children("server")
    assert len([child for child in family if "worker" in child.cmdline()]) == 1
    assert len(family) >= 4  # with a planner and the one who trains
    sqlite_site.kill("server")
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []


def test_a_server_whose_supervisor_is_killed_leaves_nobody_behind(postgres_site: Site) -> None:
    postgres_site.start_server(processes=2)
    family = postgres_site.children("server")
    postgres_site.kill("server")
    # Planners look only once they have loaded torch.
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []
    postgres_site.start_server(processes=2)  # the address is free again
