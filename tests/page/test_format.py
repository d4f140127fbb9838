"""How the page writes spans of time."""

import pytest

from tests.page.conftest import Window

pytestmark = pytest.mark.browser

SPANS = {
    0: "0.0 s",
    59.94: "59.9 s",
    59.96: "1 min 0 s",
    119.6: "2 min 0 s",
    3599.4: "59 min 59 s",
    3599.6: "1 h 0 min",
    7199: "2 h 0 min",
    360_000: "100 h 0 min",
}
AGES = {59.4: "59 s ago", 59.6: "1 min ago", 3599: "1 h ago", 86_000: "1 day ago"}


def test_a_span_is_rounded_before_it_is_split_into_units(window: Window) -> None:
    page = window.open("/")
    written = """async ([name, all]) => {
      const format = await import("/static/kit/format.js");
      return all.map((seconds) => format[name](seconds));
    }"""
    assert page.evaluate(written, ["span", list(SPANS)]) == list(SPANS.values())
    assert page.evaluate(written, ["ago", list(AGES)]) == list(AGES.values())
    took = 'import("/static/kit/format.js").then(({ duration }) => duration(...arguments[0]))'
    hour = ["2026-01-01T00:00:00Z", "2026-01-01T00:59:59.7Z"]
    assert page.evaluate(f"(...arguments) => {took}", hour) == "1 h 0 min"
