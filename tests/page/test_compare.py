"""Trials side by side: picked in the table or in the chart, or named in an address."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.api.conftest import Served
from tests.page.conftest import STUDY, Window
from tests.page.test_study_page import point

pytestmark = pytest.mark.browser

NARROW = {"viewport": {"width": 360, "height": 780}}


def numbers(served: Served) -> list[int]:
    return [trial["number"] for trial in served.get(f"{STUDY}/front")["items"]]


def test_networks_are_picked_in_the_table_and_in_the_chart_and_shown_side_by_side(
    window: Window, networks: Served
) -> None:
    page = window.open(STUDY)
    window.drawn()
    first, second = numbers(networks)[:2]
    box = page.get_by_label(f"Pick trial {second} to compare")
    box.press("Space")
    picks = page.get_by_role("group", name="Picked to compare")
    expect(picks).to_contain_text("and one more to compare")
    x, y, trial = point(page, "front", first)
    page.keyboard.down("Shift")
    window.click(x, y)
    page.keyboard.up("Shift")
    expect(picks).to_contain_text("Compare 2")
    expect(page.get_by_label(f"Pick trial {first} to compare")).to_be_checked()
    page.wait_for_function(
        "() => document.querySelector('.js-plotly-plot').data.at(-1).meta.role === 'picked'"
    )
    page.reload()
    expect(box).to_be_checked()
    picks.get_by_role("link", name="Compare 2").click()
    expect(page).to_have_url(re.compile(rf"/compare\?trials={second},{first}$"))
    objectives = page.get_by_role("region", name="Objectives")
    heads = objectives.locator("thead th")
    expect(heads.first).to_contain_text(f"Trial {second}")
    error = objectives.locator("tbody tr").first
    # The front comes with the least error first, so it is that of the second column.
    expect(error.locator("td").nth(1)).to_contain_text("best")
    expect(error.locator("td").nth(0)).not_to_contain_text("best")
    figures = page.get_by_role("region", name="All figures")
    expect(figures).to_contain_text("working_memory:wm2")
    expect(page.get_by_role("region", name="Training").locator("tbody")).to_contain_text(
        "learning rate"
    )
    expect(page.locator(".compared .network svg")).to_have_count(2)
    assert networks.get(f"/trials/{trial}")["number"] == first


def test_four_are_the_most_and_one_can_be_taken_out(window: Window, networks: Served) -> None:
    picked = numbers(networks)[:4]
    page = window.open(f"{STUDY}?pick={','.join(map(str, picked))}")
    free = page.locator("[data-box]:not(:checked)")
    expect(free.first).to_be_disabled()
    page.get_by_role("button", name=f"Take trial {picked[0]} out").press("Enter")
    expect(page.get_by_role("link", name="Compare 3")).to_be_visible()
    expect(free.first).to_be_enabled()
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text("Pick two to four to compare")).to_be_visible()
    assert "pick" not in page.url


def test_a_pruned_network_and_one_that_waits_are_compared(
    window: Window, family: dict[str, Any]
) -> None:
    # One of its own: the child of the family is trained in another test.
    point = {"point": family["child"]["point"], "replicate": True}
    answer = window.served.ask("POST", "/studies/family/trials", point)
    assert answer.status_code == 201, answer.text
    page = window.open(f"/studies/family/compare?trials=1,{answer.json()['number']}")
    expect(page.get_by_role("region", name="Pruning")).to_contain_text("not pruned")
    expect(page.get_by_role("region", name="Origin")).to_contain_text("Trial 1")
    expect(page.get_by_role("region", name="Objectives").locator("thead")).to_contain_text("queued")


def test_black_boxes_compare_their_parameters(window: Window, networks: Served) -> None:
    page = window.open("/studies/toy/compare?trials=3,1,99")
    expect(page.get_by_text("This study has no trial 99 of its search.")).to_be_visible()
    heads = page.get_by_role("region", name="Parameters").locator("thead th")
    assert [head.split(" ")[1].strip() for head in heads.all_text_contents()] == ["3", "1"]
    expect(page.get_by_role("region", name="Parameters").locator("tbody")).to_contain_text("0.5")
    expect(page.locator(".network")).to_have_count(0)
    page.get_by_role("link", name="Pick others").click()
    expect(page.locator("[data-box]:checked")).to_have_count(2)


@pytest.mark.parametrize("window", [NARROW], indirect=True)
def test_a_comparison_says_what_it_cannot_show_and_fits_a_narrow_screen(
    window: Window, networks: Served
) -> None:
    page = window.open("/studies/toy/compare?trials=99,x")
    expect(page.get_by_role("heading", name="Nothing to compare yet")).to_be_visible()
    expect(page.locator(".empty")).to_contain_text("no trial 99")
    page.get_by_role("link", name="To the overview").click()
    expect(page.locator("h1")).to_have_text("toy")
    page = window.open(f"{STUDY}/compare?trials=1,2,3,4,5")
    expect(page.get_by_text("The first 4 of 5 are shown")).to_be_visible()
    page.locator(".compared .network").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("link", name=re.compile("Leave trial 2 out")).first.click()
    expect(page).to_have_url(re.compile(r"trials=1,3,4$"))
