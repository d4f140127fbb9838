"""The list of workers in a real browser."""

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import update

from service import __version__
from service.models import Worker
from tests.api.conftest import Served, new_id
from tests.page import seeds
from tests.page.conftest import NARROW, Window, opened

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("window", [NARROW], indirect=True)
def test_a_worker_shows_what_it_is_and_what_it_works_on(window: Window, shared: Served) -> None:
    gpu = {
        "accelerator": "cuda",
        "host": "rig",
        "pid": 9,
        "memory_mib": 24_000,
        "versions": {"tinyfront": "0.0.9", "torch": "2.8.0"},
        "data": [seeds.DIGITS, {"name": "cars", "problem": "<b>4 labels</b> for 3 images"}],
    }
    assert shared.ask("PUT", "/workers/gpu-a", gpu).status_code == 200
    shared.study(name="works")
    trial = shared.enqueue(0.4, "works")
    shared.claim("works", worker="gpu-a", request_id=new_id())
    page = window.open("/workers")
    row = page.get_by_role("row", name=re.compile("gpu-a"))
    for words in ("rig · pid 9", "GPU (cuda)", "25.2", "torch 2.8.0", "s ago", "<b>4 labels</b>"):
        expect(row).to_contain_text(words)
    expect(row).to_contain_text(f"tinyfront 0.0.9 server {__version__}")  # another release
    expect(row.locator(".pill")).to_have_text("running")
    expect(row.get_by_role("link", name="works", exact=True)).to_be_visible()
    row.get_by_role("link", name="trial 1").click()
    expect(page).to_have_url(re.compile(f"/trials/{trial['id']}$"))


def test_who_was_not_heard_of_for_long_is_silent(window: Window, shared: Served) -> None:
    seeds.announce(shared)
    with shared.db.begin() as session:
        session.execute(
            update(Worker).where(Worker.name == "bench-1").values(seen_at=hours_ago(shared))
        )
    page = window.open("/workers?q=BENCH")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator(".pill")).to_have_text("silent")
    expect(page.locator("tbody")).to_contain_text("3 h ago")
    page.get_by_label("Search by name").fill("nobody")
    expect(page.get_by_role("heading", name="No worker has “nobody” in its name")).to_be_visible()
    seeds.announce(shared)
    page.get_by_role("link", name="All workers").click()
    row = page.get_by_role("row", name=re.compile("bench-1"))
    expect(row.locator(".pill")).to_have_text("waiting")


def hours_ago(shared: Served) -> datetime:
    with shared.db.read() as session:
        return shared.db.now(session) - timedelta(hours=3)


def test_without_a_worker_the_page_says_how_to_start_one(
    browser: Browser, served_sqlite: Served
) -> None:
    with opened(browser, served_sqlite) as window:
        page = window.open("/")
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Workers").click()
        expect(page.get_by_role("heading", name="No worker yet")).to_be_visible()
        command = f"tinyfront-server worker --server http://127.0.0.1:{served_sqlite.port}"
        expect(page.locator("pre")).to_contain_text(command)


def tell(shared: Served, *lines: tuple[int, str, str]) -> None:
    told = [
        {"number": number, "at_ms": 1_700_000_000_000, "level": level, "text": text}
        for number, level, text in lines
    ]
    body = {"process": "a" * 32, "lines": told}
    assert shared.ask("PUT", "/workers/bench-1/log", body).status_code == 204


@pytest.mark.parametrize("window", [NARROW], indirect=True)
def test_a_worker_has_a_page_with_what_it_said_the_newest_first(
    window: Window, shared: Served
) -> None:
    seeds.announce(shared)
    page = window.open("/workers?q=bench-1")
    page.get_by_role("link", name="bench-1").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("bench-1")
    expect(page.locator(".title .pill")).to_have_text("waiting")
    expect(page.locator(".facts").first).to_contain_text("bench")
    expect(page.get_by_text("This worker has not said anything yet.")).to_be_visible()
    again = "document.dispatchEvent(new Event('visibilitychange'))"  # sooner than by polling
    tell(shared, (1, "info", "Data sets: digits."), (2, "warning", f"{seeds.SCRIPT}\nlost"))
    page.evaluate(again)
    lines = page.locator(".log li")
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text(seeds.SCRIPT)
    expect(lines.first.locator(".level")).to_have_text("warning")
    lines.last.evaluate("(line) => { line.dataset.read = 'yes'; }")
    tell(shared, (2, "warning", "lost"), (3, "error", "It ends."))
    page.evaluate(again)
    expect(lines).to_have_count(3)
    expect(lines.first).to_contain_text("It ends.")
    expect(lines.last).to_have_attribute("data-read", "yes")  # what one reads is not made anew
    expect(page.get_by_text("This worker has not said anything yet.")).to_be_hidden()
    assert page.evaluate("window.hacked") is None


def test_an_unknown_worker_is_told_in_words(window: Window) -> None:
    window.forgive("404")
    page = window.open("/workers/nobody")
    expect(page.get_by_text("There is no worker 'nobody'.")).to_be_visible()
