"""What mattered, and parallel axes, in a real browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.api.conftest import Served
from tests.page import ovens
from tests.page.conftest import NARROW, STUDY, Window

pytestmark = pytest.mark.browser

KILN = "/studies/kiln"
TRACE = "document.querySelector('.parcoords').closest('.js-plotly-plot').data[0]"
LINES = f"{TRACE}.dimensions"
# How far down each word of an axis stands.
WRITTEN = """(name) => {
  const axis = [...document.querySelectorAll(".parcoords .axis")]
    .find((each) => each.__data__.key === name || each.__data__.label.startsWith(name));
  return Object.fromEntries([...axis.querySelectorAll(".tick")].map((tick) =>
    [tick.textContent, tick.transform.baseVal[0].matrix.f]));
}"""


@pytest.fixture
def quiet(window: Window) -> Iterator[Window]:
    """A window of which only errors count: reading pixels back is slow without a graphics card."""
    yield window
    window.forgive("GPU stall")


def axes(page: Page) -> list[str]:
    """The axes that are drawn, from left to right."""
    page.wait_for_selector(".parcoords .axis")
    names: list[str] = page.evaluate(f"{LINES}.map((each) => each.name)")
    return names


def ranges(page: Page) -> dict[str, list[float]]:
    """The ranges drawn on the axes."""
    found: dict[str, list[float]] = page.evaluate(
        f"Object.fromEntries({LINES}.filter((each) => each.constraintrange)"
        ".map((each) => [each.name, each.constraintrange]))"
    )
    return found


def brush(page: Page, place: int, low: float, high: float) -> None:
    """Drag along an axis; 0 is its lower end, 1 its upper."""
    axis = page.locator(".axis-brush").nth(place)
    axis.scroll_into_view_if_needed()
    box = axis.locator(".background").bounding_box()
    assert box is not None
    x, bottom, height = box["x"] + box["width"] / 2, box["y"] + box["height"], box["height"]
    page.mouse.move(x, bottom - low * height)
    page.mouse.down()
    page.mouse.move(x, bottom - (low + high) / 2 * height, steps=3)
    page.mouse.move(x, bottom - high * height, steps=3)
    page.mouse.up()


def rows(page: Page) -> Locator:
    return page.get_by_role("region", name="The best trials within the ranges").locator("tbody tr")


def kept(page: Page) -> Locator:
    return page.get_by_role("list", name="Ranges that are kept")


def test_parameters_tell_what_mattered_and_draw_it_first(quiet: Window, oven: Served) -> None:
    page = quiet.open(KILN)
    page.get_by_role("link", name="Parameters").click()
    expect(page).to_have_url(re.compile(f"{KILN}/parameters$"))
    page.wait_for_selector("[data-loading]", state="detached")
    chart = page.get_by_role("figure", name="What mattered for gain")
    expect(chart.locator(".ytick text").last).to_have_text("fan")
    expect(page.locator(".importance")).to_contain_text("From 60 results.")
    page.get_by_text("All shares as a table").click()
    first = page.get_by_role("region", name="Shares of all features").locator("tbody tr").first
    expect(first).to_contain_text(re.compile("heat|fan"))
    assert axes(page)[:2] == ["cost", "gain"]
    assert set(axes(page)[2:4]) == {"heat", "fan"}
    assert rows(page).count() == 20


def test_a_range_drawn_on_an_objective_is_a_filter_of_the_study(
    quiet: Window, oven: Served
) -> None:
    page = quiet.open(f"{KILN}/parameters?axis=gain&axis=heat&axis=fan")
    assert axes(page) == ["gain", "heat", "fan"]
    brush(page, 0, 0.6, 0.97)
    expect(kept(page)).to_contain_text("gain")
    assert "where=gain" in page.url
    [filtered] = re.findall(r"gain%3E%3D([\d.]+)", page.url)
    values = oven.get(f"{KILN}/trials?limit=100")["items"]
    most = re.findall(r"gain%3C%3D([\d.]+)", page.url)
    high = float(most[0]) if most else 1e9
    within = [t for t in values if float(filtered) <= t["values"]["gain"] <= high]
    assert 0 < len(within) < 60
    expect(page.get_by_text(f"{len(within)} trials of 60 within the ranges")).to_be_visible()
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_role("region", name="Filters")).to_contain_text("gain")
    page.go_back()
    page.wait_for_selector("[data-loading]", state="detached")
    expect(kept(page)).to_contain_text("gain")
    kept(page).get_by_role("button").first.press("Enter")
    expect(kept(page)).to_have_count(0)
    assert "where" not in page.url


def test_a_filter_of_the_address_shows_as_a_range(quiet: Window, oven: Served) -> None:
    page = quiet.open(f"{KILN}/parameters?where=cost<=1&axis=gain&axis=rate&keep=~0.1~rate")
    # An objective that limits the trials is drawn, whatever else was asked for.
    assert axes(page) == ["cost", "gain", "rate"]
    found = ranges(page)
    assert found["cost"][1] == pytest.approx(0.0)  # the logarithm of 1
    assert found["rate"][1] == pytest.approx(-1.0)
    # What an axis says stands where it holds; a decade is as long as the next.
    told = page.evaluate(f"({WRITTEN})('rate')")
    step = told["0.01"] - told["0.1"]
    assert step > 30
    assert told["0.001"] - told["0.01"] == pytest.approx(step, abs=1)
    expect(kept(page)).to_contain_text("cost ≤ 1")
    expect(kept(page)).to_contain_text("rate ≤ 0.1")
    expect(page.get_by_text("They count all completed trials")).to_be_visible()
    for cell in rows(page).locator("td:nth-child(2)").all_inner_texts():
        assert float(cell) <= 1.0


def test_a_filter_without_an_axis_holds_for_the_lines_too(quiet: Window, networks: Served) -> None:
    query = "axis=error&axis=filters%20(mean)&where=macs>=2000&device=arduino-uno"
    page = quiet.open(f"{STUDY}/parameters?{query}")
    assert axes(page) == ["error", "filters (mean)"], "a board takes no room of an axis"
    where = "where=macs%3E%3D2000&where=model_size:deployed%3C%3D32768"
    path = f"{STUDY}/trials?status=completed&limit=100"
    passing = networks.get(f"{path}&{where}&where=working_memory:arena%3C%3D2048")["items"]
    whole = networks.get(path)["items"]
    assert 0 < len(passing) < len(whole)
    expect(kept(page).get_by_role("listitem")).to_have_text(
        [re.compile("macs"), re.compile("fits")]
    )
    told = f"{len(passing)} trials of {len(whole)} past the filters."
    expect(page.get_by_text(told)).to_be_visible()
    lit = f"{TRACE}.customdata.filter((_, at) => {TRACE}.line.color[at] >= 0).map(([id]) => id)"
    assert set(page.evaluate(lit)) == {each["id"] for each in passing}
    expect(rows(page)).to_have_count(min(20, len(passing)))
    kept(page).get_by_role("button", name="Clear fits arduino-uno").press("Enter")
    kept(page).get_by_role("button", name="Clear macs").press("Enter")
    expect(kept(page)).to_have_count(0)
    page.wait_for_function(f"() => {TRACE}.line.color.every((each) => each >= 0)")
    expect(page.get_by_text(f"{len(whole)} trials of {len(whole)}.")).to_be_visible()


def test_the_keyboard_picks_axes_and_keeps_ranges(quiet: Window, oven: Served) -> None:
    page = quiet.open(f"{KILN}/parameters?axis=cost&axis=gain")
    assert axes(page) == ["cost", "gain"]
    page.locator(".axes summary").press("Enter")
    # Two are the least.
    expect(page.locator(".axes input[name=cost]")).to_be_disabled()
    page.locator(".axes input[name=swirl]").press("Space")
    page.wait_for_function("location.search.includes('axis=swirl')")
    page.wait_for_function("document.querySelectorAll('.parcoords .axis').length === 3")
    form = page.get_by_role("form", name="Keep a range of one axis")
    form.get_by_label("Axis").select_option("swirl")
    form.get_by_label("from").fill("high")
    form.get_by_label("from").press("Enter")
    expect(form.get_by_role("alert")).to_have_text("Need numbers, or nothing for no end.")
    form.get_by_label("from").fill("0.5")
    form.get_by_label("from").press("Enter")
    expect(kept(page)).to_contain_text("swirl ≥ 0.5")
    assert "keep=0.5%7E%7Eswirl" in page.url
    # Trials without the parameter lie in no range of it.
    values = [float(cell) for cell in rows(page).locator("td:nth-child(4)").all_inner_texts()]
    assert values
    assert min(values) >= 0.5


def test_an_address_with_an_axis_of_another_study_shows_the_usual_ones(
    quiet: Window, oven: Served
) -> None:
    page = quiet.open(f"{KILN}/parameters?axis=salt")
    assert "cost" in axes(page)
    assert "salt" not in page.url
    quiet.forgive("422")


@pytest.mark.parametrize("window", [NARROW], indirect=True)
def test_a_narrow_screen_has_fewer_axes_and_no_sideways_scroll(quiet: Window, oven: Served) -> None:
    page = quiet.open(f"{KILN}/parameters")
    assert len(axes(page)) == 4
    names = "[...document.querySelectorAll('.parcoords .axis-title')]"
    boxes = page.evaluate(f"{names}.map((each) => each.getBoundingClientRect().toJSON())")
    canvas = page.locator(".parcoords").bounding_box()
    assert canvas is not None
    assert all(box["top"] >= canvas["y"] for box in boxes), "no name is cut off"
    assert page.evaluate(f"{TRACE}.labelangle") != 0, "nor runs into its neighbour"
    for path in (f"{KILN}/parameters", f"{KILN}/timeline", "/compare?study=kiln"):
        quiet.open(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_networks_are_told_by_their_traits(quiet: Window, networks: Served) -> None:
    page = quiet.open(f"{STUDY}/parameters")
    expect(page.locator(".importance")).to_contain_text("Needs 20 results; there are")
    assert axes(page)[:3] == ["error", "model_size:deployed", "working_memory:arena"]
    page.locator(".axes summary").click()
    expect(page.locator(".axes")).to_contain_text("filters (mean)")
    rows(page).first.get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"/trials/\d+$"))


def test_a_study_of_one_objective_has_its_parameters(quiet: Window, oven: Served) -> None:
    ovens.oven(oven, 5, name="single", objectives=ovens.OVEN["objectives"][:1])
    page = quiet.open("/studies/single/parameters")
    assert axes(page)[0] == "cost"
    expect(page.locator(".importance > div")).to_have_count(1)


def test_an_empty_study_says_what_will_be_there(window: Window, oven: Served) -> None:
    oven.study(name="empty")
    page = window.open("/studies/empty/parameters")
    expect(page.locator(".empty")).to_contain_text("No trial has finished yet.")
    page = window.open("/studies/empty/timeline")
    expect(page.locator("main")).to_contain_text("No worker has claimed a trial yet.")
    expect(page.locator(".chart").first).to_be_hidden()
