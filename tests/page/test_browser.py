"""The page in a real browser, on the real service."""

import re
import shlex
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from typer.testing import CliRunner

from service.models import Trial
from tests.api.conftest import Served, wait_until
from tests.page import seeds
from tests.page.conftest import Window
from tinyfront.cli import app

pytestmark = pytest.mark.browser

STUDY = "/studies/digits-f446"
NARROW = {"viewport": {"width": 360, "height": 780}}
DARK = {"color_scheme": "dark"}


@pytest.fixture(scope="module")
def networks(shared: Served) -> Served:
    """A study of networks with trials of every kind, and one of a black box."""
    seeds.networks(shared, 14)
    seeds.black_box(shared, 5)
    wait_until(lambda: shared.get(f"{STUDY}")["finished"] == 14)
    wait_until(lambda: shared.get("/studies/toy")["finished"] == 5)
    return shared


def completed(served: Served) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = served.get(f"{STUDY}/trials?status=completed")["items"]
    return found


def on_front(served: Served) -> dict[str, Any]:
    trial: dict[str, Any] = served.get(f"{STUDY}/front")["items"][0]
    return trial


def points(page: Page) -> int:
    """How many trials the front chart shows."""
    count: int = page.evaluate(
        """() => document.querySelector(".chart .js-plotly-plot").data
            .filter((trace) => trace.customdata).reduce((n, trace) => n + trace.x.length, 0)"""
    )
    return count


def click_a_point(page: Page, role: str) -> int:
    """Click on the first point of a role; returns its trial."""
    x, y, trial = page.evaluate(
        """(role) => {
          const chart = document.querySelector(".chart .js-plotly-plot");
          chart.scrollIntoView({ block: "center" });
          const trace = chart.data.find((each) => each.meta.role === role);
          const { xaxis, yaxis } = chart._fullLayout;
          const box = chart.getBoundingClientRect();
          return [box.left + xaxis._offset + xaxis.d2p(trace.x[0]),
                  box.top + yaxis._offset + yaxis.d2p(trace.y[0]), trace.customdata[0][0]];
        }""",
        role,
    )
    page.mouse.move(x, y)
    page.wait_for_timeout(200)  # Plotly notes what is below the pointer before it takes a click
    page.mouse.click(x, y)
    return int(trial)


def test_the_studies_are_listed_with_where_they_stand(window: Window, networks: Served) -> None:
    page = window.open("/")
    card = page.locator(".card", has_text="digits-f446")
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
    expect(page.locator(".side")).to_contain_text("From the reference (0) to the ideal (1): error")


def test_a_click_on_a_point_opens_its_trial_and_back_returns(
    window: Window, networks: Served
) -> None:
    page = window.open(STUDY)
    window.drawn()
    trial = click_a_point(page, "front")
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


def test_a_trial_shows_its_network_its_training_and_its_files(
    window: Window, networks: Served
) -> None:
    trial = on_front(networks)
    with networks.db.begin() as session:
        row = session.get_one(Trial, trial["id"])
        row.prediction = {"error": {"mean": trial["values"]["error"] + 0.02, "sd": 0.02}}
        row.details = {"acquisition": "log_ehvi", "weights_seed": 123456789, "models": {"a": "b"}}
    page = window.open(f"/trials/{trial['id']}")
    detail = networks.get(f"/trials/{trial['id']}")
    assert page.locator(".network .node").count() == len(detail["graph"]["nodes"])
    expect(page.locator(".network .node").first).to_contain_text(re.compile("input8.8.1"))
    window.drawn()
    page.wait_for_selector(".chart .barlayer .point")
    bars = page.locator(".chart .barlayer .point")
    assert bars.count() == len(detail["memory_timeline"])
    expect(page.locator(".view")).to_contain_text("± 0.0200")
    expect(page.locator(".view")).to_contain_text("1 sd below the mean")
    expect(page.locator(".view")).to_contain_text("weights_seed123456789")
    with page.expect_download() as download:
        page.get_by_role("link", name="weights.safetensors").click()
    assert download.value.path().stat().st_size == 4321


def test_a_reason_is_text_whatever_it_holds(window: Window, networks: Served) -> None:
    [trial] = networks.get(f"{STUDY}/trials?status=failed")["items"]
    for path in (STUDY, f"/trials/{trial['id']}"):
        page = window.open(path)
        expect(page.locator(".reason").filter(has_text="<script>").first).to_be_visible()
        assert page.locator("main script, main img").count() == 0
        assert page.evaluate("window.hacked") is None


