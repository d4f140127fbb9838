"""Filters of a study: typed, drawn or by board, for its charts and its tables alike."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from resource_models.devices import DEVICES
from tests.api.conftest import Served
from tests.page import seeds
from tests.page.conftest import STUDY, Window

pytestmark = pytest.mark.browser

DRAWN = "document.querySelector('.chart .js-plotly-plot')"


# Limits the cost, and reads at once how strong the points that stand alone are drawn, which pass it
# and which do not.
SET_AND_SEE = """(most) => {
  const form = document.querySelector(".sieve form");
  form.elements.figure.value = "cost";
  form.elements.limit.value = most;
  form.requestSubmit();
  const chart = document.querySelector(".chart .js-plotly-plot");
  const veil = chart.querySelector(".veil");
  const paper = veil.getContext("2d");
  const { xaxis, yaxis } = chart._fullLayout;
  const trace = chart.data.find((each) => each.meta.role === "dominated");
  const cost = chart.layout.meta.columns.indexOf("cost");
  const places = trace.x.map((x, at) =>
    [xaxis.d2p(x), yaxis.d2p(trace.y[at]), trace.customdata[at][cost] <= Number(most)]);
  const alone = places.filter(([x, y]) =>
    places.filter(([left, top]) => Math.hypot(left - x, top - y) < 9).length === 1);
  const strength = ([x, y]) => paper.getImageData(Math.floor(x), Math.floor(y), 1, 1).data[3];
  return {
    passing: alone.filter(([, , passes]) => passes).map(strength),
    others: alone.filter(([, , passes]) => !passes).map(strength),
  };
}"""


def front(served: Served, query: str = "") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = served.get(f"{STUDY}/front{query}")["items"]
    return items


def listed(page: Page) -> set[int]:
    """The numbers of the trials in the table of the front."""
    rows = page.get_by_role("region", name="The front").locator("tbody a.row")
    return {int(text) for text in rows.all_text_contents()}


def dimmed(page: Page) -> bool:
    """Whether the chart dims trials, and exactly those that its filters leave out."""
    return bool(
        page.evaluate(
            f"""() => {DRAWN}.data.filter((each) => each.customdata)
                .every((each) => Array.isArray(each.selectedpoints))"""
        )
    )


def selected(page: Page, role: str) -> set[int]:
    """The numbers of the trials of a role that the chart does not dim."""
    numbers: list[int] = page.evaluate(
        f"""(role) => {{
          const trace = {DRAWN}.data.find((each) => each.meta.role === role);
          return trace.selectedpoints.map((at) => trace.customdata[at][1]);
        }}""",
        role,
    )
    return set(numbers)


def where(page: Page) -> list[str]:
    return parse_qs(urlsplit(page.url).query).get("where", [])


def add(page: Page, figure: str, sense: str, limit: str) -> None:
    """Type a range, as one does without a mouse."""
    page.get_by_label("Figure to filter by").select_option(figure)
    page.get_by_label("At most or at least").select_option(sense)
    page.get_by_label("Limit", exact=True).fill(limit)
    page.keyboard.press("Enter")


def test_a_typed_range_dims_the_chart_and_shortens_the_table(
    window: Window, networks: Served
) -> None:
    page = window.open(STUDY)
    window.drawn()
    whole = front(networks)
    limit = sorted(trial["values"]["error"] for trial in whole)[1]
    add(page, "error", "<=", str(limit))
    passing = {trial["number"] for trial in whole if trial["values"]["error"] <= limit}
    assert 0 < len(passing) < len(whole)
    chip = page.locator(".chip")
    expect(chip).to_contain_text("error ≤")
    expect(page.locator(".sieve [role=status]")).to_have_text(
        f"{len(passing)} of {len(whole)} on the front pass"
    )
    assert listed(page) == passing
    of_all = page.get_by_text("by all trials of the study: the filters do not change it")
    expect(of_all).to_be_visible()
    page.wait_for_function(f"() => {DRAWN}.data.at(-1).selectedpoints")
    assert selected(page, "front") == passing
    assert where(page) == [f"error<={limit}"]
    trials_tab = page.locator(".tabs a", has_text="Trials")
    expect(trials_tab).to_have_attribute("href", re.compile(r"/trials\?where=error%3C%3D"))
    trials_tab.click()
    page.wait_for_url("**/trials?where=*")
    page.locator(".tabs a", has_text="Overview").click()
    expect(chip).to_contain_text("error ≤")
    page.get_by_role("button", name="Clear error").press("Enter")
    expect(chip).to_have_count(0)
    expect(of_all).to_have_count(0)
    expect(page.get_by_label("Figure to filter by")).to_be_focused()
    assert where(page) == []
    assert len(listed(page)) == len(whole)
    page.wait_for_function(f"() => !{DRAWN}?.data.at(-1).selectedpoints")


def first_of_front(page: Page) -> tuple[float, float, int]:
    """Where the first point of the front is in the window, and the number of its trial."""
    x, y, number = page.evaluate(
        f"""() => {{
          const chart = {DRAWN};
          chart.scrollIntoView({{ block: "center" }});
          const trace = chart.data.find((each) => each.meta.role === "front");
          const {{ xaxis, yaxis }} = chart._fullLayout;
          const box = chart.getBoundingClientRect();
          const left = box.left + xaxis._offset + xaxis.d2p(trace.x[0]);
          return [left, box.top + yaxis._offset + yaxis.d2p(trace.y[0]), trace.customdata[0][1]];
        }}"""
    )
    return x, y, number


def test_a_box_drawn_in_the_chart_sets_the_ranges_of_its_objectives_and_asks_for_nothing(
    window: Window, networks: Served
) -> None:
    page = window.open(STUDY)
    window.drawn()
    brush = page.get_by_role("button", name="Box filter")
    brush.click()
    expect(brush).to_have_attribute("aria-pressed", "true")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    x, y, number = first_of_front(page)
    page.mouse.move(x - 12, y - 12)
    page.mouse.down()
    page.mouse.move(x + 12, y + 12, steps=4)
    page.mouse.up()
    expect(page.locator(".chip")).to_have_count(2)
    ranges = [re.match(r"(.+?)([<>]=)", each) for each in where(page)]
    assert [each and each.groups() for each in ranges] == [
        ("model_size:deployed", ">="),
        ("model_size:deployed", "<="),
        ("error", ">="),
        ("error", "<="),
    ]
    assert number in listed(page)
    assert len(listed(page)) < len(front(networks))
    assert number in selected(page, "front")
    assert page.evaluate(f"{DRAWN}.layout.selections") == []
    assert not any("figures/front" in url for url in asked)
    # Below the pointer is a trial, which one click would open.
    x, y, _number = first_of_front(page)
    page.mouse.move(x, y)
    page.wait_for_selector(".js-plotly-plot .hoverlayer .hovertext")
    page.mouse.dblclick(x, y)
    expect(page.locator(".chip")).to_have_count(0)
    assert where(page) == []
    page.wait_for_timeout(500)
    assert page.url.endswith(STUDY)


def test_a_board_is_fitted_by_its_flash_and_its_memory(window: Window, networks: Served) -> None:
    page = window.open(STUDY)
    window.drawn()
    boards = page.get_by_label("Board to fit").locator("option")
    expect(boards.nth(1)).to_contain_text("stm32f446re (this study\u2019s): 524 kB")
    assert boards.count() == len(DEVICES) + 1
    page.get_by_label("Board to fit").select_option("arduino-uno")
    expect(page.locator(".chip")).to_contain_text("fits arduino-uno")
    assert "device=arduino-uno" in page.url
    fitting = {trial["number"] for trial in front(networks, "?device=arduino-uno")}
    page.wait_for_function(f"() => {DRAWN}.data.at(-1).selectedpoints")
    assert listed(page) == selected(page, "front") == fitting


def test_a_view_may_be_left_while_its_chart_follows_a_filter(
    window: Window, networks: Served
) -> None:
    page = window.open(STUDY)
    window.drawn()
    page.evaluate(
        """() => {
          const boards = document.querySelector("select[aria-label='Board to fit']");
          boards.value = "arduino-uno";
          boards.dispatchEvent(new Event("change", { bubbles: true }));
          document.querySelector("a[href='/']").click();
        }"""
    )
    expect(page.get_by_role("heading", name="Studies", level=1)).to_be_visible()
    page.wait_for_timeout(500)
    assert window.errors == []


def test_an_address_may_hold_anything(window: Window, networks: Served) -> None:
    query = "where=error<=0&where=nonsense&where=error>=x&where=$<=1&where=macs>=1&device=none"
    page = window.open(f"{STUDY}?{query}")
    window.drawn()
    chips = page.locator(".chip")
    expect(chips).to_have_count(3)
    expect(chips.nth(2)).to_contain_text("none: no such board, all pass")
    nothing = "No trial on the front passes the filters; clear one of them to see more."
    expect(page.get_by_text(nothing)).to_be_visible()
    page.get_by_role("button", name="Clear error").click()
    assert len(listed(page)) == len(front(networks))
    # No objective, and yet the chart knows it: the figure was asked for it.
    page.wait_for_function(f"() => {DRAWN}.data.at(-1).selectedpoints")
    assert selected(page, "front") == listed(page)
    add(page, "error", "<=", "many")
    wrong = page.locator(".wrong")
    expect(wrong).to_have_text("error: need a number, such as 0.05 or 64000.")
    expect(page.get_by_label("Limit", exact=True)).to_be_focused()
    for limit, sense in ((1, "<="), (2, ">=")):
        for figure in ("error", "model_size:deployed", "working_memory:arena"):
            add(page, figure, sense, str(limit))
    expect(page.locator(".wrong")).to_be_empty()
    assert len(where(page)) == 7


def test_a_crowd_is_drawn_by_the_graphics_card_within_the_policy(
    window: Window, networks: Served
) -> None:
    seeds.crowd(networks, 2_100)
    page = window.open("/studies/crowd?where=cost<=5")
    # The page's own scripts draw: what a test evaluates is exempt from the policy.
    page.wait_for_function(
        f"""() => {{
          const drawn = document.querySelector(".chart .gl-canvas-context");
          if (!drawn) return false;
          const copy = document.createElement("canvas");
          [copy.width, copy.height] = [drawn.width, drawn.height];
          const paper = copy.getContext("2d");
          paper.drawImage(drawn, 0, 0);
          const points = paper.getImageData(0, 0, copy.width, copy.height).data;
          return points.some((value) => value > 0) && {DRAWN}.data[0].type === "scattergl";
        }}"""
    )
    assert dimmed(page)
    assert 0 < len(selected(page, "dominated")) < 2_000
    assert selected(page, "front") == {1}
    # A filter is seen in the frame in which it is set, and Plotly follows when that was painted.
    seen = page.evaluate(SET_AND_SEE, "2")
    assert min(seen["passing"]) > 2 * max(seen["others"]) > 0
    page.wait_for_selector(".veil", state="detached")
    assert page.evaluate(f"{DRAWN}.querySelector('.gl-container').style.visibility") == ""
    passing = networks.get("/studies/crowd/trials?limit=1000&where=cost<=2")["items"]
    assert selected(page, "dominated") | {1} == {trial["number"] for trial in passing}


def test_in_space_what_is_left_out_is_pale_and_small(window: Window, networks: Served) -> None:
    page = window.open(f"{STUDY}?view=3d&where=error<=0.05")
    window.drawn()
    colours = page.evaluate(
        f"{DRAWN}.data.find((each) => each.meta.role === 'dominated').marker.color"
    )
    assert len(set(colours)) == 2
    names = page.evaluate(f"{DRAWN}.data.map((each) => each.name)")
    assert "model_size:deployed: bound 2,770 B" in names


def test_before_plotly_comes_the_front_is_sketched_on_the_axes_of_the_chart(
    window: Window, networks: Served
) -> None:
    window.page.route("**/plotly-*.js", lambda route: route.abort())
    page = window.open(STUDY)
    points = page.locator(".sketch circle")
    expect(points).to_have_count(len(front(networks)))
    expect(points.first.locator("title")).to_contain_text("Trial ")
    meta = networks.get(f"{STUDY}/figures/front")["layout"]["meta"]["axes"]
    names = [f"{axis['name']} (log)" for axis in meta]
    assert page.locator(".sketch .name").all_text_contents() == names
    expect(page.locator(".chart").first).to_contain_text("This is a sketch of the front alone")
    window.forgive("ERR_FAILED")
    page.unroute("**/plotly-*.js")
    page.get_by_label("x axis", exact=True).select_option("working_memory:arena")
    window.drawn()
    expect(page.locator(".sketch")).to_have_count(0)
