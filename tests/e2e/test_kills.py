"""Kill -9 of anything: the study completes, each trial counted once, nothing known is lost."""

import os
import signal

import psutil
import pytest

from tests.e2e.conftest import Site, until
from tinyfront import Client, Cnn, Parameters, Real, Study, minimize

TRIALS = 5


def network_study(site: Site, client: Client, epochs: int = 2) -> Study:
    until(lambda: any(data["name"] == "digits" for data in client.data()), "a worker has digits")
    return client.create_study(
        "digits",
        space=Cnn(blocks=[1, 1], max_macs=30_000),
        data="digits",
        objectives=[minimize("error"), minimize("model_size", limit=4000)],
        trials=TRIALS,
        training={"epochs": epochs},
        designer="bayes",
    )


def assert_counted_once(study: Study, trials: int = TRIALS) -> None:
    """Every place of the ledger is taken once, and by a trial with a result."""
    finished = [trial for trial in study.trials() if trial.finish_no is not None]
    assert sorted(trial.finish_no or 0 for trial in finished) == list(range(1, trials + 1))
    assert len({trial.id for trial in finished}) == trials
    assert [trial.number for trial in finished if trial.status != "completed"] == []


def is_training(study: Study) -> bool:
    return study.refresh().state.counts["running"] > 0


def finished(study: Study) -> int:
    return study.refresh().state.finished


def test_a_worker_killed_in_mid_trial_gets_its_trial_back(site: Site) -> None:
    site.start_server()
    site.start_worker()
    with Client(site.url) as client:
        study = network_study(site, client)
        until(lambda: finished(study) >= 1 and is_training(study), "a trial is under way")
        site.kill("worker")
        site.start_worker()
        study.wait(progress=False, timeout=120)
        assert_counted_once(study)


def test_a_killed_planner_is_replaced(sqlite_site: Site) -> None:
    site = sqlite_site
    site.start_server()
    with Client(site.url) as client:
        study = client.create_study(
            "box",
            space=Parameters(Real("x", 0, 1), Real("y", 0, 1)),
            objectives=[minimize("a"), minimize("b")],
            trials=12,
        )
        for number, trial in enumerate(study.ask(), start=1):
            x, y = trial.parameters["x"], trial.parameters["y"]
            if number in (3, 9):
                for planner in site.children("server"):
                    os.kill(planner.pid, signal.SIGKILL)
            trial.complete({"a": x + y * y, "b": (1 - x) ** 2 + y})
        study.wait(progress=False, timeout=60)
        assert_counted_once(study, trials=12)


def test_a_killed_server_loses_nothing_it_acknowledged(site: Site) -> None:
    site.start_server()
    site.start_worker()
    with Client(site.url) as client:
        study = network_study(site, client)
        until(lambda: finished(study) >= 2, "some trials have finished")
        acknowledged = {trial.id: trial.values for trial in study.trials(status="completed")}
        site.kill("server")
        site.start_server()
        study.wait(progress=False, timeout=120)
        assert_counted_once(study)
        after = {trial.id: trial.values for trial in study.trials(status="completed")}
        assert {number: after[number] for number in acknowledged} == acknowledged


def test_a_study_goes_on_after_everything_was_killed(site: Site) -> None:
    site.start_server()
    site.start_worker()
    with Client(site.url) as client:
        study = network_study(site, client)
        until(lambda: finished(study) >= 1 and is_training(study), "a trial is under way")
        orphans = site.children("server") + site.children("worker")
        site.kill("server")
        site.kill("worker")
        _, alive = psutil.wait_procs(orphans, timeout=15)
        assert alive == [], "planners and training processes end with their parents"
        site.start_server()
        site.start_worker()
        study.wait(progress=False, timeout=120)
        assert_counted_once(study)


def test_a_second_server_on_one_sqlite_file_is_refused(sqlite_site: Site) -> None:
    sqlite_site.start_server()
    other = Site(sqlite_site.folder, sqlite_site.database_url, sqlite_site.port + 1)
    with pytest.raises(AssertionError, match="is used by another server"):
        other.start_server()
