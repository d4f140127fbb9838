"""The table of trials: sorted, filtered and paged by the server, and all of it in the address."""

import csv
import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.api.conftest import Served
from tests.page.conftest import NARROW, STUDY, Window

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def hill(shared: Served) -> Served:
    """Trials 1 to 120 with costs of a known order, and three that wait."""
    shared.study(name="hill", trials=500)
    for number in range(1, 121):
        cost = (number * 37 % 120) / 12
        shared.enqueue(number / 1000, "hill", values={"cost": cost, "size": 10 - cost})
    for number in range(3):
        shared.enqueue((900 + number) / 1000, "hill")
    return shared


def numbers(page: Page) -> list[int]:
    return [int(text) for text in page.locator(".trials tbody a.row").all_text_contents()]


def wanted(served: Served, query: str) -> list[int]:
    items = served.get(f"/studies/hill/trials?limit=50&{query}")["items"]
    return [item["number"] for item in items]


def shows(page: Page, expected: list[int]) -> None:
    """Wait until the table shows these trials."""
    expect(page.locator(".trials tbody a.row")).to_have_text([str(each) for each in expected])


def test_columns_sort_by_mouse_and_keyboard_and_back_undoes_it(
    window: Window, hill: Served
) -> None:
    page = window.open("/studies/hill/trials")
    assert numbers(page)[:3] == [123, 122, 121]
    head = page.get_by_role("columnheader", name="cost")
    head.get_by_role("button").click()
    shows(page, wanted(hill, "sort=cost"))
    assert head.get_attribute("aria-sort") == "ascending"
    assert page.url.endswith("?sort=cost")
    page.keyboard.press("Enter")
    shows(page, wanted(hill, "sort=cost&order=highest"))
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(head.get_by_role("button")).to_be_focused()
    page.go_back()
    shows(page, wanted(hill, "sort=cost"))
    page.get_by_role("columnheader", name="trial").get_by_role("button").click()
    expect(page.locator(".trials tbody a.row").first).to_have_text("123")
    page.get_by_role("columnheader", name="trial").get_by_role("button").click()
    expect(page.locator(".trials tbody a.row").first).to_have_text("1")
    assert page.url.endswith("?order=oldest")


def test_an_address_brings_back_order_range_state_and_page(window: Window, hill: Served) -> None:
    query = "status=completed&where=cost%3E%3D1&sort=size&order=highest"
    page = window.open(f"/studies/hill/trials?{query}&page=2")
    shows(page, wanted(hill, f"{query}&skip=50"))
    pager = page.get_by_role("navigation", name="Pages")
    told = "51\u2013100 of 108 trials, completed, cost \u2265 1, by size, highest first"
    expect(pager).to_contain_text(told)
    for name, skip in (("Next", 100), ("Previous", 50), ("Last", 100), ("First", 0)):
        pager.get_by_role("link", name=name).click()
        shows(page, wanted(hill, f"{query}&skip={skip}"))
    page.get_by_role("spinbutton").fill("3")
    page.keyboard.press("Enter")
    shows(page, wanted(hill, f"{query}&skip=100"))
    page.get_by_role("button", name="Clear cost \u2265 1").click()
    expect(pager).to_contain_text("of 120 trials, completed, by size")


def test_a_filter_shows_the_first_page_and_back_takes_it_away(window: Window, hill: Served) -> None:
    page = window.open("/studies/hill/trials?page=2")
    page.get_by_label("Figure to filter by").select_option("size")
    page.get_by_label("Limit").fill("2.5")
    page.keyboard.press("Enter")
    shows(page, wanted(hill, "where=size%3C%3D2.5&order=newest"))
    assert page.url.endswith("/trials?where=size%3C%3D2.5")
    tab = page.get_by_role("link", name="Overview")
    expect(tab).to_have_attribute("href", "/studies/hill?where=size%3C%3D2.5")
    page.go_back()
    shows(page, wanted(hill, "order=newest&skip=50"))


