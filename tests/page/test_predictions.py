"""Why a trial was proposed, in words, and what was predicted against what came out."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import expect

from service import events
from service.models import Study, Trial
from service.states import EventKind
from tests.api.conftest import Served
from tests.page.conftest import Window

pytestmark = pytest.mark.browser


def test_a_proposal_is_told_in_words(window: Window, networks: Served) -> None:
    trial = networks.enqueue(0.987, "toy") if open_(networks) else last(networks)
    with networks.db.begin() as session:
        row = session.get_one(Trial, trial["id"])
        row.designer, row.origin = "bayes", "model"
        row.prediction = {name: {"mean": 2.0, "sd": 0.5} for name in ("cost", "size")}
        row.details = {
            "acquisition": "log_expected_hypervolume_improvement",
            "value": -1.5,
            "prior": "sphere",
            "rays": 1,
            "weights_seed": 3,
            "fitted": {"history_version": 4, "observations": 4},
            "feasibility": 0.93,
            "basis": {},
        }
    page = window.open(f"/trials/{trial['id']}")
    view = page.locator(".box-proposal")
    expect(view).to_contain_text("Chosen by the model as the most promising.")
    expect(view).to_contain_text("fitted to 4 results (version 4)")
    expect(view).to_contain_text("a chance of 93\u00a0%")
    expect(view).to_contain_text(
        re.compile(r"cared \d+\s% for (cost|size), \d+\s% for (cost|size)\.")
    )
    expect(page.locator(".view")).to_contain_text(f"tinyfront-server replay {trial['id']}")
    window.page.evaluate(
        "navigator.clipboard.writeText = async (text) => { window.copied = text; }"
    )
    page.get_by_role("button", name=f"Copy tf.trial({trial['id']})").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("window.copied") == f"tf.trial({trial['id']})"


def test_the_predictions_of_a_study_stand_beside_that_of_a_trial(
    window: Window, networks: Served
) -> None:
    found = networks.get("/studies/toy/trials?status=completed")["items"]
    with networks.db.begin() as session:
        for n, item in enumerate(found):
            trial = session.get_one(Trial, item["id"])
            trial.prediction = {
                name: {"mean": item["values"][name] + n / 10, "sd": 0.3}
                for name in ("cost", "size")
            }
        # As the result that comes after a prediction would: what was drawn before is out of date.
        study = session.get_one(Study, found[0]["study_id"])
        events.record(session, study, EventKind.FRONT, {}, datetime.now(UTC))
    page = window.open(f"/trials/{found[2]['id']}")
    expect(page.locator(".view")).to_contain_text("Parametersx")
    section = page.locator("section", has_text="Were the predictions of this study kept?")
    expect(section).to_contain_text(f"Of {len(found)} results lie")
    chart = "[aria-label='Results against their predictions'] .js-plotly-plot"
    points = f'document.querySelector("{chart}").data[1]'
    window.drawn(chart)
    selected = f"{points}.customdata[{points}.selectedpoints[0]][0]"
    assert page.evaluate(selected) == found[2]["id"]
    section.get_by_label("Objective").select_option("size")
    title = f'document.querySelector("{chart}").layout.xaxis.title.text'
    page.wait_for_function(f"() => {title} === 'size, predicted'")
    window.open("/studies/toy/trials")
    expect(page.locator(".view")).to_contain_text(f"Of {len(found)} results lie")


def open_(served: Served) -> bool:
    return bool(served.get("/studies/toy")["status"] == "active")


def last(served: Served) -> dict[str, Any]:
    found: dict[str, Any] = served.get("/studies/toy/trials?order=newest")["items"][0]
    return found
