"""Claims, waiting for work, and what is said under a lease."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from service.db import POOL
from tests.api.conftest import Served, assert_problem, new_id, wait_until

SHA = "a" * 64


def test_a_claim_without_work_is_answered_with_nothing(served: Served) -> None:
    served.study()
    answer = served.ask("POST", "/studies/toy/leases", {"worker": "w1", "request_id": new_id()})
    assert answer.status_code == 204
    assert answer.content == b""


def test_a_lease_carries_all_that_a_worker_needs(served: Served) -> None:
    study = served.study()
    trial = served.enqueue(0.25)
    [lease] = served.claim(lease_s=120)
    assert lease["trial_id"] == trial["id"]
    assert lease["study_id"] == study["id"]
    assert (lease["study"], lease["number"], lease["attempt"]) == ("toy", 1, 1)
    assert lease["lease_s"] == 120
    assert lease["token"]
    assert lease["expires_at"].endswith("Z")
    assert lease["work"] == {
        "kind": "parameters",
        "parameters": {"x": 0.25},
        "purpose": "search",
        "replicate": 0,
        "metrics": ["cost", "size"],
    }


def test_the_same_request_gets_the_same_leases_again(served: Served) -> None:
    served.study()
    served.enqueue(0.1)
    served.enqueue(0.2)
    first = served.claim(request_id="once")
    assert served.claim(request_id="once") == first
    assert served.claim(request_id="twice")[0]["trial_id"] != first[0]["trial_id"]


def test_a_claim_gets_at_most_as_many_trials_as_it_asked_for(served: Served) -> None:
    served.study(trials=10)
    for number in range(3):
        served.enqueue(number / 10)
    assert len(served.claim(count=2)) == 2
    assert len(served.claim(count=2)) == 1


def test_a_waiting_claim_is_woken_when_work_arrives(served: Served) -> None:
    served.study()
    got: list[Any] = []
    waiting = threading.Thread(
        target=lambda: got.append((served.claim(wait_s=20), time.monotonic()))
    )
    waiting.start()
    wait_until(lambda: served.planner.waits(1) == 1)
    queued_s = time.monotonic()
    served.enqueue(0.5)
    waiting.join(20)
    [([lease], woken_s)] = got
    assert lease["number"] == 1
    assert woken_s - queued_s < 5  # of a wait of 20


def test_work_that_another_process_queues_is_found_within_the_beat(served: Served) -> None:
    """Nothing in this process tells the watcher; it has to see the row."""
    from service import studies, trials

    served.study()
    got: list[Any] = []
    waiting = threading.Thread(
        target=lambda: got.append((served.claim(wait_s=20), time.monotonic()))
    )
    waiting.start()
    wait_until(lambda: served.planner.waits(1) == 1)
    with served.db.begin() as session:
        study = studies.get(session, "toy")
        trials.enqueue(session, study.id, {"x": 0.5}, None, served.db.now(session))
    queued_s = time.monotonic()
    waiting.join(20)
    [([_], woken_s)] = got
    assert woken_s - queued_s < 5  # of a wait of 20


def test_a_waiting_claim_gives_up_when_its_time_is_over(served_sqlite: Served) -> None:
    served_sqlite.study()
    before_s = time.monotonic()
    assert served_sqlite.claim(wait_s=0.3) == []
    assert 0.3 <= time.monotonic() - before_s < 2


def test_waiting_claims_hold_neither_threads_nor_connections(served: Served) -> None:
    served.study(trials=100)
    many = 3 * POOL
    with ThreadPoolExecutor(many) as pool:
        claims = [pool.submit(served.claim, worker=f"w{at}", wait_s=30) for at in range(many)]
        wait_until(lambda: served.planner.waits(1) == many)
        before_s = time.monotonic()
        served.get("/studies/toy")
        assert time.monotonic() - before_s < 10  # of waits of 30
        for number in range(many):
            served.enqueue(number / 100)
        found = [claim.result(30) for claim in claims]
    assert sorted(lease["number"] for [lease] in found) == list(range(1, many + 1))


def test_a_worker_that_polls_without_waiting_gets_a_proposal_too(served_sqlite: Served) -> None:
    served_sqlite.study()
    served_sqlite.planner.proposes = True
    wait_until(lambda: served_sqlite.claim() != [], timeout_s=5)


def test_a_worker_may_hold_many_data_sets_but_not_any_number(served: Served) -> None:
    served.study()
    served.enqueue(0.5)
    data = {f"set-{number}": SHA for number in range(1_000)}
    wish = {"worker": "w", "request_id": "r", "data": data | {"one-more": SHA}}
    assert_problem(served.ask("POST", "/leases", wish), 422, "data")
    assert served.claim(study=None, data={}, count=64) != []
    served.enqueue(0.7)
    assert served.claim(study=None, data=data) != []


def test_a_study_that_ends_lets_its_waiting_claims_go(served: Served) -> None:
    served.study()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(served.claim, wait_s=60)
        wait_until(lambda: served.planner.waits(1) == 1)
        served.ask("PATCH", "/studies/toy", {"status": "ended"})
        assert waiting.result(5) == []


def test_a_study_that_is_deleted_is_not_found_by_its_waiting_claims(served: Served) -> None:
    served.study()
    body = {"worker": "w1", "request_id": "r", "wait_s": 60}
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(served.ask, "POST", "/studies/toy/leases", body)
        wait_until(lambda: served.planner.waits(1) == 1)
        served.ask("DELETE", "/studies/toy")
        assert_problem(waiting.result(5), 404)


def test_a_claim_of_any_study_gets_the_oldest_work(served: Served) -> None:
    served.study(name="first")
    served.study(name="second")
    served.enqueue(0.1, study="second")
    served.enqueue(0.2, study="first")
    assert [lease["study"] for lease in served.claim(study=None, count=2)] == ["second", "first"]


def test_a_claim_of_any_study_waits_for_any(served_sqlite: Served) -> None:
    served_sqlite.study(name="first")
    served_sqlite.study(name="second")
    served_sqlite.planner.proposes = True
    found = [served_sqlite.claim(study=None, wait_s=10)[0] for _ in range(4)]
    assert [lease["study"] for lease in found] == ["first", "second", "first", "second"]


def test_a_claim_for_networks_gets_no_black_box(served_sqlite: Served) -> None:
    served_sqlite.study()
    served_sqlite.enqueue(0.1)
    assert served_sqlite.claim(study=None, kinds=["network"]) == []
    assert len(served_sqlite.claim(study=None, kinds=["parameters"])) == 1


def test_a_restarted_worker_gets_its_open_trial_back_under_a_new_token(served: Served) -> None:
    served.study()
    served.enqueue(0.1)
    [lost] = served.claim()
    [found] = served.claim(resume=True)
    assert found["trial_id"] == lost["trial_id"]
    assert found["attempt"] == 2
    assert found["token"] != lost["token"]


def test_a_paused_study_hands_out_nothing_until_it_goes_on(served: Served) -> None:
    served.study()
    served.enqueue(0.1)
    served.ask("PATCH", "/studies/toy", {"status": "paused"})
    assert served.claim() == []
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(served.claim, wait_s=20)
        time.sleep(0.3)
        served.ask("PATCH", "/studies/toy", {"status": "active"})
        assert len(waiting.result(5)) == 1


def test_closing_the_server_lets_waiting_claims_go(served_sqlite: Served) -> None:
    served_sqlite.study()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(served_sqlite.claim, wait_s=60)
        wait_until(lambda: served_sqlite.planner.waits(1) == 1)
        served_sqlite.watcher.close()
        assert waiting.result(5) == []
    answer = served_sqlite.http.get("/health/ready")
    assert answer.status_code == 503


def test_a_claim_of_an_unknown_study_names_it(served_sqlite: Served) -> None:
    answer = served_sqlite.ask(
        "POST", "/studies/nowhere/leases", {"worker": "w1", "request_id": "r"}
    )
    assert "'nowhere'" in assert_problem(answer, 404)["detail"]
