"""The parts of a trial's page: network and memory, lineage, attempts, cancelling."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from service.models import Trial
from tests.api.conftest import Served, wait_until
from tests.api.test_lineage import grow
from tests.page import graphs, seeds
from tests.page.conftest import NARROW, Window
from tests.walk.whole import assert_accessible

pytestmark = pytest.mark.browser

TRACEBACK = (
    "Traceback (most recent call last):\n  File 'a.py', line 1\n    f()\nRuntimeError: no room"
)


@pytest.fixture(scope="session")
def drawn(shared: Served) -> dict[str, int]:
    """Trials with a network of every kind of node, and with one of sixty nodes."""
    seeds.networks(shared, 2, name="drawn")
    [deep, every] = shared.get("/studies/drawn/trials?order=newest")["items"]
    graphs.give(shared, every["id"], graphs.EVERY_KIND)
    graphs.give(shared, deep["id"], graphs.deep(60))
    return {"every": every["id"], "deep": deep["id"]}


def bars(page: Page) -> Any:
    return page.evaluate(
        """() => {
          const chart = document.querySelector("[aria-label^='Live bytes'] .js-plotly-plot");
          const [bars] = chart.data;
          return (bars.selectedpoints ?? []).map((place) => bars.y[place]);
        }"""
    )


def marked(page: Page, expected: list[str]) -> None:
    wait_until(lambda: bars(page) == expected)


def test_every_kind_of_node_is_drawn_and_tells_what_it_is(
    window: Window, drawn: dict[str, int]
) -> None:
    page = window.open(f"/trials/{drawn['every']}")
    nodes = page.locator(".network .node")
    expect(nodes).to_have_count(len(graphs.EVERY_KIND.nodes))
    words = {
        "input": "input, from 28\u00d728\u00d71; output 14\u00d714\u00d71",
        "pad1": "pad height 1+1, width 1+1; output 16\u00d716\u00d71",
        "conv1": "conv 3\u00d73, 4 /2 valid \u00b7 bn \u00b7 relu6; output 7\u00d77\u00d74",
        "dw1": "depthwise 3\u00d73 \u00b7 relu; output 7\u00d77\u00d74",
        "add1": "add \u00b7 relu; output 7\u00d77\u00d74",
        "max1": "max pool 2\u00d72; output 3\u00d73\u00d74",
        "avg1": "average pool 3\u00d72 /2 same; output 4\u00d74\u00d74",
        "concat1": "concat 2; output 4\u00d74\u00d78",
        "gap": "global average pool; output 8",
        "flat": "flatten; output 128",
        "gather1": "gather 32; output 32",
        "dense1": "dense 8 \u00b7 bn \u00b7 relu; output 8",
    }
    for node, told in words.items():
        label = page.locator(f"[data-node='{node}']").get_attribute("aria-label")
        assert label is not None
        assert label.startswith(f"{node}: {told}"), label
    details = page.locator(".box-about")
    expect(details).to_contain_text("Choose a node or a bar")
    for node, told in (
        ("conv1", "batch normfolded"),
        ("gather1", "keeps32 units: 0, 3, 6"),
        ("pad2", "addsheight 0 before, 1 after; width 0 before, 1 after"),
        ("flat", "runsnever"),
        ("input", "from28\u00d728\u00d71, shrunk by the driver"),
        ("dense1", "MACs256"),
    ):
        page.locator(f"[data-node='{node}']").click()
        expect(details).to_contain_text(told)
    page.locator("[data-node='dense1']").click()
    expect(details).to_contain_text("Choose a node or a bar")


def test_a_node_and_its_bar_are_one_thing(window: Window, drawn: dict[str, int]) -> None:
    page = window.open(f"/trials/{drawn['every']}")
    page.wait_for_selector(".chart .barlayer .point")
    page.locator("[data-node='dw1']").click()
    marked(page, ["dw1"])
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-node='add1']")).to_be_focused()
    marked(page, ["add1"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-node='avg1']")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(page.locator("[aria-pressed='true']")).to_have_count(0)
    marked(page, [])
    page.locator("[data-node='add1']").click()
    x, y = page.evaluate(
        """() => {
          const chart = document.querySelector("[aria-label^='Live bytes'] .js-plotly-plot");
          chart.scrollIntoView({ block: "center" });
          const box = chart.getBoundingClientRect();
          const { xaxis, yaxis } = chart._fullLayout;
          const place = chart.data[0].y.indexOf("max1");
          return [box.left + xaxis._offset + xaxis.d2p(20),
                  box.top + yaxis._offset + yaxis.d2p("max1")];
        }"""
    )
    window.click(x, y)
    expect(page.locator("[data-node='max1']")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".box-about")).to_contain_text("max pool 2\u00d72")


def test_another_board_is_asked_whether_the_network_fits(
    window: Window, drawn: dict[str, int]
) -> None:
    with window.served.db.begin() as session:
        trial = session.get_one(Trial, drawn["deep"])
        trial.known = dict(trial.known) | {"working_memory:arena": 3072}
    page = window.open(f"/trials/{drawn['deep']}")
    section = page.locator("section", has_text="Memory while it runs").last
    expect(section).to_contain_text("131,072 B (SRAM of stm32f446re)")
    page.get_by_label("Board", exact=True).select_option("arduino-uno")
    expect(section).to_contain_text("of 2,048 B (SRAM of arduino-uno). It does not fit.")
    assert page.url.endswith("?board=arduino-uno")
    page.reload()
    expect(page.get_by_label("Board", exact=True)).to_have_value("arduino-uno")


@pytest.mark.parametrize("window", [NARROW], indirect=True)
def test_sixty_nodes_scroll_in_their_own_box(window: Window, drawn: dict[str, int]) -> None:
    page = window.open(f"/trials/{drawn['deep']}")
    expect(page.locator(".network .node")).to_have_count(60)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator(".network .node").first.focus()
    page.keyboard.press("End")
    expect(page.locator("[data-node='logits']")).to_be_focused()
    seen = page.evaluate(
        """() => {
          const box = document.querySelector(".network").getBoundingClientRect();
          const node = document.querySelector("[data-node=logits]").getBoundingClientRect();
          return node.bottom <= box.bottom + 1 && node.top >= box.top;
        }"""
    )
    assert seen


@pytest.fixture(scope="session")
def line(shared: Served) -> list[int]:
    """Fifty generations, the last with two hundred children, some of them with results."""
    shared.study(name="line", trials=500)
    ids = grow(shared, [None, *range(49), *[49] * 200], "line")
    for lease in shared.claim("line", count=60):
        n = lease["number"]
        shared.complete(lease, cost=10 - n / 10, size=n / 10)
    wait_until(lambda: shared.get("/studies/line")["finished"] > 0)
    return ids


def test_a_lineage_is_a_tree_that_folds_what_is_deep_or_wide(
    window: Window, line: list[int]
) -> None:
    page = window.open(f"/trials/{line[49]}")
    tree = page.get_by_role("region", name="The lineage as a tree")
    nodes = tree.locator(".node")
    expect(page.get_by_text("49 generations above it; 200 children")).to_be_visible()
    expect(tree.locator("[aria-current]")).to_contain_text("Trial 50")
    tree.evaluate("each => each.scrollIntoView({ block: 'center' })")
    expect(tree.locator("[aria-current]")).to_be_in_viewport()
    expect(nodes).to_have_count(3 + 1 + 8)
    expect(tree.locator(".morph").first).to_contain_text("learning rate 0.046")
    more = tree.get_by_role("button", name="Show 192 more descendants of trial 50")
    more.press("Enter")
    expect(nodes).to_have_count(3 + 1 + 200)
    # With a result stand those that have one, so the first behind the fold is the ninth of these.
    expect(tree.get_by_role("link", name="Trial 59;")).to_be_focused()
    told = "from trial 50 by: learning rate 0.05 \u2192 0.059"
    expect(tree.get_by_role("link", name=told)).to_have_count(1)
    tree.get_by_role("button", name="Show 46 generations before these").click()
    expect(nodes).to_have_count(49 + 1 + 200)
    tree.get_by_role("link", name="Trial 1;").click()
    expect(page.locator("h1")).to_have_text("Trial 1")
    expect(nodes).to_have_count(1 + 4)
    tree.get_by_role("button", name="Show 245 more descendants of trial 5").click()
    expect(nodes).to_have_count(1 + 4 + 4)
    page.get_by_text("The same as a table").click()
    rows = page.get_by_role("region", name="The lineage", exact=True).locator("tbody tr")
    expect(rows).to_have_count(250)
    expect(rows.nth(1)).to_contain_text("learning rate 0.001 \u2192 0.002")


@pytest.mark.parametrize("window", [NARROW], indirect=True)
def test_a_lineage_scrolls_in_its_own_box(window: Window, line: list[int]) -> None:
    page = window.open(f"/trials/{line[40]}")
    tree = page.get_by_role("region", name="The lineage as a tree")
    tree.get_by_role("link", name="Trial 44;").focus()
    expect(tree.get_by_role("link", name="Trial 44;")).to_be_in_viewport()
    assert tree.evaluate("each => each.scrollWidth > each.clientWidth && each.scrollLeft > 0")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_lineage_leads_on_to_what_was_not_told(window: Window, line: list[int]) -> None:
    def few(route: Route) -> None:
        route.continue_(url=f"{route.request.url}?ancestors=2&descendants=3")

    window.page.route("**/lineage", few)
    page = window.open(f"/trials/{line[49]}")
    tree = page.get_by_role("region", name="The lineage as a tree")
    expect(tree.get_by_role("link", name="197 children not shown")).to_be_visible()
    tree.get_by_role("link", name="older ones: go to trial 48").click()
    expect(page.locator("h1")).to_have_text("Trial 48")


def test_a_trial_without_result_says_where_it_stands(window: Window, networks: Served) -> None:
    networks.study(name="states", trials=20)
    failing, waiting = (networks.enqueue(x, "states")["id"] for x in (0.1, 0.2))
    known = networks.enqueue(0.3, "states", values={"cost": 1.0, "size": 2.0})["id"]
    [lease] = networks.claim("states")
    networks.tell(lease, "fail", reason=TRACEBACK, retry=False)
    page = window.open(f"/trials/{failing}")
    reason = page.locator(".boxed")
    expect(reason).to_contain_text("RuntimeError: no room")
    expect(reason.locator("pre")).to_be_hidden()
    reason.locator("summary").click()
    expect(reason.locator("pre")).to_contain_text("File 'a.py'")
    expect(page.locator(".network .node")).to_have_count(0)
    page = window.open(f"/trials/{waiting}")
    expect(page.locator(".view")).to_contain_text("It waits for a worker.")
    page = window.open(f"/trials/{known}")
    expect(page.locator(".view")).to_contain_text("Brought along with its result")
    expect(page.locator(".view")).to_contain_text("No worker tried it")


def test_a_trial_is_cancelled_from_its_page_after_a_question(
    window: Window, networks: Served
) -> None:
    networks.study(name="cancels", trials=20)
    trial = networks.enqueue(0.5, "cancels")["id"]
    page = window.open(f"/trials/{trial}")
    page.get_by_role("button", name="Cancel \u2026").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("waits in the queue")
    expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    assert_accessible(page)
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    assert networks.get(f"/trials/{trial}")["status"] == "queued"
    page.get_by_role("button", name="Cancel \u2026").click()

    def away(route: Route) -> None:
        route.abort("connectionrefused")

    page.route("**/cancel", away)
    dialog.get_by_role("button", name="Cancel the trial").click()
    expect(dialog).to_contain_text("The server does not answer; nothing was cancelled.")
    assert_accessible(page)
    page.unroute("**/cancel", away)
    dialog.get_by_role("button", name="Cancel the trial").click()
    expect(page.locator("h1 + .pill")).to_have_text("cancelled")
    expect(page.get_by_role("button", name="Cancel \u2026")).to_have_count(0)
    assert networks.get(f"/trials/{trial}")["status"] == "cancelled"
    window.forgive("ERR_CONNECTION_REFUSED")


def test_who_may_only_look_is_not_offered_to_cancel(window: Window, networks: Served) -> None:
    networks.study(name="looks", trials=20)
    trial = networks.enqueue(0.5, "looks")["id"]
    session = networks.get("/session") | {"role": "viewer"}
    answer: Callable[[Route], None] = lambda route: route.fulfill(json=session)  # noqa: E731
    window.page.route("**/api/v1/session", answer)
    page = window.open(f"/trials/{trial}")
    expect(page.locator("h1 + .pill")).to_have_text("queued")
    expect(page.get_by_role("button", name="Cancel \u2026")).to_have_count(0)
