"""The simulated service: what was measured comes out, and what is too little shows."""

import json

import pytest

from benchmarks.fleet import MOST_ERROR, scenes
from benchmarks.fleets.simulation import Service, Work, simulated
from benchmarks.record import RESULTS


def test_the_load_that_was_measured_comes_out_as_it_was_measured() -> None:
    measured = json.loads((RESULTS / "service_load.json").read_text())["figures"]
    outcome = simulated(*scenes()["measured_load"])
    assert outcome.trials_per_s == pytest.approx(measured["trials_per_s"], rel=MOST_ERROR)
    assert outcome.requests_per_s == pytest.approx(measured["requests_per_s"], rel=MOST_ERROR)


def test_few_workers_train_nearly_all_the_time_at_the_rate_of_the_formula() -> None:
    work = Work(50, 10.0)
    outcome = simulated(Service(), work)
    assert outcome.trials_per_s == pytest.approx(50 / 10, rel=0.05)
    assert outcome.requests_per_s == pytest.approx(5 * work.requests, rel=0.05)
    assert outcome.training_share > 0.95


def test_a_queue_shorter_than_two_thoughts_rate_starves_its_workers() -> None:
    work = Work(200, 2.0)  # 100 trials a second: 2 * 100 * 0.6 s = 120 ahead
    enough, little = (simulated(Service(8, ahead=ahead), work) for ahead in (200, 30))
    assert enough.trials_per_s > 90
    assert little.trials_per_s == pytest.approx(15 / 0.6, rel=0.1)


def test_a_second_database_serves_half_of_the_workers() -> None:
    work = Work(1_200, 1.0)
    one, two = (simulated(Service(1, databases=count, ahead=2_000), work) for count in (1, 2))
    assert two.requests_per_s == pytest.approx(2 * one.requests_per_s, rel=0.05)
