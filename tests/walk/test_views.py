"""Every view of the page on a real study: seen wide and narrow, by keyboard, and by axe-core.

What a view is for is tested in tests/page; here is what must hold for all of them.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import Site
from tests.page.conftest import Window, opened
from tests.walk.conftest import BOX, NETWORKS
from tinyfront import Client

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 800}
LOOKS = {
    "wide": {"viewport": WIDE, "color_scheme": "light"},
    "narrow": {"viewport": NARROW, "color_scheme": "dark", "has_touch": True},
}
# Addresses, of which the braces are filled with what the studies came to.
VIEWS = {
    "studies": "/",
    "new study": "/new",
    "new black box": "/new?like={box}",
    "workers": "/workers",
    "networks": "/studies/{networks}",
    "networks in space": "/studies/{networks}?view=3d",
    "black box": "/studies/{box}",
    "trials": "/studies/{networks}/trials",
    "trials of a black box": "/studies/{box}/trials",
    "parameters": "/studies/{networks}/parameters",
    "parameters of a black box": "/studies/{box}/parameters",
    "timeline": "/studies/{networks}/timeline",
    "compare": "/compare?study={networks}&study={box}&by=time",
    "trial": "/trials/{front}",
    "trial of a black box": "/trials/{kiln}",
    "infeasible trial": "/trials/{melted}",
    "compared networks": "/studies/{networks}/compare?trials=1,2",
    "unknown study": "/studies/nothing",
}
REFUSED = {"unknown study"}  # the browser notes a 404 in its console
SERIOUS = {"serious", "critical"}
# Where the keyboard is, and whether one can see that.
FOCUSED = """() => {
  const at = document.activeElement;
  const box = at.getBoundingClientRect();
  const style = getComputedStyle(at);
  const after = getComputedStyle(at, "::after");
  return {
    name: [at.tagName, at.id, at.className, (at.textContent ?? "").trim().slice(0, 40)].join(" "),
    there: at !== document.body,
    seen: box.width > 0 && box.height > 0 && box.right > 0 && box.left < innerWidth,
    marked: [style.outlineStyle, after.outlineStyle, style.boxShadow].some((it) => it !== "none"),
  };
}"""
MOST_STOPS = 400


@pytest.fixture(scope="session")
def places(site: Site) -> dict[str, object]:
    """What the braces in the addresses stand for."""
    with Client(site.url) as client:
        front = [trial.id for trial in client.study(NETWORKS).front()]
        kiln = client.study(BOX)
        [melted] = [trial.id for trial in kiln.trials() if trial.status == "infeasible"]
        return {
            "networks": NETWORKS,
            "box": BOX,
            "front": front[0],
            "second": front[-1],
            "kiln": next(iter(kiln.front())).id,
            "melted": melted,
        }


@pytest.fixture(params=list(LOOKS))
def window(request: pytest.FixtureRequest, browser: Browser, site: Site) -> Iterator[Window]:
    """A window that notes each address it asks; afterwards nothing may have complained."""
    asked: list[str] = []
    with opened(browser, site, **LOOKS[request.param]) as found:
        found.page.on("request", lambda each: asked.append(each.url))
        yield found
    own = urlsplit(site.url).netloc
    others = [url for url in asked if urlsplit(url).scheme != "data" and own not in url]
    assert [url for url in others if not url.startswith("blob:")] == []


@pytest.mark.browser
@pytest.mark.xdist_group("walk")  # one server with its studies, not one for each process
@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_whole(view: str, window: Window, places: dict[str, object]) -> None:
    page = window.open(VIEWS[view].format_map(places))
    page.wait_for_load_state("networkidle")
    if view in REFUSED:
        window.forgive("404")
    assert page.locator("h1").count() == 1
    assert_no_wider_than_the_window(page)
    assert_accessible(page)
    assert_reachable_by_keyboard(page)


def assert_no_wider_than_the_window(page: Page) -> None:
    """Only tables and charts in boxes of their own may scroll sideways."""
    wide, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= room


def assert_accessible(page: Page) -> None:
    """axe-core finds nothing serious."""
    answer = Axe().run(page).response
    found = [each for each in answer["violations"] if each["impact"] in SERIOUS]
    told = [(each["id"], [node["html"][:160] for node in each["nodes"][:4]]) for each in found]
    assert told == []


def assert_reachable_by_keyboard(page: Page) -> None:
    """From the link that skips the head, Tab walks through the page and out, and shows where."""
    first = "document.querySelector('a, button, input, select, [tabindex=\"0\"]')"
    assert page.evaluate(f"{first}.matches('.skip')")
    page.evaluate(f"{first}.focus()")  # a view may have put the focus where one begins to type
    names = [page.evaluate(FOCUSED)["name"]]
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if not at["there"] or at["name"] == names[0]:
            break
        names.append(at["name"])
        assert at["marked"], f"nothing shows that the keyboard is at {at['name']}"
        assert at["seen"], f"the keyboard is at something unseen: {at['name']}"
    else:
        raise AssertionError(f"Tab does not come to an end: {names[-5:]}")
    assert len(names) > 4
