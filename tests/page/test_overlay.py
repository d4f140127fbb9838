"""Studies side by side, in a real browser."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.api.conftest import Served, wait_until
from tests.page import seeds
from tests.page.conftest import Window

pytestmark = pytest.mark.browser


def test_studies_are_compared_on_their_own_scales(window: Window, oven: Served) -> None:
    seeds.black_box(oven, 0, "aside")  # as long as there is no other study, the page looks for one
    for name in ("left", "right"):
        seeds.black_box(oven, 3, name)
        wait_until(lambda name=name: bool(oven.get(f"/studies/{name}")["finished"] == 3))
    page = window.open("/studies/left")
    page.get_by_role("link", name="Compare with other studies").click()
    expect(page).to_have_url(re.compile(r"/compare\?study=left$"))
    page.wait_for_selector("[data-loading]", state="detached")
    window.drawn()
    form = page.get_by_role("form", name="Add a study")
    form.get_by_label("Study").select_option("right")
    form.get_by_role("button", name="Add").press("Enter")
    expect(page.get_by_role("list", name="Studies compared").locator("li")).to_have_count(2)
    assert "study=left&study=right" in page.url
    expect(page.get_by_role("alert").filter(has_text="cannot be compared")).to_have_count(0)
    form.get_by_label("Study").select_option("kiln")
    form.get_by_role("button", name="Add").click()
    warned = page.get_by_role("alert").filter(has_text="cannot be compared")
    expect(warned).to_be_visible()
    table = page.get_by_role("region", name="The studies compared")
    expect(table).to_contain_text("cost 100 to 0.01, log")
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot .subplot').length >= 2")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    with page.expect_response("**/figures/hypervolume?*by=time"):
        page.get_by_label("by time since the first attempt").check()
    page.wait_for_function("location.search.includes('by=time')")
    assert "/api/v1/studies" not in asked, "a look asks for what it shows"
    page.get_by_role("button", name="Remove kiln").click()
    expect(warned).to_have_count(0)
    expect(page.locator("#live-text")).to_have_text("Live")
    expect(table.locator("tr", has_text="left")).to_contain_text("3")
    seeds.complete_one(oven, "left", 0.9)
    expect(table.locator("tr", has_text="left")).to_contain_text("4")


def test_a_study_that_is_gone_is_said_and_can_be_removed(window: Window, oven: Served) -> None:
    page = window.open("/compare?study=kiln&study=gone")
    expect(page.get_by_role("alert").filter(has_text="gone")).to_be_visible()
    page.get_by_role("button", name="Remove gone").click()
    window.drawn()
    window.forgive("404")


def test_compare_without_studies_says_what_to_do(window: Window, oven: Served) -> None:
    page = window.open("/")
    page.get_by_role("link", name="Compare").click()
    expect(page.locator("main")).to_contain_text("Add two studies or more")
    found: Any = page.locator(".add select option").count()
    assert found >= 1
