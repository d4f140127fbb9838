"""How the page writes spans of time, numbers and dates."""

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


def test_numbers_and_dates_are_those_of_the_browsers_own_formatters(window: Window) -> None:
    page = window.open("/")
    differing = page.evaluate(
        """async () => {
          const { count, time } = await import("/static/kit/format.js");
          const number = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
          const hour = { hour: "2-digit", minute: "2-digit" };
          const clock = new Intl.DateTimeFormat("en-GB", { ...hour, second: "2-digit" });
          const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", ...hour });
          const numbers = [0, 7, 999, 1000, 12345.6, -1234567, 1e9, 2 ** 53];
          const now = new Date();
          const months = [...Array(12).keys()].map((at) => new Date(2020, at, 3 + at, 4, 5));
          return [
            ...numbers.filter((each) => count(each) !== number.format(each)),
            ...months.filter((each) => time(each.toISOString()) !== day.format(each)),
            ...[now].filter((each) => time(each.toISOString()) !== clock.format(each)),
          ].map(String);
        }"""
    )
    assert differing == []
