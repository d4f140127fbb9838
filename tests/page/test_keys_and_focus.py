"""The page by the keyboard alone: keys that lead somewhere, and where the focus goes."""

import re

import pytest
from playwright.sync_api import expect

from tests.api.conftest import Served
from tests.page.conftest import NARROW, Window

pytestmark = pytest.mark.browser


def test_keys_lead_to_the_views_unless_somebody_types(window: Window, networks: Served) -> None:
    page = window.open("/")
    page.keyboard.press("w")
    expect(page.get_by_role("heading", name="Workers")).to_be_visible()
    expect(page.locator("#main")).to_be_focused()
    expect(page.locator("#said")).to_have_text("Workers · Tinyfront")
    page.keyboard.press("/")
    page.keyboard.type("s?n")
    expect(page.get_by_label("Search by name")).to_have_value("s?n")
    page.locator("h1").click()
    page.keyboard.press("Control+s")
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="New study")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.go_back()
    page.locator("h1").click()
    page.keyboard.press("s")
    expect(page.get_by_role("heading", name="Studies")).to_be_visible()


def test_the_keys_are_shown_and_can_be_switched_off(window: Window, networks: Served) -> None:
    page = window.open("/")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("All studies")
    dialog.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("w")
    page.get_by_role("button", name="Keys").click()
    expect(page).to_have_url(re.compile(r"/$"))
    page.get_by_role("checkbox", name="Single keys").check()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("w")
    expect(page).to_have_url(re.compile("/workers$"))


def test_the_first_tab_skips_to_the_content(window: Window, networks: Served) -> None:
    page = window.open("/workers")
    # On a slow machine the keys are quicker than the browser paints.
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 20})
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Search by name")).to_be_focused()


@pytest.mark.parametrize("path", ["/studies/%ff", "/nowhere", "/studies/a/b/c"])
def test_an_address_of_nothing_says_so(window: Window, networks: Served, path: str) -> None:
    page = window.page
    page.goto(f"http://127.0.0.1:{window.served.port}/")
    page.evaluate("path => history.replaceState(null, '', path)", path)
    page.evaluate("dispatchEvent(new Event('address'))")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()


@pytest.mark.parametrize("window", [NARROW], indirect=True)
def test_a_narrow_head_folds_its_links_behind_a_button(window: Window, networks: Served) -> None:
    window.page.route("**/events", lambda route: route.abort())
    window.forgive("ERR_FAILED")
    page = window.open("/")
    expect(page.get_by_text("Updates every 4 s")).to_be_visible()  # the longest that stands there
    assert page.locator("header").evaluate("each => each.offsetHeight") <= 64, "one row"
    menu = page.get_by_role("button", name="Menu")
    workers = page.get_by_role("link", name="Workers")
    expect(workers).to_be_hidden()
    menu.press("Enter")
    expect(menu).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(workers).to_be_focused()
    page.keyboard.press("Escape")
    expect(workers).to_be_hidden()
    expect(menu).to_be_focused()
    menu.click()
    workers.click()
    expect(page.get_by_role("heading", name="Workers")).to_be_visible()
    expect(menu).to_have_attribute("aria-expanded", "false")
