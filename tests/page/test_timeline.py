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
