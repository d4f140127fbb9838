"""The confirmed networks on the page of their study, and the runs on their own pages."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.api.conftest import Served, wait_until
from tests.page import seeds
from tests.page.conftest import Window

pytestmark = pytest.mark.browser

ABLE = ["pruning", "confirm"]


@pytest.fixture(scope="session")
def kept(shared: Served) -> dict[str, Any]:
    """A study whose front is confirmed twice; of its second network no run comes to an end."""
    seeds.networks(shared, 3, name="kept", trials=3)
    wait_until(lambda: shared.get("/studies/kept")["status"] == "ended")
    front = shared.get("/studies/kept/front")["items"]
    assert len(front) > 1
    for again in (False, True):
        body = {"seeds": 1, "again": again, "trials": [each["number"] for each in front[:2]]}
        answer = shared.ask("POST", "/studies/kept/confirm", body)
        assert answer.status_code == 201, answer.text
    for _ in range(4):
        [lease] = shared.claim("kept", data={"digits": seeds.SHA}, can=ABLE)
        found = shared.get(f"/trials/{lease['trial_id']}")["confirms"]["number"]
        if found == front[0]["number"]:
            test_error = 0.10 + 0.04 * lease["work"]["replicate"]
            metrics = {"error": 0.1, "test_error": test_error}
            assert shared.tell(lease, "complete", metrics=metrics).status_code == 200
        else:
            shared.tell(lease, "fail", reason="The loss became NaN.", infeasible=True)
    shown: dict[str, Any] = shared.get("/studies/kept/confirmed")
    assert shown["open"] == 0
    return shown


def test_a_study_shows_what_the_test_set_kept_of_its_front(
    window: Window, kept: dict[str, Any]
) -> None:
    page = window.open("/studies/kept")
    box = page.locator("section", has=page.get_by_role("heading", name="Confirmed"))
    expect(box).to_contain_text("The test set was read 2 times.")
    expect(box).to_contain_text(f"observed {kept['observed_hypervolume']:.4g}")
    expect(box).to_contain_text(f"an optimism of {kept['optimism']:.3g}")
    rows = page.get_by_role("region", name="The confirmed networks").locator("tbody tr")
    assert rows.count() == 2
    expect(rows.nth(0)).to_contain_text("0.1600 ± 0.0283")
    expect(rows.nth(0)).to_contain_text("2 of 2: 4, 6")
    expect(rows.nth(1)).to_contain_text("0 of 2: 5, 7")
    expect(rows.nth(1).locator(".badge")).to_have_text("not confirmed")
    rows.nth(0).get_by_role("link", name="6", exact=True).click()
    expect(page.locator("h1")).to_have_text("Trial 6")
    view = page.locator(".view")
    expect(view).to_contain_text(f"confirmsTrial {kept['items'][0]['trial']['number']}")
    expect(view).to_contain_text("test error0.18")
    expect(view).to_contain_text("purposeconfirm")


def test_a_confirmed_trial_names_its_runs(window: Window, kept: dict[str, Any]) -> None:
    page = window.open(f"/trials/{kept['items'][0]['trial']['id']}")
    expect(page.locator(".view")).to_contain_text("confirmed byTrial 4, Trial 6")


def test_confirm_runs_are_not_counted_nor_listed_as_trials_of_the_search(
    window: Window, kept: dict[str, Any]
) -> None:
    page = window.open("/studies/kept")
    expect(page.locator(".progress")).to_contain_text("3 of 3")
    expect(page.locator(".links")).to_contain_text("All 3 trials")
    latest = page.get_by_role("region", name="The latest trials").locator("tbody tr")
    expect(latest).to_have_count(3)


def test_a_study_that_ended_unconfirmed_says_how_to_confirm_it(
    window: Window, shared: Served
) -> None:
    seeds.networks(shared, 1, name="unconfirmed", trials=1)
    wait_until(lambda: shared.get("/studies/unconfirmed")["status"] == "ended")
    page = window.open("/studies/unconfirmed")
    box = page.locator("section", has=page.get_by_role("heading", name="Confirmed"))
    expect(box).to_contain_text("tinyfront confirm unconfirmed")


def test_a_black_box_says_nothing_of_confirming(window: Window, networks: Served) -> None:
    page = window.open("/studies/toy")
    expect(page.get_by_role("heading", name="Trials")).to_be_visible()
    expect(page.get_by_role("heading", name="Confirmed")).to_have_count(0)