def test_trials_are_shown_by_state_a_page_at_a_time(window: Window, networks: Served) -> None:
    networks.study(name="queue", trials=200)
    for number in range(53):
        networks.enqueue((number + 1) / 100, "queue")
    page = window.open("/studies/queue/trials")
    numbers = page.locator("tbody a.row")
    expect(numbers.first).to_have_text("53")
    assert numbers.count() == 50
    expect(page.locator(".pager")).to_contain_text(re.compile("1.50 of 53 trials"))
    page.get_by_role("link", name="Older").click()
    expect(numbers.first).to_have_text("3")
    expect(page.locator(".pager")).to_contain_text(re.compile("51.53 of 53 trials"))
    page.get_by_role("link", name="Newer").click()
    expect(numbers.first).to_have_text("53")
    window.open(f"{STUDY}/trials")
    page.locator(".filters").get_by_text("failed").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert page.url.endswith("?status=failed")


def test_a_name_that_does_not_exist_is_told(window: Window, networks: Served) -> None:
    for path, words in (
        ("/studies/nothing", "There is no study 'nothing'."),
        ("/trials/999999", "There is no trial 999999."),
    ):
        page = window.open(path)
        expect(page.locator("h1")).to_have_text("Not found")
        expect(page.locator("main")).to_contain_text(words)
    page.get_by_role("link", name="All studies").click()
    expect(page.locator("h1")).to_have_text("Studies")
    window.forgive("404")


def test_a_server_that_is_away_is_told_and_found_again(window: Window, networks: Served) -> None:
    page = window.open(STUDY)
    window.drawn()

    def refuse(route: Route) -> None:
        route.abort("connectionrefused")

    page.route("**/api/**", refuse)
    page.get_by_label("x axis", exact=True).select_option("working_memory:arena")
    banner = page.get_by_role("alert")
    expect(banner).to_contain_text("The server does not answer. What you see is from")
    expect(page.locator("#live-text")).to_have_text("No connection")
    expect(page.locator("h1")).to_have_text("digits-f446")
    page.unroute("**/api/**", refuse)
    banner.get_by_role("button", name="Try again").click()
    expect(banner).to_be_hidden()
    expect(page.locator("#live-text")).not_to_have_text("No connection")
    window.forgive("ERR_CONNECTION_REFUSED")


def test_the_keyboard_reaches_everything(window: Window, networks: Served) -> None:
    page = window.open(f"{STUDY}/trials")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    row = page.locator("tbody a.row").first
    row.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/trials/\d+$"))
    expect(page.locator("#main")).to_be_focused()


@pytest.mark.parametrize("window", [NARROW], indirect=True)
def test_a_narrow_screen_never_scrolls_sideways(window: Window, networks: Served) -> None:
    trial = on_front(networks)["id"]
    paths = ["/", STUDY, f"{STUDY}?view=3d", f"{STUDY}/trials", f"/trials/{trial}", "/studies/toy"]
    for path in paths:
        page = window.open(path)
        if path not in {"/", f"{STUDY}/trials"}:
            window.drawn()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


@pytest.mark.parametrize("window", [DARK], indirect=True)
def test_a_dark_theme_reaches_the_charts(window: Window, networks: Served) -> None:
    page = window.open(STUDY)
    window.drawn()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 21, 23)"
    color = "document.querySelector('.js-plotly-plot').layout.font.color"
    assert page.evaluate(color) == "#e3e8ea"
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"() => {color} === '#182023'")


def test_an_empty_service_tells_what_to_type_and_it_works(window: Window) -> None:
    window.page.route(
        "**/api/v1/studies?*", lambda route: route.fulfill(json={"items": [], "next": None})
    )
    served = window.served
    page = window.open("/")
    worker, create, loop = page.locator(".command").all_text_contents()
    assert worker == f"tinyfront-server worker --server http://127.0.0.1:{served.port}"
    seeds.announce(served)
    command = shlex.split(create.replace("\\\n", " "))
    assert command[0] == "tinyfront"
    assert CliRunner().invoke(app, command[1:]).exit_code == 0
    assert served.get("/studies/first")["trials"] == 40
    served.planner.proposes = True
    names: dict[str, Any] = {}
    exec(compile(loop.replace("trials=40", "trials=3"), "the page", "exec"), names)
    names["tf"].close()
    served.planner.proposes = False
    assert served.get("/studies/parabola")["counts"]["completed"] == 3
