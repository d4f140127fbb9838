"""What a hand does: point, draw, answer a question, sign in; seen wide, narrow and by axe-core."""

import pytest
from playwright.sync_api import Browser, Page, expect

from service.states import Role
from tests.access.conftest import Keyed
from tests.page.conftest import Window
from tests.walk.conftest import LOOKS, NETWORKS, watched
from tests.walk.whole import assert_accessible, assert_no_wider_than_the_window

# Where the last point of the front is in the window, and the id of its trial.
POINT = """() => {
  const chart = document.querySelector(".js-plotly-plot");
  chart.scrollIntoView({ block: "center" });
  const trace = chart.data.find((each) => each.meta?.role === "front");
  const { xaxis, yaxis } = chart._fullLayout;
  const box = chart.getBoundingClientRect();
  const at = trace.x.length - 1;
  return {
    x: box.left + xaxis._offset + xaxis.d2p(trace.x[at]),
    y: box.top + yaxis._offset + yaxis.d2p(trace.y[at]),
    trial: trace.customdata[at][0],
  };
}"""


def assert_whole(page: Page) -> None:
    assert_no_wider_than_the_window(page)
    assert_accessible(page)


@pytest.mark.browser
@pytest.mark.xdist_group("walk")
def test_a_study_in_the_hand(window: Window) -> None:
    page = window.open(f"/studies/{NETWORKS}")
    for words in ("Extend …", "Delete …"):
        page.get_by_role("button", name=words).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert_whole(page)
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
    window.drawn()
    page.get_by_role("button", name="Box filter").click()
    at = page.evaluate(POINT)
    page.mouse.move(at["x"] - 12, at["y"] - 12)
    page.mouse.down()
    page.mouse.move(at["x"] + 12, at["y"] + 12, steps=4)
    page.mouse.up()
    expect(page.locator(".chip")).to_have_count(2)
    page.get_by_role("button", name="Box filter").click()
    at = page.evaluate(POINT)
    page.mouse.move(at["x"], at["y"])
    page.wait_for_selector(".js-plotly-plot .hoverlayer .hovertext")
    assert_whole(page)
    page.mouse.click(at["x"], at["y"])
    page.wait_for_url(f"**/trials/{at['trial']}*")


@pytest.mark.browser
@pytest.mark.parametrize("look", LOOKS)
def test_a_key_at_the_door(look: str, browser: Browser, keyed_sqlite: Keyed) -> None:
    with watched(browser, keyed_sqlite.served, look) as window:
        window.forgive("401 (Unauthorized)")
        page = window.page
        page.goto(f"http://127.0.0.1:{keyed_sqlite.served.port}/")
        field = page.get_by_label("Key")
        field.fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert").filter(has_text="wrong or was revoked")).to_be_visible()
        assert_whole(page)
        field.fill(keyed_sqlite.texts["one", Role.USER])
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Studies")).to_be_visible()
        assert_whole(page)
