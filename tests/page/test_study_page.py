"""Studies in a real browser, on the real service: the front, live updates, the choice of axes."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from service import studies, trials
from tests.api.conftest import Served
from tests.page import seeds
from tests.page.conftest import STUDY, Window

pytestmark = pytest.mark.browser


def completed(served: Served) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = served.get(f"{STUDY}/trials?status=completed")["items"]
    return found


def points(page: Page) -> int:
    """How many trials the front chart shows."""
    count: int = page.evaluate(
        """() => document.querySelector(".chart .js-plotly-plot").data
            .filter((trace) => trace.customdata).reduce((n, trace) => n + trace.x.length, 0)"""
    )
    return count


def point(page: Page, role: str, number: int | None = None) -> tuple[float, float, int]:
    """Where on the screen the first point of a role lies, or that of one trial, and its trial."""
    x, y, trial = page.evaluate(
        """([role, number]) => {
          const chart = document.querySelector(".chart .js-plotly-plot");
          chart.scrollIntoView({ block: "center" });
          const trace = chart.data.find((each) => each.meta.role === role);
          const named = (facts) => number === null || facts[1] === number;
          const found = trace.customdata.findIndex(named);
          const { xaxis, yaxis } = chart._fullLayout;
          const box = chart.getBoundingClientRect();
          return [box.left + xaxis._offset + xaxis.d2p(trace.x[found]),
                  box.top + yaxis._offset + yaxis.d2p(trace.y[found]), trace.customdata[found][0]];
        }""",
        [role, number],
    )
    return x, y, int(trial)


def test_the_studies_are_listed_with_where_they_stand(window: Window, networks: Served) -> None:
    page = window.open("/")
    title = page.get_by_role("link", name="digits-f446", exact=True)
    card = page.locator(".card", has=title)
    expect(card).to_contain_text("14 of 60 finished")
    expect(card).to_contain_text("best model_size:deployed")
    expect(card).to_contain_text(re.compile(r"0\.\d{4} \(\d\d\.\d\d\s%\)"))
    card.locator("a").click()
    expect(page).to_have_url(re.compile(f"{STUDY}$"))
    expect(page.locator("h1")).to_have_text("digits-f446")


def test_a_study_shows_its_front_as_a_chart_and_as_a_table(
    window: Window, networks: Served
) -> None:
    page = window.open(STUDY)
    window.drawn()
    assert points(page) == len(completed(networks))
    rows = page.get_by_role("region", name="The front").locator("tbody tr")
    assert rows.count() == networks.get(STUDY)["front_size"]
    expect(page.locator(".tiles")).to_contain_text("bound 2.77")
    names = page.evaluate(
        "document.querySelector('.js-plotly-plot').layout.shapes.map(s => s.name)"
    )
    assert "bound" in names
    up = page.locator(".js-plotly-plot").first.locator(".ytick text")
    expect(up).to_have_text(["0.02", "0.05", "0.1", "0.2"])  # not all of 1 to 9
    side = page.locator(".side")
    expect(side).to_contain_text("From the reference (0) to the ideal (1): error")
    expect(side).to_contain_text("error 0.4500 to 0.0017, log (inferred);")


def test_on_paper_a_study_is_whole_without_what_is_pressed(
    window: Window, networks: Served
) -> None:
    page = window.open(STUDY)
    window.drawn()
    page.emulate_media(media="print")
    for pressed in (".ways", ".steer", ".sieve form", ".side .controls", ".picks"):
        expect(page.locator(pressed)).to_be_hidden()
    expect(page.get_by_role("region", name="The front")).to_have_css("max-height", "none")
    page = window.open(f"{STUDY}/trials")
    expect(page.locator(".pager")).to_be_hidden()
    expect(page.locator(".trials .scroll")).to_have_css("max-height", "none")


def test_a_black_box_shows_what_results_must_keep_and_who_gave_its_scale(
    window: Window, networks: Served
) -> None:
    heat = [{"name": "heat", "limit": 80.0}, {"name": "gain", "limit": 2, "goal": "maximize"}]
    networks.study(name="oven", constraints=heat)
    lease = networks.enqueue(0.5, "oven") and networks.claim("oven")[0]
    body = {"token": lease["token"], "metrics": {"cost": 1, "size": 2, "heat": 70, "gain": 3}}
    networks.ask("POST", f"/trials/{lease['trial_id']}/complete", body).raise_for_status()
    side = window.open("/studies/oven").locator(".side")
    expect(side).to_contain_text("cost 10 to 0 (given); size 10 to 0 (given).")
    expect(side).to_contain_text("Results must keep heat ≤ 80; gain ≥ 2.")


def test_a_study_shows_how_long_its_proposals_took(window: Window, networks: Served) -> None:
    page = window.open("/studies/toy")
    window.drawn()
    expect(page.get_by_role("heading", name="Seconds per proposal")).to_be_hidden()
    seeds.black_box(networks, 3, "thought")
    with networks.db.begin() as session:
        study = studies.get(session, "thought")
        rows = trials.listing(session, study.id).trials
        rows[1].details = {"think_s": 0.25}
        rows[2].details = {"think_s": 5.1, "fallback": "bayes: no answer within 5 s"}
    page = window.open("/studies/thought")
    expect(page.get_by_role("heading", name="Seconds per proposal")).to_be_visible()
    chart = page.locator("[role=figure][aria-label^='Seconds']")
    expect(chart.locator(".scatterlayer .point")).to_have_count(2)


def test_a_click_on_a_point_opens_its_trial_and_back_returns(
    window: Window, networks: Served
) -> None:
    page = window.open(STUDY)
    window.drawn()
    x, y, trial = point(page, "front")
    window.click(x, y)
    expect(page).to_have_url(re.compile(f"/trials/{trial}$"))
    number = networks.get(f"/trials/{trial}")["number"]
    expect(page.locator("h1")).to_have_text(f"Trial {number}")
    page.go_back()
    expect(page.locator("h1")).to_have_text("digits-f446")
    window.drawn()


def test_a_finished_trial_appears_by_itself_and_zoom_and_scroll_stay(
    window: Window, networks: Served
) -> None:
    page = window.open("/studies/toy")
    window.drawn()
    expect(page.locator("#live-text")).to_have_text("Live")
    before = points(page)
    page.evaluate(
        """async () => {
          window.kept = true;
          const chart = document.querySelector(".js-plotly-plot");
          await Plotly.relayout(chart, {"xaxis.range": [2, 5], "yaxis.range": [1, 4]});
          window.scrollTo(0, 300);
        }"""
    )
    seeds.complete_one(networks, "toy", 0.45)
    page.wait_for_function(
        "n => document.querySelector('.js-plotly-plot').data"
        ".filter(t => t.customdata).reduce((s, t) => s + t.x.length, 0) > n",
        arg=before,
    )
    expect(page.locator(".progress")).to_contain_text("6 of 6")
    expect(page.locator(".pill").first).to_have_text("ended")
    assert page.evaluate("document.querySelector('.js-plotly-plot').layout.xaxis.range") == [2, 5]
    assert page.evaluate("window.scrollY") == 300
    assert page.evaluate("window.kept"), "the page was loaded anew"


def test_without_the_stream_of_events_the_page_asks_by_itself(
    window: Window, networks: Served
) -> None:
    seeds.black_box(networks, 1, "polled")
    window.page.route("**/events", lambda route: route.abort())
    page = window.open("/studies/polled")
    expect(page.locator("#live-text")).to_have_text("Updates every 4 s")
    seeds.complete_one(networks, "polled", 0.9)
    expect(page.locator(".progress")).to_contain_text("2 of 5")
    window.forgive("ERR_FAILED")


def test_the_chosen_axes_stay_in_the_address(window: Window, networks: Served) -> None:
    page = window.open(STUDY)
    window.drawn()
    page.get_by_label("x axis", exact=True).select_option("working_memory:arena")
    page.wait_for_function(
        "() => document.querySelector('.js-plotly-plot').layout.meta.axes[0].name"
        " === 'working_memory:arena'"
    )
    page.locator("input[name=y_log]").uncheck()
    page.wait_for_function(
        "() => document.querySelector('.js-plotly-plot').layout.meta.axes[1].log === false"
    )
    assert "x=working_memory%3Aarena" in page.url
    page.reload()
    window.drawn()
    expect(page.get_by_label("x axis", exact=True)).to_have_value("working_memory:arena")
    expect(page.locator("input[name=y_log]")).not_to_be_checked()


def test_two_axes_never_show_one_objective(window: Window, networks: Served) -> None:
    page = window.open(STUDY)
    window.drawn()
    page.get_by_label("x axis", exact=True).select_option("error")
    expect(page.get_by_label("y axis", exact=True)).to_have_value("model_size:deployed")


def test_three_objectives_can_be_seen_in_space(window: Window, networks: Served) -> None:
    page = window.open(STUDY)
    window.drawn()
    page.get_by_label("3D").check()
    page.wait_for_selector(".chart .gl-container canvas")
    expect(page.get_by_label("z axis", exact=True)).to_have_value("working_memory:arena")
    page.get_by_label("2D").check()
    page.wait_for_selector(".chart .cartesianlayer .scatterlayer")
