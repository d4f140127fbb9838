"""The list of studies in a real browser: small fronts, search, pages, studies picked to compare."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from service import studies
from tests.api.conftest import Served
from tests.page import seeds
from tests.page.conftest import NARROW, Window, opened
from tests.service.stage import definition

pytestmark = pytest.mark.browser


@pytest.fixture
def many(browser: Browser, served_sqlite: Served) -> Iterator[Window]:
    """A window on a service with 70 studies, two pages of them."""
    with served_sqlite.db.begin() as session:
        for n in range(1, 71):
            study, _ = studies.create(
                session, definition(name=f"study-{n}"), served_sqlite.db.now(session)
            )
            if n == 3:
                studies.end(session, study, studies.Ended.CLOSED, served_sqlite.db.now(session))
    with opened(browser, served_sqlite) as found:
        yield found


def cards(page: Page) -> list[str]:
    names: list[str] = page.locator(".card h2").all_text_contents()
    return names


def test_a_card_draws_the_front_of_its_study(window: Window, networks: Served) -> None:
    page = window.open("/")
    card = page.locator(".card", has_text="digits-f446")
    study = networks.get("/studies/digits-f446")
    [front] = networks.get(f"/fronts?study={study['id']}")["items"]
    picture = card.get_by_role("img")
    expect(picture.locator("circle")).to_have_count(len(front["points"]))
    expect(picture.locator("circle.lead")).to_have_count(front["leading"])
    said = re.compile(r"^Front of \d+ trials: error .* over model_size:deployed .*B, log$")
    expect(picture).to_have_attribute("aria-label", said)
    expect(card.locator(".small-front p")).to_contain_text("↑ error 0.0")


def test_fronts_are_asked_for_again_only_where_a_trial_has_finished(
    window: Window, networks: Served
) -> None:
    asked: list[str] = []
    window.page.on("request", lambda r: asked.append(r.url) if "/api/v1/fronts" in r.url else None)
    page = window.open("/")
    expect(page.locator(".card circle").first).to_be_visible()
    with page.expect_response(lambda r: "/api/v1/studies?" in r.url):
        page.get_by_label("Search by name").fill("digits")
    expect(page.locator(".card", has_text="toy")).to_have_count(0)
    assert len(asked) == 1


def test_the_list_follows_the_events_of_all_studies(browser: Browser, served: Served) -> None:
    with opened(browser, served) as window:
        page = window.open("/")
        expect(page.locator("#live-text")).to_have_text("Live")
        seeds.black_box(served, 2)
        expect(page.locator(".card", has_text="toy")).to_contain_text("2 of 5 finished")
        page.route("**/api/v1/events", lambda route: route.abort())
        page.reload()
        expect(page.locator("#live-text")).to_have_text("Updates every 4 s")
        window.forgive("ERR_FAILED")


def test_a_search_and_a_state_stand_in_the_address(many: Window) -> None:
    page = many.open("/")
    page.keyboard.press("/")
    expect(page.get_by_label("Search by name")).to_be_focused()
    page.keyboard.type("DY-3")
    expect(page).to_have_url(re.compile(r"/\?q=DY-3$"))
    expect(page.locator(".card")).to_have_count(11)
    page.get_by_role("link", name="ended", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?q=DY-3&status=ended$"))
    expect(page.locator(".card h2")).to_have_text(["study-3"])
    page.reload()
    expect(page.locator(".card h2")).to_have_text(["study-3"])
    expect(page.get_by_label("Search by name")).to_have_value("DY-3")
    page.get_by_role("link", name="paused", exact=True).click()
    none = page.get_by_role("heading", name="No study is paused and has “DY-3” in its name")
    expect(none).to_be_visible()
    page.get_by_role("link", name="All studies").click()
    expect(page.locator(".card")).to_have_count(60)


def test_pages_go_from_the_newest_to_the_oldest_and_back(many: Window) -> None:
    page = many.open("/")
    assert cards(page)[0] == "study-70"
    page.get_by_role("link", name="Older →").click()
    expect(page.locator(".card").first).to_contain_text("study-10")
    assert cards(page)[-1] == "study-1"
    expect(page.get_by_role("link", name="Older →")).to_have_count(0)
    page.get_by_role("link", name="← Newer").click()
    expect(page.locator(".card").first).to_contain_text("study-70")


@pytest.mark.parametrize("window", [NARROW], indirect=True)
def test_studies_are_picked_and_compared(window: Window, networks: Served) -> None:
    page = window.open("/")
    bar = page.get_by_role("region", name="Studies to compare")
    expect(bar).to_be_hidden()
    page.get_by_label("Compare digits-f446").check()
    expect(bar).to_contain_text("Pick another one")
    expect(page).to_have_url(re.compile(r"/$"))  # a card is a link, its box is not
    page.get_by_label("Compare toy").focus()
    page.keyboard.press("Space")
    page.reload()
    link = page.get_by_role("link", name="Compare hypervolume")
    expect(link).to_have_attribute("href", "/compare?study=digits-f446&study=toy")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    bar.get_by_role("button", name="Clear").click()
    expect(bar).to_be_hidden()
    expect(page.get_by_label("Compare toy")).not_to_be_checked()


def test_an_empty_service_leads_to_the_first_study(browser: Browser, served_sqlite: Served) -> None:
    with opened(browser, served_sqlite) as window:
        page = window.open("/")
        page.locator(".empty").get_by_role("link", name="New study").click()
        expect(page.get_by_role("heading", name="New study")).to_be_visible()
