"""Signing in and out on the page of a service that asks for keys."""

import pytest
from playwright.sync_api import expect

from service.states import Role
from tests.access.conftest import Keyed
from tests.page.conftest import Window

pytestmark = pytest.mark.browser


def test_a_key_opens_the_page_until_the_reader_signs_out(
    locked: Window, keyed_sqlite: Keyed
) -> None:
    page = locked.page
    page.goto(f"http://127.0.0.1:{keyed_sqlite.served.port}/studies/toy")
    field = page.get_by_label("Key")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(field).to_be_focused()
    field.fill("tf_000000000000_" + "x" * 43)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="wrong or was revoked")).to_be_visible()
    field.fill(keyed_sqlite.texts["one", Role.VIEWER])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="toy")).to_be_visible()
    expect(page.locator("#who-text")).to_have_text("viewer-of-one (viewer, one)")
    expect(page.locator("#live-text")).to_have_text("Live")
    assert page.evaluate("document.cookie") == ""
    page.reload()
    expect(page.get_by_role("heading", name="toy")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.context.cookies() == []


def test_a_revoked_key_ends_its_sessions(locked: Window, keyed_sqlite: Keyed) -> None:
    page = locked.page
    page.goto(f"http://127.0.0.1:{keyed_sqlite.served.port}/")
    page.get_by_label("Key").fill(keyed_sqlite.texts["one", Role.USER])
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="toy")).to_be_visible()
    key_id = keyed_sqlite.key_id("one", Role.USER)
    answer = keyed_sqlite.ask("default", "DELETE", f"/keys/{key_id}", role=Role.ADMIN)
    assert answer.status_code == 204
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