def test_a_board_leaves_the_networks_that_fit(window: Window, networks: Served) -> None:
    page = window.open(f"{STUDY}/trials?device=arduino-uno")
    ranges = "where=model_size:deployed%3C%3D32768&where=working_memory:arena%3C%3D2048"
    fitting = networks.get(f"{STUDY}/trials?{ranges}&order=newest")["items"]
    shows(page, [each["number"] for each in fitting])
    pager = page.get_by_role("navigation", name="Pages")
    expect(pager).to_contain_text("fits arduino-uno, newest first")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("where=cost%3C%3D-1", "No trial passes these filters."),
        ("page=99", "Page 99 is beyond the last: there are 123 trials."),
        ("status=failed", "No trial is failed."),
        (
            "where=nonsense&sort=9&order=up&page=x&status=odd",
            "1\u201350 of 123 trials, newest first",
        ),
    ],
)
def test_an_address_that_leads_nowhere_says_why(
    window: Window, hill: Served, query: str, words: str
) -> None:
    page = window.open(f"/studies/hill/trials?{query}")
    expect(page.locator(".view")).to_contain_text(words)


def test_what_is_shown_is_saved_whole(window: Window, hill: Served) -> None:
    page = window.open("/studies/hill/trials?sort=cost&where=cost%3C%3D9")
    shown = page.get_by_role("button", name=re.compile(r"These \d+ trials as CSV"))
    with page.expect_download() as table:
        shown.click()
    rows = list(csv.DictReader(table.value.path().read_text().splitlines()))
    assert table.value.suggested_filename == "hill.csv"
    expected = hill.get("/studies/hill/trials?sort=cost&where=cost%3C%3D9&limit=1000")["items"]
    assert [int(row["number"]) for row in rows] == [item["number"] for item in expected]
    assert float(rows[5]["cost"]) == expected[5]["values"]["cost"]
    with page.expect_download() as plain:
        page.get_by_role("button", name="as JSON").click()
    assert json.loads(plain.value.path().read_text()) == expected


def test_a_trial_leads_through_the_table_and_back(window: Window, hill: Served) -> None:
    query = "where=cost%3E%3D1&sort=cost"
    page = window.open(f"/studies/hill/trials?{query}")
    order = wanted(hill, query)
    page.locator(".trials tbody a.row").nth(3).click()
    expect(page.locator("h1")).to_have_text(f"Trial {order[3]}")
    page.get_by_role("link", name=f"Trial {order[4]} \u2192").click()
    expect(page.locator("h1")).to_have_text(f"Trial {order[4]}")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("h1")).to_have_text(f"Trial {order[3]}")
    page.get_by_role("link", name="Back to the table (cost \u2265 1, by cost").click()
    shows(page, order)


def test_without_a_table_trials_follow_each_other_by_number(window: Window, hill: Served) -> None:
    page = window.open(f"/trials/{trial(hill, 1)['id']}")
    expect(page.locator("[data-step=prev]")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    expect(page.locator("h1")).to_have_text("Trial 2")
    page.locator(".scroll").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("h1")).to_have_text("Trial 2")
    page.locator("#main").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("h1")).to_have_text("Trial 1")


def trial(served: Served, number: int) -> dict[str, Any]:
    path = f"/studies/hill/trials?limit=1&skip={number - 1}&order=oldest"
    found: dict[str, Any] = served.get(path)["items"][0]
    return found


@pytest.mark.parametrize("window", [NARROW], indirect=True)
def test_the_head_of_the_table_stays_in_sight(window: Window, hill: Served) -> None:
    page = window.open("/studies/hill/trials")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shade = """() => getComputedStyle(document.querySelector(".trials .scroll")).boxShadow"""
    assert " -18px " in page.evaluate(shade), "nothing shows that there is more at the right"
    page.evaluate("""() => document.querySelector(".trials .scroll").scrollTo(200, 900)""")
    head, cell = page.evaluate(
        """() => {
          const box = document.querySelector(".trials .scroll").getBoundingClientRect();
          const place = (name) => document.querySelector(name).getBoundingClientRect();
          return [place(".trials th").top - box.top, place(".trials td").left - box.left];
        }"""
    )
    assert abs(head) < 3
    assert abs(cell) < 3


def test_origin_and_designer_are_told(window: Window, networks: Served) -> None:
    page = window.open(f"{STUDY}/trials")
    expect(page.locator(".trials tbody tr").first).to_contain_text("user")
