"""What workers say under a lease: reports, results, failures, and what is refused of them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from service.db import Database, utc_now
from tests.api.conftest import Served, assert_problem, serving


def test_reports_and_renewals_return_the_order(served: Served) -> None:
    served.study()
    served.enqueue(0.1)
    [lease] = served.claim()
    report = served.tell(lease, "reports", step=0, metrics={"loss": 2.0})
    assert report.json() == {"order": "continue"}
    renewal = served.tell(lease, "renew", lease_s=600).json()
    assert renewal["order"] == "continue"
    assert renewal["expires_at"] > lease["expires_at"]
    served.ask("POST", f"/trials/{lease['trial_id']}/cancel")
    assert served.tell(lease, "renew").json()["order"] == "cancel"
    assert served.tell(lease, "reports", step=1, metrics={"loss": 1.0}).json() == {
        "order": "cancel"
    }


def test_a_report_may_be_repeated_but_not_changed(served: Served) -> None:
    served.study()
    served.enqueue(0.1)
    [lease] = served.claim()
    for _ in range(2):
        assert served.tell(lease, "reports", step=3, metrics={"loss": 2.0}).status_code == 200
    changed = served.tell(lease, "reports", step=3, metrics={"loss": 1.0})
    assert_problem(changed, 409, "step")


def test_a_result_may_be_repeated_but_not_changed(served: Served) -> None:
    served.study()
    served.enqueue(0.1)
    [lease] = served.claim()
    done = served.complete(lease, 1.0, 2.0)
    assert done["status"] == "completed"
    assert done["values"] == {"cost": 1.0, "size": 2.0}
    assert served.complete(lease, 1.0, 2.0)["id"] == done["id"]
    changed = served.tell(lease, "complete", metrics={"cost": 9.0, "size": 2.0})
    assert_problem(changed, 409, "metrics")


def test_a_failed_attempt_is_tried_again_until_attempts_run_out(served: Served) -> None:
    served.study(max_attempts=2)
    served.enqueue(0.1)
    statuses = []
    for _ in range(2):
        [lease] = served.claim()
        statuses.append(served.tell(lease, "fail", reason="out of memory").json()["status"])
    assert statuses == ["queued", "failed"]
    detail = served.get(f"/trials/{lease['trial_id']}")
    assert detail["reason"] == "out of memory"
    assert [each["outcome"] for each in detail["attempts_list"]] == ["failed", "failed"]


def test_an_infeasible_trial_ends_with_its_reason(served: Served) -> None:
    served.study()
    served.enqueue(0.1)
    [lease] = served.claim()
    answer = served.tell(lease, "fail", reason="loss became NaN", infeasible=True).json()
    assert (answer["status"], answer["reason"]) == ("infeasible", "loss became NaN")


def test_a_long_reason_is_cut_in_the_middle(served_sqlite: Served) -> None:
    served_sqlite.study(max_attempts=1)
    served_sqlite.enqueue(0.1)
    [lease] = served_sqlite.claim()
    reason = served_sqlite.tell(lease, "fail", reason="A" + "x" * 100_000 + "Z").json()["reason"]
    assert len(reason) < 5000
    assert (reason[0], reason[-1]) == ("A", "Z")


def test_a_released_trial_is_handed_out_again_at_no_cost(served: Served) -> None:
    served.study()
    served.enqueue(0.1)
    [lease] = served.claim()
    assert served.tell(lease, "release", reason="other data").status_code == 204
    [again] = served.claim()
    assert again["trial_id"] == lease["trial_id"]


@pytest.mark.parametrize("verb", ["renew", "reports", "complete", "fail", "release"])
def test_a_wrong_token_is_refused(served_sqlite: Served, verb: str) -> None:
    served_sqlite.study()
    served_sqlite.enqueue(0.1)
    [lease] = served_sqlite.claim()
    more: dict[str, dict[str, Any]] = {
        "reports": {"step": 0, "metrics": {"loss": 1.0}},
        "complete": {"metrics": {"cost": 1.0, "size": 1.0}},
        "fail": {"reason": "none"},
    }
    answer = served_sqlite.tell(lease | {"token": "stolen"}, verb, **more.get(verb, {}))
    assert_problem(answer, 403, "token")
    assert served_sqlite.get(f"/trials/{lease['trial_id']}")["status"] == "running"


def test_an_unheard_worker_loses_its_trial(sqlite_url: str, tmp_path: Path) -> None:
    start = utc_now()
    passed_s = [0.0]
    db = Database(sqlite_url, clock=lambda: start + timedelta(seconds=passed_s[0]))
    with serving(db, tmp_path) as served:
        served.study()
        served.enqueue(0.1)
        [lease] = served.claim(lease_s=10)
        for _ in range(4):  # a longer pause would look like a server that was asleep
            served.keeper.sweep()
            passed_s[0] += 5.0
        served.keeper.sweep()
        detail = served.get(f"/trials/{lease['trial_id']}")
        assert detail["status"] == "queued"
        assert detail["attempts_list"][0]["outcome"] == "expired"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"cost": NaN, "size": 1}', "metrics.cost"),
        ('{"cost": 1, "size": -Infinity}', "metrics.size"),
        ('{"cost": 1e999, "size": 1}', "metrics.cost"),
        (f'{{"cost": 1{"0" * 400}, "size": 1}}', "metrics.cost"),
        ('{"cost": "low", "size": 1}', "metrics.cost"),
        ('{"cost": null, "size": 1}', "metrics.cost"),
        ('{"cost": true, "size": 1}', "metrics.cost"),
        ('{"cost": 1}', "metrics.size"),
        ("{}", "metrics"),
        ("[1, 2]", "metrics"),
    ],
)
def test_metrics_that_are_no_finite_numbers_are_refused(
    served_sqlite: Served, text: str, field: str
) -> None:
    served_sqlite.study()
    served_sqlite.enqueue(0.1)
    [lease] = served_sqlite.claim()
    answer = served_sqlite.http.post(
        f"/api/v1/trials/{lease['trial_id']}/complete",
        content=f'{{"token": "{lease["token"]}", "metrics": {text}}}',
        headers={"Content-Type": "application/json"},
    )
    assert_problem(answer, 422, field)
    # Nothing is lost: the trial still runs and takes a proper result.
    assert served_sqlite.complete(lease, 1.0, 2.0)["status"] == "completed"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"lr": NaN}', "details.lr"),
        ('{"steps": [1, {"loss": Infinity}]}', "details.steps.1.loss"),
        (f'{{"count": {2**64}}}', "details.count"),
        (r'{"log": "a\u0000b"}', "details.log"),
        (r'{"log": "\ud800"}', "details.log"),
        (r'{"a\u0000": 1}', "details"),
    ],
)
def test_details_that_no_database_holds_are_refused(
    served_sqlite: Served, text: str, field: str
) -> None:
    served_sqlite.study()
    served_sqlite.enqueue(0.1)
    [lease] = served_sqlite.claim()
    body = (
        f'{{"token": "{lease["token"]}", "metrics": {{"cost": 1, "size": 2}}, "details": {text}}}'
    )
    answer = served_sqlite.http.post(
        f"/api/v1/trials/{lease['trial_id']}/complete",
        content=body,
        headers={"Content-Type": "application/json"},
    )
    assert_problem(answer, 422, field)


def test_a_report_for_a_finished_trial_is_refused(served_sqlite: Served) -> None:
    served_sqlite.study()
    served_sqlite.enqueue(0.1)
    [lease] = served_sqlite.claim()
    served_sqlite.complete(lease, 1.0, 2.0)
    answer = served_sqlite.tell(lease, "reports", step=9, metrics={"loss": 1.0})
    assert_problem(answer, 409, "token")
    assert_problem(served_sqlite.tell(lease, "fail", reason="late"), 409, "token")
