"""Steering a study from its page: pause, extend, close, delete, and who may."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from service.states import Role
from tests.access.conftest import Keyed
from tests.api.conftest import Served, new_id, wait_until
from tests.page import seeds
from tests.page.conftest import NARROW, Window
from tests.walk.whole import assert_accessible

pytestmark = pytest.mark.browser


def steer(page: Page) -> Locator:
    return page.get_by_role("group", name="Steer this study")


def press(page: Page, words: str) -> None:
    steer(page).get_by_role("button", name=words).click()


def state(page: Page) -> Locator:
    return page.locator(".title .pill").first


def test_a_study_is_paused_and_resumed(window: Window, shared: Served) -> None:
    shared.study(name="rests")
    page = window.open("/studies/rests")
    press(page, "Pause")
    expect(state(page)).to_have_text("paused")
    expect(page.locator(".notice")).to_contain_text("rests is paused: no more trials are handed")
    assert shared.get("/studies/rests")["status"] == "paused"
    steer(page).get_by_role("button", name="Resume").focus()
    page.keyboard.press("Enter")
    expect(state(page)).to_have_text("active")


def test_who_comes_second_is_told_what_has_changed(window: Window, shared: Served) -> None:
    shared.study(name="contended")
    page = window.open("/studies/contended")
    # The reader's page shall still show what was before.
    page.route(re.compile("/studies/contended$"), lambda route: route.abort())
    page.route(re.compile("/events"), lambda route: route.abort())
    shared.ask("PATCH", "/studies/contended", {"status": "paused", "trials": 77})
    press(page, "Close …")
    page.get_by_role("dialog").get_by_role("button", name="Close the study").click()
    told = page.get_by_role("dialog").get_by_role("alert")
    expect(told).to_contain_text("Somebody changed contended meanwhile: it is paused now, with a")
    expect(told).to_contain_text("77 trials. Nothing of yours was done.")
    window.forgive("412")
    window.forgive("ERR_FAILED")
    assert shared.get("/studies/contended")["status"] == "paused"
    page.unroute_all()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Try again").click()
    expect(state(page)).to_have_text("paused")


@pytest.mark.parametrize("window", [NARROW], indirect=True)
def test_an_ended_study_is_extended_and_goes_on(window: Window, shared: Served) -> None:
    shared.study(name="longer", trials=1, epochs=50)
    shared.enqueue(0.5, "longer")
    [lease] = shared.claim("longer", request_id=new_id())
    shared.complete(lease, 1, 1)
    wait_until(lambda: shared.get("/studies/longer")["status"] == "ended")
    page = window.open("/studies/longer")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    press(page, "Extend …")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("It ended: 1 trial finished. With more of that it goes on.")
    go_on = dialog.get_by_role("button", name="Extend")
    expect(go_on).to_be_disabled()
    field = dialog.get_by_label("More trials", exact=True)
    field.fill("some")
    page.keyboard.press("Enter")
    expect(dialog.locator("#ask-trials-wrong")).to_have_text(
        "Need a whole number above 0, got some."
    )
    expect(field).to_be_focused()
    field.fill("200000")
    page.keyboard.press("Enter")
    expect(dialog.locator("#ask-trials-wrong")).to_contain_text("less than or equal to 100000")
    window.forgive("422")
    field.fill("4")
    dialog.get_by_label("More epochs in all").fill("10")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(state(page)).to_have_text("active")
    study = shared.get("/studies/longer")
    assert (study["trials"], study["epochs"]) == (5, 60)


def test_closing_says_what_happens_to_what_runs(window: Window, shared: Served) -> None:
    shared.study(name="closing")
    for x in (0.1, 0.2, 0.3):
        shared.enqueue(x, "closing")
    shared.claim("closing", request_id=new_id())
    page = window.open("/studies/closing")
    press(page, "Close …")
    dialog = page.get_by_role("dialog", name="Close closing?")
    expect(dialog).to_contain_text("1 running trial is cancelled")
    expect(dialog).to_contain_text("2 queued trials are cancelled, too.")
    assert_accessible(page)
    dialog.get_by_role("button", name="Cancel").click()
    assert shared.get("/studies/closing")["status"] == "active"
    press(page, "Close …")
    dialog.get_by_role("button", name="Close the study").click()
    expect(state(page)).to_have_text("ended")
    expect(steer(page).get_by_role("button", name="Extend …")).to_have_count(0)
    press(page, "Reopen")
    expect(state(page)).to_have_text("active")


def test_deleting_asks_for_the_name(window: Window, shared: Served) -> None:
    shared.study(name="gone")
    page = window.open("/studies/gone/trials")
    press(page, "Delete …")
    dialog = page.get_by_role("dialog", name="Delete gone?")
    sure = dialog.get_by_role("button", name="Delete the study")
    dialog.get_by_role("textbox").fill("gon")
    expect(sure).to_be_disabled()
    page.keyboard.press("Enter")
    dialog.get_by_role("textbox").fill("gone")
    sure.click()
    expect(page.get_by_role("heading", name="Studies")).to_be_visible()
    expect(page.locator(".notice")).to_have_text(re.compile("gone was deleted."))
    assert shared.ask("GET", "/studies/gone").status_code == 404


def sign_in(window: Window, keyed: Keyed, role: Role) -> Page:
    window.page.get_by_label("Key", exact=True).fill(keyed.texts["one", role])
    window.page.keyboard.press("Enter")
    expect(window.page.locator("#who-text")).to_contain_text(f"({role}, one)")
    return window.page


def test_a_viewer_sees_nothing_to_steer_with(locked: Window, keyed_sqlite: Keyed) -> None:
    locked.page.goto(f"http://127.0.0.1:{locked.served.port}/studies/toy")
    page = sign_in(locked, keyed_sqlite, Role.VIEWER)
    expect(page.locator("h1")).to_have_text("toy")
    expect(steer(page)).to_be_hidden()
    expect(page.get_by_role("link", name="New study")).to_have_count(0)
    page.keyboard.press("n")
    expect(page.locator("h1")).to_have_text("toy")
    page.goto(f"http://127.0.0.1:{locked.served.port}/new")
    expect(page.get_by_text("Your key may look at studies, but not create any")).to_be_visible()
    expect(page.get_by_role("button", name="Create")).to_have_count(0)


def test_a_key_that_is_revoked_meanwhile_costs_nothing_that_was_typed(
    locked: Window, keyed_sqlite: Keyed
) -> None:
    # Without data the form looks for some again and again, and would hear of the key by that.
    worker = {"accelerator": "cpu", "host": "bench", "pid": 7, "data": [seeds.DIGITS]}
    answer = keyed_sqlite.ask("one", "PUT", "/workers/w", worker, role=Role.WORKER)
    assert answer.status_code == 200
    locked.page.goto(f"http://127.0.0.1:{locked.served.port}/new")
    page = sign_in(locked, keyed_sqlite, Role.USER)
    page.get_by_label("Any other black box").check()
    page.get_by_label("Name", exact=True).fill("survivor")
    key_id = keyed_sqlite.key_id("one", Role.USER)
    answer = keyed_sqlite.ask("default", "DELETE", f"/keys/{key_id}", role=Role.ADMIN)
    assert answer.status_code == 204
    page.get_by_role("button", name="Create survivor").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(locked, keyed_sqlite, Role.ADMIN)
    expect(page.get_by_label("Name", exact=True)).to_have_value("survivor")
    page.get_by_role("button", name="Create survivor").click()
    expect(page.locator("h1")).to_have_text("survivor")
