"""What Prometheus is told."""

import re

import pytest
from sqlalchemy import text

from tests.api.conftest import Served, wait_until


def figures(served: Served) -> dict[str, float]:
    answer = served.http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    rows = re.findall(r"^(tinyfront\S+) (\S+)$", answer.text, re.MULTILINE)
    return {name: float(value) for name, value in rows}


def test_requests_are_counted_by_route_and_status_and_not_by_address(
    served_sqlite: Served,
) -> None:
    served_sqlite.study()
    for name in ("toy", "nobody", "noone"):
        served_sqlite.ask("GET", f"/studies/{name}")
    served_sqlite.http.get("/nothing/here")
    counted = 'tinyfront_request_seconds_count{method="GET",route="%s",status="%d"}'
    # An answer is counted when it has left.
    wait_until(lambda: counted % ("other", 404) in figures(served_sqlite))
    found = figures(served_sqlite)
    assert found[counted % ("/api/v1/studies/{study}", 200)] == 1
    assert found[counted % ("/api/v1/studies/{study}", 404)] == 2
    assert found[counted % ("other", 404)] == 1
    assert not any("nobody" in name or "nothing" in name for name in found)


def test_queue_leases_hypervolume_and_trials_are_those_of_the_database(served: Served) -> None:
    number = served.study()["id"]
    for x in (0.1, 0.2, 0.3):
        served.enqueue(x)
    [lease] = served.claim()
    served.complete(lease, 1.0, 2.0)
    served.claim()
    wait_until(lambda: served.get("/studies/toy")["finished"] == 1)
    found = figures(served)
    study = f'{{name="toy",study="{number}"}}'
    study = study if f"tinyfront_queue{study}" in found else f'{{study="{number}",name="toy"}}'
    assert found[f"tinyfront_queue{study}"] == 1
    assert found[f"tinyfront_leases{study}"] == 1
    assert found[f"tinyfront_hypervolume{study}"] == served.get("/studies/toy")["hypervolume"]
    trials = {name: value for name, value in found.items() if name.startswith("tinyfront_trials")}
    assert trials['tinyfront_trials{status="completed"}'] == 1
    assert sum(trials.values()) == 3


def test_a_study_that_is_done_has_no_figures_of_its_own(served_sqlite: Served) -> None:
    served_sqlite.study(trials=1)
    served_sqlite.enqueue(0.5)
    [lease] = served_sqlite.claim()
    served_sqlite.complete(lease, 1.0, 2.0)
    wait_until(lambda: served_sqlite.get("/studies/toy")["status"] == "ended")
    assert not any("toy" in name for name in figures(served_sqlite))


@pytest.mark.parametrize("lost", [1])
def test_workers_that_were_not_heard_of_are_counted(served_sqlite: Served, lost: int) -> None:
    served_sqlite.study()
    served_sqlite.enqueue(0.5)
    served_sqlite.claim(lease_s=10)
    served_sqlite.keeper._sweeping.stop()
    sweeper = served_sqlite.keeper._sweeper
    assert sweeper._reach is not None
    since = sweeper._reach.since.replace(year=2020)
    object.__setattr__(sweeper._reach, "since", since)
    with served_sqlite.db.begin() as session:
        session.execute(text("UPDATE attempts SET expires_at = '2020-01-01 00:00:00.000000'"))
    served_sqlite.keeper.sweep()
    assert figures(served_sqlite)["tinyfront_lost_workers_total"] == lost


def test_without_keys_only_this_machine_is_told(served_sqlite: Served) -> None:
    answer = served_sqlite.http.get("/metrics", headers={"Host": "evil.example"})
    assert answer.status_code == 403
