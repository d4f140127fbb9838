"""What the page says of trials that were stopped, and of why a study ended."""

import pytest
from playwright.sync_api import expect

from tests.api.conftest import Served, wait_until
from tests.page.conftest import Window
from tests.page.seeds import new_id

pytestmark = pytest.mark.browser


def test_a_stopped_trial_says_where_and_why_and_the_study_why_it_ended(
    window: Window, shared: Served
) -> None:
    objectives = [{"name": "cost", "ideal": 0.0, "reference": 1.0}]
    rule = {"rule": "halving", "least_trials": 2, "eta": 2, "first_epoch": 1}
    more = {"stopping": rule, "epochs": 12, "hours": 5, "plateau": 40}
    shared.study(name="halved", trials=50, objectives=objectives, **more)
    for x in (0.1, 0.9):
        shared.enqueue(x, "halved")
    good, bad = (shared.claim("halved", request_id=new_id())[0] for _ in range(2))
    for step in range(1, 11):
        shared.tell(good, "reports", step=step, metrics={"cost": 0.1})
    shared.tell(bad, "reports", step=1, metrics={"cost": 0.9})
    wait_until(lambda: shared.tell(bad, "renew").json()["order"] == "stop")
    shared.tell(bad, "reports", step=2, metrics={"cost": 0.8})
    shared.complete(bad, cost=0.8, size=1.0)
    wait_until(lambda: shared.get("/studies/halved")["finished"] == 1)
    page = window.open("/studies/halved")
    facts = page.locator("dl.facts").first
    expect(facts).to_contain_text("one in 2 goes on")
    expect(facts).to_contain_text("2 of 12 epochs · 5 h · 40 trials without growth")
    page = window.open(f"/trials/{bad['trial_id']}")
    expect(page.locator(".pill").first).to_have_text("stopped")
    expect(page.locator(".reason").first).to_contain_text("stopped at epoch 2: rank 2 of 2 after")
    shared.complete(good, cost=0.1, size=1.0)
    wait_until(lambda: shared.get("/studies/halved")["status"] == "ended")
    page = window.open("/studies/halved")
    expect(page.locator("dl.facts").first).to_contain_text(": 12 epochs trained")
    expect(page.locator(".under").first).to_contain_text("trials finished (epochs)")
