"""Attempts over time, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.api.conftest import Served
from tests.page import seeds
from tests.page.conftest import STUDY, Window

pytestmark = pytest.mark.browser


def test_the_timeline_shows_attempts_as_bars_and_rows_that_open_trials(
    window: Window, networks: Served
) -> None:
    page = window.open(f"{STUDY}/timeline")
    window.drawn()
    chart = page.get_by_role("figure", name="Attempts over time")
    expect(chart.locator(".legend .traces")).to_have_text(["completed", "infeasible", "failed"])
    expect(chart.locator(".bars .point")).to_have_count(14)
    table = page.get_by_role("region", name="The newest of these attempts")
    assert table.locator("tbody tr").count() == 14
    expect(table).to_contain_text("bench-1")
    box = chart.locator(".bars .point").first.bounding_box()
    assert box is not None
    window.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page).to_have_url(re.compile(r"/trials/\d+$"))


def test_a_filter_leaves_shadows_of_bars_and_shortens_the_table(
    window: Window, networks: Served
) -> None:
    page = window.open(f"{STUDY}/timeline?where=error<=0.9")
    window.drawn()
    done = networks.get(f"{STUDY}/trials?where=error<=0.9")["total"]
    assert 0 < done < 14
    expect(page.locator(".sieve [role=status]")).to_have_text(f"{done} of 14 attempts pass")
    rows = page.get_by_role("region", name="The newest of these attempts").locator("tbody tr")
    expect(rows).to_have_count(done)
    strength = (
        "document.querySelector('.js-plotly-plot').data.map((each) => each.marker.opacity[0])"
    )
    assert page.evaluate(f"{strength}") == [1, 0.15, 0.15]
    page.get_by_role("button", name="Clear error").click()
    expect(rows).to_have_count(14)
    page.wait_for_function(f"{strength}.every((each) => each === 1)")


def test_a_running_attempt_grows(window: Window, oven: Served) -> None:
    seeds.black_box(oven, 0, "growing")
    oven.enqueue(0.5, "growing")
    oven.claim("growing")
    page = window.open("/studies/growing/timeline")
    window.drawn()
    width = "document.querySelector('.js-plotly-plot').data[0].x[0]"
    before = page.evaluate(width)
    oven.enqueue(0.25, "growing")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # looks at once
    page.wait_for_function(f"before => {width} > before", arg=before)
