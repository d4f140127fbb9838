"""What a worker logs comes to its server: in time, once, and without anybody waiting for it."""

import logging
import threading
import time
from typing import Any

import pytest

from tests.worker.fake_server import FakeServer, until
from worker import tail, teller
from worker.errors import Refused, ServerAway, Unfit
from worker.tail import Tail, shown
from worker.teller import QUIET_S, URGENT_S, Rhythm, Teller

LOG = logging.getLogger("tests.teller")
PATIENCE_S = 20.0
KEY = f"tf_1a2b3c4d5e6f_{'Aa0-_' * 8}xyz"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Pauses of no length, so that every look tells what is new."""
    for name in ("LOOK_S", "FIRST_S", "URGENT_S", "QUIET_S"):
        monkeypatch.setattr(teller, name, 0.01)
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.WARNING, "httpx")


def begun(server: FakeServer) -> Teller:
    made = Teller(server.api(), "crew-0")
    made.begin()
    return made


def lines(server: FakeServer) -> list[Any]:
    return [line for body in server.of("/workers/crew-0/log") for line in body["lines"]]


def record(level: int, text: str, **more: Any) -> logging.LogRecord:
    return LOG.makeRecord("x", level, "x", 0, text, (), more.get("exc_info"))


def test_the_last_lines_are_kept_in_order_and_numbered() -> None:
    kept = Tail()
    for number in range(1, tail.MOST_LINES + 11):
        kept.handle(record(logging.INFO, f"line {number}"))
    assert not kept.warned.is_set()
    numbers = [line.number for line in kept.after(0)]
    assert numbers == list(range(11, tail.MOST_LINES + 11))
    kept.handle(record(logging.WARNING + 1, "It is\thot.\r\nVery."))
    assert kept.warned.is_set()
    [line] = kept.after(tail.MOST_LINES + 10)
    assert (line.level, line.text) == ("warning", "It is\thot.\nVery.")
    assert abs(line.at_ms / 1000 - time.time()) < 60


def test_a_traceback_keeps_its_end_and_is_no_longer_than_the_server_takes() -> None:
    kept = Tail()
    try:
        raise ValueError("x" * 300 + " the cause")
    except ValueError as error:
        known = (type(error), error, error.__traceback__)
        kept.handle(record(logging.ERROR, "It broke.", exc_info=known))
    [line] = kept.after(0)
    assert len(line.text) == tail.MOST_CHARACTERS
    assert line.text.startswith("It broke.\nTraceback")
    assert line.text.endswith("x the cause")


def test_secrets_and_control_characters_are_in_no_line() -> None:
    text = f"Bearer {KEY} at https://me:word@host/x \x1b[31mred\x00 tf_model_2 a@b"
    found = shown(text)
    assert KEY[3:] not in found
    assert "word" not in found
    assert found.startswith("Bearer tf_… at https://…@host/x ")
    assert found.endswith("[31mred\N{REPLACEMENT CHARACTER} tf_model_2 a@b")


def test_plain_lines_wait_a_minute_and_warnings_only_if_they_follow_each_other() -> None:
    rhythm = Rhythm(0.0, chance=lambda: 0.0)
    assert not rhythm.is_due(1.9, warned=True)
    assert rhythm.is_due(2.0, warned=False)
    rhythm.told(2.0, warned=False)
    assert not rhythm.is_due(2.0 + QUIET_S - 1, warned=False)
    waited, now_s = [], 2.0
    for _ in range(5):
        due_s = next(s for s in range(1, 200) if rhythm.is_due(now_s + s, warned=True))
        waited.append(due_s)
        now_s += due_s
        rhythm.told(now_s, warned=True)
    assert waited == [URGENT_S, URGENT_S, 2 * URGENT_S, 4 * URGENT_S, QUIET_S]
    rhythm.told(now_s + QUIET_S, warned=False)
    assert rhythm.is_due(now_s + QUIET_S + URGENT_S, warned=True)
    rhythm.told(now_s + 2 * QUIET_S, warned=True)
    assert rhythm.is_due(now_s + 2 * QUIET_S + URGENT_S, warned=True)
    rhythm.away(0.0, retry_after_s=2 * QUIET_S)
    assert not rhythm.is_due(2 * QUIET_S - 1, warned=True)


@pytest.mark.usefixtures("quick")
def test_a_server_that_is_away_hears_everything_later_and_once() -> None:
    away = threading.Event()
    away.set()
    server = FakeServer(away=lambda _: away.is_set())
    with begun(server):
        LOG.info("one")
        until(lambda: len(server.lost) >= 2, PATIENCE_S)
        LOG.warning("two")
        away.clear()
        until(lambda: len(lines(server)) == 2, PATIENCE_S)
        LOG.info("three")
    told = [(line["number"], line["level"], line["text"]) for line in lines(server)]
    assert told == [(1, "info", "one"), (2, "warning", "two"), (3, "info", "three")]
    assert len({body["process"] for body in server.of("/log")}) == 1


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("status", [404, 403])
def test_a_server_without_the_route_and_one_that_forbids_it_are_asked_once(status: int) -> None:
    server = FakeServer(refuse={"/log": (status, "No.")})
    with begun(server):
        LOG.warning("one")
        until(lambda: server.of("/log"), PATIENCE_S)
        LOG.warning("two")
    assert len(server.of("/log")) == 1


@pytest.mark.usefixtures("quick")
def test_lines_that_a_server_refuses_are_not_told_for_ever() -> None:
    server = FakeServer(refuse={"/log": (422, "No such line.")})
    with begun(server):
        LOG.info("odd")
        until(lambda: server.of("/log"), PATIENCE_S)
        server.refuse.clear()
        LOG.info("even")
    assert [line["text"] for line in lines(server)] == ["odd", "even"]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Unfit("--study: box is a black box."), "--study: box is a black box."),
        (KeyError("x"), "The worker failed.\nTraceback"),
        (ServerAway("No answer."), None),
        (Refused(401, "This key is revoked."), None),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_a_worker_ends_with_is_its_last_line(error: Exception, told: str | None) -> None:
    server = FakeServer()
    with pytest.raises(type(error)), begun(server):
        raise error
    said = lines(server)
    assert [line["level"] for line in said] == ([] if told is None else ["error"])
    assert all(line["text"].startswith(told) for line in said)
    assert not [each for each in logging.getLogger().handlers if isinstance(each, Tail)]


@pytest.mark.usefixtures("quick")
def test_a_server_that_does_not_answer_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teller, "LAST_WORD_S", 0.05)
    held, go_on = threading.Event(), threading.Event()
    answered: list[bool] = []

    def hold(_path: str) -> bool:
        held.set()
        answered.append(go_on.wait(10))
        return True

    with begun(FakeServer(away=hold)):
        LOG.info("one")
        assert held.wait(20)
    assert answered == []  # the worker has ended, the server still holds its request
    go_on.set()
