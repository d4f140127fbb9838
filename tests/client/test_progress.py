"""What `wait` shows."""

import io

import pytest
from rich.console import Console

from tests.client.scripted import Scripted, ok, study_json
from tinyfront.progress import Hinting, Lines, LiveBar, Silent, display, standing
from tinyfront.records import StudyState, state_of


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def state(**changes: object) -> StudyState:
    return state_of(study_json(**changes), "test")


def paper() -> Console:
    return Console(file=io.StringIO(), force_terminal=False, width=60)


def text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_pipe_gets_lines_that_are_not_cut() -> None:
    console = paper()
    shown = display(True, console)
    shown.update(state(finished=12))
    shown.close()
    assert text(console) == ("toy: 12 of 40 trials, front 2, hypervolume 0.5123, best cost 0.25\n")


def test_lines_come_not_too_often_and_the_last_one_is_always_told() -> None:
    console, clock = paper(), Clock()
    lines = Lines(console, clock)
    for finished in range(10):
        lines.update(state(finished=finished))
        clock.now_s += 1.0
    lines.close()
    told = [line.split(" of ")[0] for line in text(console).splitlines()]
    assert told == ["toy: 0", "toy: 5", "toy: 9"]


def test_a_line_that_says_nothing_new_is_not_printed() -> None:
    console, clock = paper(), Clock()
    lines = Lines(console, clock)
    for _ in range(3):
        lines.update(state())
        clock.now_s += 60.0
    lines.close()
    assert len(text(console).splitlines()) == 1


def test_a_terminal_gets_a_bar() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    shown = display(True, console)
    assert isinstance(shown, Hinting)
    bar = LiveBar(console)
    bar.update(state(finished=12))
    bar.away("refused")
    bar.update(state(finished=40, status="ended", ended_reason="budget"))
    bar.close()
    shown.close()
    assert "40/40" in text(console)
    assert "budget" in text(console)


def test_a_pipe_gets_lines_whatever_colours_are_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown = display(True)
    assert isinstance(shown, Hinting)
    assert isinstance(shown._bar, Lines)


def test_who_wants_no_progress_gets_none() -> None:
    assert isinstance(display(False), Silent)


def test_a_server_that_is_away_is_told_of() -> None:
    console = paper()
    lines = Lines(console)
    lines.away("No answer from http://127.0.0.1:8000 (refused).")
    assert "trying again" in text(console)
    assert "refused" in text(console)


def test_when_nobody_works_on_a_study_the_display_says_once_what_to_run() -> None:
    console, clock = paper(), Clock()
    hinting = Hinting(Silent(), console, clock)
    idle = state(counts={"running": 0}, definition={"space": {"kind": "tiny"}})
    for _ in range(100):
        hinting.update(idle)
        clock.now_s += 1.0
    assert text(console).count("tinyfront-server worker") == 1


def test_a_study_of_a_black_box_needs_a_program_that_asks() -> None:
    console, clock = paper(), Clock()
    hinting = Hinting(Silent(), console, clock)
    for _ in range(100):
        hinting.update(state(counts={"running": 0}))
        clock.now_s += 1.0
    assert "study.ask()" in text(console)


def test_a_study_that_moves_or_rests_on_purpose_gets_no_hint() -> None:
    console, clock = paper(), Clock()
    hinting = Hinting(Silent(), console, clock)
    for second in range(100):
        hinting.update(state(counts={"running": 0}, finished=second))
        clock.now_s += 1.0
    for _ in range(100):
        hinting.update(state(counts={"running": 0}, status="paused"))
        clock.now_s += 1.0
    assert text(console) == ""


def test_the_standing_names_why_a_study_ended() -> None:
    assert standing(state(status="ended", ended_reason="budget")).endswith("ended: budget")
    assert standing(state(status="paused")).endswith("paused")


def test_waiting_shows_the_newest_standing(server: Scripted, capsys: object) -> None:
    server.say("GET", "/studies/toy", ok(study_json()))
    server.say("GET", "/studies/7", ok(study_json(status="ended", finished=40)))
    server.client().study("toy").wait()
    told = capsys.readouterr()  # type: ignore[attr-defined]
    assert "40 of 40 trials" in told.err
    assert told.out == ""
