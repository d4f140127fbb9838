"""What was checked of a network, on its page and in the table of the front."""

from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from service.models import Trial
from service.verifications import verdict
from tests.api.conftest import Served
from tests.page import seeds
from tests.page.conftest import NARROW, Window

pytestmark = pytest.mark.browser

MISSING = (
    "arm-none-eabi-gcc not found; on Debian and Ubuntu: sudo apt-get install -y "
    "--no-install-recommends gcc-arm-none-eabi <b>binutils</b>"
)


def level(name: str, state: str, reason: str = "", **parts: Any) -> dict[str, Any]:
    return {"name": name, "state": state, "reason": reason, "figures": {}, "tools": {}} | parts


FORMULA = {"arena_bytes": 2304, "weights_bytes": 3136, "macs": 30712}
PASSED = [
    level("L0", "passed", figures=FORMULA),
    level("L1", "passed", tools={"tflite-micro": "0.dev20261023", "gcc": "12.2.0"}),
    level("L2", "passed", figures={"arena_bytes": 2304, "flash_bytes": 14004}),
    level("L3", "passed", figures={"instructions": 192163}, tools={"qemu-system-arm": "7.2.22"}),
]
OPEN = [*PASSED[:2], level("L2", "not verified", MISSING), level("L3", "not verified", "Nothing.")]
WRONG = [
    PASSED[0],
    level("L1", "failed", "The C project differs on 1 of 40 inputs, first on number 2."),
    *(level(name, "not verified", "L1 failed.") for name in ("L2", "L3")),
]


def keep(served: Served, trial: int, levels: list[dict[str, Any]]) -> None:
    record = {"version": 1, "device": "stm32f446re", "inputs": 40, "levels": levels}
    with served.db.begin() as session:
        told = {"verified": verdict(levels), "verification": record}
        session.execute(update(Trial).where(Trial.id == trial).values(told))


@pytest.fixture(scope="session")
def checked(shared: Served) -> dict[str, int]:
    """Trials of which all passed, tools were missing, a level failed, and nothing was checked."""
    seeds.networks(shared, 4, name="checked")
    items = shared.get("/studies/checked/trials")["items"]
    for trial, levels in zip(items, (PASSED, OPEN, WRONG), strict=False):
        keep(shared, trial["id"], levels)
    names = ("all", "some", "wrong", "none")
    return {name: each["id"] for name, each in zip(names, items, strict=True)}


@pytest.mark.parametrize("window", [{}, NARROW], indirect=True)
def test_levels_are_shown_with_their_reasons_and_figures_beside_the_formulas(
    window: Window, checked: dict[str, int]
) -> None:
    page = window.open(f"/trials/{checked['all']}")
    expect(page.locator(".title")).to_contain_text("verified L3")
    rows = page.get_by_role("region", name="Levels of the verification").locator("tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.nth(1)).to_contain_text("tflite-micro 0.dev20261023, gcc 12.2.0")
    figures = page.get_by_role("region", name="Figures of the verification")
    cells = figures.locator("tbody tr").filter(has_text="arena").locator("td")
    expect(cells).to_have_text(["arena", "2,304 B", "2,304 B"])
    page = window.open(f"/trials/{checked['some']}")
    expect(page.locator(".title")).to_contain_text("verified L1")
    expect(rows.nth(2)).to_contain_text("not verified")
    expect(rows.nth(2)).to_contain_text("<b>binutils</b>")  # as text, never as markup
    page = window.open(f"/trials/{checked['wrong']}")
    expect(page.locator(".title")).to_contain_text("verification failed")
    expect(rows.nth(1)).to_contain_text("first on number 2")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page = window.open(f"/trials/{checked['none']}")
    expect(page.get_by_text(f"tinyfront verify {checked['none']} --store")).to_be_visible()


def test_the_front_marks_what_was_verified(window: Window, checked: dict[str, int]) -> None:
    front = window.served.get("/studies/checked/front")["items"]
    marks = [each for each in front if each["verified"] not in (None, "failed")]
    page = window.open("/studies/checked")
    table = page.get_by_role("region", name="The front")
    expect(table.locator("tbody tr")).to_have_count(len(front))
    expect(table.get_by_text("verified L")).to_have_count(len(marks))
    assert marks
