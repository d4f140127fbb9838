"""What must hold for every view, whatever it shows: no wider than its window, accessible."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

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
