"""Fleets on a real Ray cluster: nodes and the server come and go, every trial is there once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from service.db import Database
from service.models import Trial
from tests.chaos import books
from tests.e2e.conftest import PATHS, Site, until
from tests.fleet.conftest import NODE_BYTES
from tests.worker.samples import save
from tinyfront import Client, Cnn, Parameters, Real, Study, minimize

pytestmark = [pytest.mark.xdist_group("ray"), pytest.mark.timeout(600)]
STUDY, CREW = "fast", "crew"


def node_of(cluster: Any) -> Any:
    return cluster.add_node(num_cpus=2, object_store_memory=NODE_BYTES)


@dataclass
class Scene:
    """A server, a study of fast trials, and a fleet on a cluster."""

    site: Site
    address: str
    study: Study
    trials: int

    def start(self, name: str, *options: str) -> None:
        """Start a fleet of quick workers."""
        always = ["--server", self.site.url, "--address", self.address, "--name", CREW]
        command = ["tests.fleet.command", "fleet", *always, "--study", STUDY, "--lease-s", "10"]
        diaries = str(self.site.folder)
        self.site.run(name, [*command, *options], PYTHONPATH=PATHS, QUICK_DIARY=diaries)

    def done(self) -> int:
        return int(self.study.refresh().state.finished)

    def wait_for(self, share: float) -> None:
        def done() -> bool:
            assert self.site.running[CREW].poll() in (None, 0), self.site.log(CREW)
            return self.done() >= share * self.trials

        until(done, f"{share:.0%} of the trials", 300)

    def check(self) -> dict[str, int]:
        """Every trial is there once, and what each worker noted is what the server says it did."""
        until(lambda: self.site.running[CREW].poll() is not None, "the fleet has ended", 120)
        assert self.site.running.pop(CREW).returncode == 0, self.site.log(CREW)
        db = Database(self.site.database_url)
        try:
            until(lambda: open_leases(db) == 0, "no lease is open", 30)
            with db.read() as session:
                books.check(session, STUDY, self.trials, books.diaries(self.site.folder))
                found = select(Trial.worker).where(Trial.finish_no.is_not(None))
                told = Counter(str(worker) for worker in session.scalars(found))
        finally:
            db.close()
        noted = {p.stem: len(p.read_text().splitlines()) for p in self.site.folder.glob("*.diary")}
        for worker in told | noted:  # one that was killed may not have noted its last
            assert told[worker] - noted.get(worker, 0) in (0, 1, 2), (told, noted)
        return dict(told)


def open_leases(db: Database) -> int:
    with db.read() as session:
        return books.open_leases(session)


def lose_and_add(cluster: Any, node: Any) -> Any:
    """Kill a node as a power cut does, and add another."""
    cluster.remove_node(node, allow_graceful=False)
    return node_of(cluster)


@contextmanager
def scene(site: Site, cluster: Any, trials: int, *options: str) -> Iterator[Scene]:
    """A server with a study and a fleet at work, for as long as the block runs."""
    site.start_server()
    with Client(site.url) as client:
        played = Scene(site, cluster.address, create(client, trials), trials)
        played.start(CREW, *options)
        yield played


def create(client: Client, trials: int) -> Study:
    return client.create_study(
        STUDY,
        space=Parameters(Real("x", 0, 1), Real("y", 0, 1)),
        objectives=[minimize("cost", ideal=0, reference=2), minimize("loss", ideal=0, reference=2)],
        trials=trials,
        designer="random",
        ahead=20,
        max_attempts=100,
    )


@pytest.fixture
def nodes(cluster: Any) -> Iterator[list[Any]]:
    """Nodes that a test added; those left are taken away after it."""
    added: list[Any] = []
    yield added
    for node in added:
        cluster.remove_node(node, allow_graceful=False)


def test_a_fleet_outlasts_the_loss_of_a_node(
    cluster: Any, nodes: list[Any], sqlite_site: Site
) -> None:
    nodes.append(node_of(cluster))
    with scene(sqlite_site, cluster, 40, "--workers", "3") as played:
        played.wait_for(0.2)
        nodes[:] = [lose_and_add(cluster, nodes[0])]
        told = played.check()
    assert told.keys() <= {"crew-0", "crew-1", "crew-2"}
    assert "and started anew: its process or its node is gone." in sqlite_site.log(CREW)


@pytest.mark.slow
@pytest.mark.parametrize("restart", [False, True])
def test_two_hundred_trials_of_six_workers_on_three_nodes_are_there_once(
    cluster: Any, nodes: list[Any], site: Site, restart: bool
) -> None:
    nodes += [node_of(cluster), node_of(cluster)]
    with scene(site, cluster, 200, "--workers", "6") as played:
        played.wait_for(0.2)
        nodes[0] = lose_and_add(cluster, nodes[0])
        played.wait_for(0.5)
        if restart:
            site.kill("server")
            site.start_server()
        told = played.check()
    assert told.keys() <= {f"crew-{number}" for number in range(6)}
    assert len(told) >= 4


@pytest.mark.slow
def test_a_fleet_grows_with_what_waits_and_hands_back_when_it_is_told_to_end(
    cluster: Any, nodes: list[Any], sqlite_site: Site
) -> None:
    nodes += [node_of(cluster), node_of(cluster)]
    with scene(sqlite_site, cluster, 5_000, "--min", "1", "--max", "4") as played:
        until(lambda: "crew-3 works on" in sqlite_site.log(CREW), "four berths", 120)
        assert sqlite_site.end(CREW) == 0, sqlite_site.log(CREW)
        counts = played.study.refresh().state.counts
    assert counts["running"] == 0
    assert "hand back what they hold" in sqlite_site.log(CREW)


@pytest.mark.slow
def test_workers_of_a_fleet_train_networks_on_data_that_came_to_their_node(
    cluster: Any, sqlite_site: Site
) -> None:
    own = sqlite_site.folder / "own"
    own.mkdir()
    save(own)
    sqlite_site.start_server()
    options = ["--server", sqlite_site.url, "--address", cluster.address, "--data-dir", str(own)]
    command = ["tests.fleet.plain", "fleet", "--name", CREW, "--workers", "2", *options]
    sqlite_site.run(CREW, command, PYTHONPATH=PATHS)
    with Client(sqlite_site.url) as client:
        until(lambda: "rows" in {each["name"] for each in client.data()}, "the data is told", 180)
        study = client.create_study(
            "rows", data="rows", space=Cnn(), objectives=[minimize("error")], trials=4,
            training={"epochs": 1}, designer="random",
        )  # fmt: skip
        study.wait(timeout=300)
        told = {trial.worker for trial in study.trials()}
    assert told <= {"crew-0", "crew-1"}
    assert sqlite_site.end(CREW) == 0, sqlite_site.log(CREW)


@pytest.mark.slow
def test_a_second_fleet_of_the_name_and_too_large_a_one_are_one_line(
    cluster: Any, sqlite_site: Site
) -> None:
    with scene(sqlite_site, cluster, 5_000, "--workers", "1") as played:
        until(lambda: "crew-0 works on" in sqlite_site.log(CREW), "a berth", 120)
        for name, wanted, line in (
            ("again", "1", "--name: a fleet named crew runs on this cluster"),
            ("large", "9", "The cluster has room for 2 of 9 workers with 1 CPU and 0 GPU each"),
        ):
            played.start(name, "--workers", wanted)
            assert sqlite_site.running[name].wait(120) == 1
            assert sqlite_site.log(name).splitlines()[-1].startswith(line)
        assert sqlite_site.end(CREW) == 0
