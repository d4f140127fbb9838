"""Budgets and the stopping rule over HTTP, on both databases."""

from typing import Any

import pytest

from tests.api.conftest import BLACK_BOX, Served, wait_until


def test_a_study_shows_its_budgets_and_which_of_them_ended_it(served: Served) -> None:
    study = served.study(trials=50, epochs=9, hours=2.5, plateau=30)
    assert {name: study[name] for name in ("epochs", "epochs_done", "hours", "plateau")} == {
        "epochs": 9,
        "epochs_done": 0,
        "hours": 2.5,
        "plateau": 30,
    }
    assert (study["started_at"], study["ended_because"]) == (None, None)
    served.enqueue(0.5)
    [lease] = served.claim()
    wait_until(lambda: served.get("/studies/toy")["started_at"] is not None)
    assert served.tell(lease, "reports", step=9, metrics={"cost": 1.0}).status_code == 200
    served.complete(lease, cost=1.0, size=1.0)
    wait_until(lambda: served.get("/studies/toy")["status"] == "ended")
    ended = served.get("/studies/toy")
    assert (ended["ended_reason"], ended["ended_because"]) == ("epochs", "9 epochs trained")
    more = served.ask("PATCH", "/studies/toy", {"epochs": 10, "hours": 3, "plateau": 40}).json()
    assert (more["status"], more["epochs"], more["hours"]) == ("active", 10, 3)
    assert more["definition"]["epochs"] == 9  # as asked


def test_the_rule_is_filled_in_and_the_same_definition_returns_the_study(served: Served) -> None:
    study = served.study(stopping={"first_epoch": 3})
    rule = {"rule": "halving", "eta": 3, "least_trials": 8, "first_epoch": 3}
    assert study["definition"]["stopping"] == rule
    again = served.ask("POST", "/studies", BLACK_BOX | {"stopping": rule})
    assert (again.status_code, again.json()["id"]) == (200, study["id"])
    other = served.ask("POST", "/studies", BLACK_BOX | {"stopping": {**rule, "eta": 4}})
    assert (other.status_code, other.json()["field"]) == (409, "stopping.eta")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"stopping": {}}, "stopping.first_epoch"),
        ({"stopping": {"first_epoch": 1, "eta": 1}}, "stopping.eta"),
        ({"stopping": {"first_epoch": 1, "rule": "median"}}, "stopping.rule"),
        ({"stopping": {"first_epoch": 1, "patience": 1}}, "stopping.patience"),
        ({"epochs": 0}, "epochs"),
        ({"hours": 0}, "hours"),
        ({"plateau": 0}, "plateau"),
        ({"plateau_growth": 0.1}, "plateau_growth"),
    ],
)
def test_wrong_budgets_and_rules_are_refused_by_name(
    served: Served, wrong: dict[str, Any], field: str
) -> None:
    answer = served.ask("POST", "/studies", BLACK_BOX | wrong)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
