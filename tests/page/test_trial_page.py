"""Trials in a real browser, and the page as a whole: errors, keyboard, narrow and dark screens."""

import re
import shlex
from typing import Any

import pytest
from playwright.sync_api import Route, expect
from typer.testing import CliRunner

from service.models import Trial
from tests.api.conftest import Served
from tests.page import seeds
from tests.page.conftest import STUDY, Window
from tinyfront.cli import app

pytestmark = pytest.mark.browser

NARROW = {"viewport": {"width": 360, "height": 780}}
DARK = {"color_scheme": "dark"}


def on_front(served: Served) -> dict[str, Any]:
    trial: dict[str, Any] = served.get(f"{STUDY}/front")["items"][0]
    return trial


def test_a_trial_shows_its_network_its_training_and_its_files(
    window: Window, networks: Served
) -> None:
    trial = on_front(networks)
    with networks.db.begin() as session:
        row = session.get_one(Trial, trial["id"])
        row.prediction = {"error": {"mean": trial["values"]["error"] + 0.02, "sd": 0.02}}
        row.details = {"acquisition": "log_ehvi", "weights_seed": 123456789, "models": {"a": "b"}}
        row.details |= {"think_s": 5.0317, "fallback": "bayes: no answer within 5 s"}
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
    expect(page.locator(".view")).to_contain_text("instead of bayes: no answer within 5 s.")
    expect(page.locator(".view")).to_contain_text("proposed in5.03 s")
    assert "think_s" not in page.locator(".view").inner_text()
    firmware = f"tinyfront download {trial['id']} firmware-{trial['id']} --device stm32f446re"
    expect(page.get_by_role("button", name=f"Copy {firmware}")).to_be_visible()
    onnx = f"tinyfront download {trial['id']} trial-{trial['id']} --onnx"
    expect(page.get_by_role("button", name=f"Copy {onnx}")).to_be_visible()
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
    page.get_by_role("link", name="Next").click()
    expect(numbers.first).to_have_text("3")
    expect(page.locator(".pager")).to_contain_text(re.compile("51.53 of 53 trials"))
    page.get_by_role("link", name="Previous").click()
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
    filtered = f"{STUDY}?where=model_size:deployed<=2000&device=stm32f446re&pick=1,2,3,4"
    paths = [
        "/",
        STUDY,
        filtered,
        f"{STUDY}?view=3d",
        f"{STUDY}/trials",
        f"/trials/{trial}",
        "/studies/toy",
    ]
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
