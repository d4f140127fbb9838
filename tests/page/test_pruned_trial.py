"""The page of a pruned trial and of its child: what was expected, what came out, who is who."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.page import seeds
from tests.page.conftest import Window

pytestmark = pytest.mark.browser


def test_a_pruned_trial_shows_what_was_cut_and_what_it_costs_now(
    window: Window, family: dict[str, Any]
) -> None:
    parent = family["parent"]
    page = window.open(f"/trials/{parent['id']}")
    view = page.locator(".view")
    for words in (
        "takes awaychannels",
        "methodmagnitude",
        "target50\u00a0%",
        "during10\u00a0% to 60\u00a0% of the epochs",
        "reached50\u00a0%",
        "cut after epoch2",
        "channels24 → 12",
        "weights1,234 → 345",
    ):
        expect(view).to_contain_text(words)
    expect(view).not_to_contain_text("inputs16")
    shown = window.served.get(f"/trials/{parent['id']}")
    rows = page.get_by_role("region", name="Objectives").locator("tbody tr")
    size = rows.nth(1).locator("td")
    measured, predicted = (
        f"{shown[field]['model_size:deployed']:,.0f}" for field in ("values", "predicted_figures")
    )
    assert measured != predicted
    expect(size.nth(1)).to_have_text(f"{measured} B")
    expect(size.nth(2)).to_have_text(predicted)
    expect(rows.nth(2).locator("td").nth(1)).to_have_text(re.compile(r"^\d+\.\d+ ms$"))
    expect(page.get_by_role("columnheader", name="predicted")).to_be_visible()
    expect(page.get_by_role("columnheader", name="result in the prediction")).to_have_count(0)
    page.get_by_text("More figures").click()
    expect(view).to_contain_text(
        f"macs{shown['values']['macs']:,.0f} MACs "
        f"(predicted {shown['predicted_figures']['macs']:,.0f} MACs)"
    )
    assert page.locator(".network .node").count() == len(family["left"].nodes)
    expect(page.locator("h2", has_text="Network")).to_have_text("Network")


def test_parent_and_child_lead_to_each_other(window: Window, family: dict[str, Any]) -> None:
    page = window.open(f"/trials/{family['parent']['id']}")
    page.locator(".lineage").get_by_role("link", name="Trial 2;").click()
    expect(page.locator("h1")).to_have_text("Trial 2")
    expect(page.locator(".view")).to_contain_text("epochs in all8")
    page.locator(".lineage").get_by_role("link", name="Trial 1;").click()
    expect(page.locator("h1")).to_have_text("Trial 1")


def test_a_trial_that_waits_shows_its_network_as_proposed(
    window: Window, family: dict[str, Any]
) -> None:
    alone = {name: gene for name, gene in family["child"]["point"].items() if name != "parent"}
    point = {**alone, "pruning": family["parent"]["point"]["pruning"]}
    point["pruning"] = {**point["pruning"], "target": 0.25}
    answer = window.served.ask("POST", "/studies/family/trials", {"point": point})
    assert answer.status_code == 201, answer.text
    page = window.open(f"/trials/{answer.json()['id']}")
    expect(page.locator("h2", has_text="Network")).to_have_text("Network, as proposed")
    expect(page.locator(".view")).to_contain_text("Pruning takes parts of it away.")
    size = page.get_by_role("region", name="Objectives").locator("tbody tr").nth(1).locator("td")
    expect(page.locator(".view")).to_contain_text("waits for a worker that canpruning, binary")
    expect(size.nth(1)).to_have_text("\u2013")
    predicted = answer.json()["predicted_figures"]["model_size:deployed"]
    expect(size.nth(2)).to_have_text(f"{predicted:,.0f}")


def test_the_study_page_lists_pruned_trials_and_its_two_classes(
    window: Window, family: dict[str, Any]
) -> None:
    page = window.open("/studies/family")
    window.drawn()
    expect(page.locator(".view")).to_contain_text("two: labels below 5, and all others")
    row = page.get_by_role("region", name="The latest trials").locator("tbody tr").last
    expect(row).to_contain_text("0.0500")
    window.open("/studies/family/trials")
    expect(page.locator("tbody tr").last).to_contain_text("completed")


def test_a_child_shows_how_much_of_it_was_inherited(window: Window, family: dict[str, Any]) -> None:
    served = window.served
    can = ["pruning", "parent", "binary"]
    [lease] = served.claim("family", data={"digits": seeds.SHA}, can=can)
    assert lease["trial_id"] == family["child"]["id"]
    shares = {"carried": 0.9, "resampled": 0.0, "neutral": 0.025, "fresh": 0.075}
    done = served.tell(lease, "complete", metrics={"error": 0.02}, details={"inherited": shares})
    assert done.status_code == 200, done.text
    page = window.open(f"/trials/{lease['trial_id']}")
    told = "its weights90\u00a0% carried, 2.5\u00a0% neutral, 7.5\u00a0% fresh"
    expect(page.locator(".view")).to_contain_text(told)
