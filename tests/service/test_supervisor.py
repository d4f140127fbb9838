"""The supervisor: whatever dies is started again, and an end is clean or forced."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil
import pytest

from service.supervisor import LONGEST_PAUSE_S, Member, Running
from tests.api.conftest import wait_until

PROGRAM = """
import signal, sys, time
from service import supervisor
from service.supervisor import Fork, Member, Supervisor

supervisor.STOP_S = 1.0

def work():
    if sys.argv[1] == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    print("born", flush=True)
    time.sleep(60)

members = [Member(name, lambda name=name: Fork(name, work)) for name in ("one", "two")]
sys.exit(Supervisor(members, ending=lambda: print("ending", flush=True)).run())
"""


@dataclass
class Scripted:
    """A process that ends when the test says so."""

    pid: int | None = 1
    ended: int | None = None

    def status(self) -> int | None:
        return self.ended

    def terminate(self) -> None:
        self.ended = 0

    def kill(self) -> None:
        self.ended = -9


@dataclass
class Births:
    """The processes that a member was given."""

    all: list[Scripted] = field(default_factory=list)

    def __call__(self) -> Running:
        self.all.append(Scripted())
        return self.all[-1]


def test_who_lived_long_is_started_again_at_once() -> None:
    births = Births()
    member = Member("m", births)
    member.look(0.0)
    births.all[0].ended = -9
    member.look(100.0)
    assert len(births.all) == 2


def test_who_dies_at_once_is_started_after_a_pause_that_grows_and_has_a_limit() -> None:
    births = Births()
    member = Member("m", births)
    now_s, pauses = 0.0, []
    member.look(now_s)
    for _ in range(12):
        births.all[-1].ended = 1
        died_s, count = now_s, len(births.all)
        while len(births.all) == count:
            member.look(now_s)
            now_s += 0.25
        pauses.append(now_s - died_s)
        now_s -= 0.25
    assert pauses[0] == pytest.approx(0.5, abs=0.3)
    assert pauses[:4] == sorted(pauses[:4])
    assert pauses[3] == pytest.approx(4.0, abs=0.3)
    assert max(pauses) == pytest.approx(LONGEST_PAUSE_S, abs=0.3)


def test_a_death_is_told_with_name_process_and_status(caplog: pytest.LogCaptureFixture) -> None:
    births = Births()
    member = Member("api-1", births)
    member.look(0.0)
    births.all[0].ended = -9
    member.look(3.0)
    [line] = caplog.messages
    assert line.startswith("api-1 (process 1) ended with status -9 after 3 s")


def supervised(kind: str, check: Callable[["subprocess.Popen[str]"], None]) -> tuple[int, str]:
    """Run the program above, let the test do its worst, and return status and output."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, kind],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    family = psutil.Process(process.pid)
    try:
        wait_until(lambda: len(family.children()) == 2)
        time.sleep(0.5)
        children = family.children()
        check(process)
        output, _ = process.communicate(timeout=15)
        assert [child for child in children if child.is_running()] == []
    finally:
        process.kill()
        process.wait()
    return process.returncode, output


def test_sigterm_ends_all_with_status_0() -> None:
    status, output = supervised("good", lambda process: process.send_signal(signal.SIGTERM))
    assert status == 0
    assert output.count("ending") == 1


def test_who_does_not_end_is_killed_in_the_end() -> None:
    status, output = supervised("deaf", lambda process: process.send_signal(signal.SIGINT))
    assert status == 1
    assert "2 processes did not end and are killed" in output


def test_a_second_signal_ends_at_once() -> None:
    def twice(process: "subprocess.Popen[str]") -> None:
        begun_s = time.monotonic()
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        assert time.monotonic() - begun_s < 0.95  # before the patience of a second is over

    assert supervised("deaf", twice)[0] == 1


def test_a_killed_process_is_replaced() -> None:
    def kill(process: "subprocess.Popen[str]") -> None:
        family = psutil.Process(process.pid)
        before = family.children()
        os.kill(before[0].pid, signal.SIGKILL)
        wait_until(lambda: len({c.pid for c in family.children()} - {c.pid for c in before}) == 1)
        wait_until(lambda: len(family.children()) == 2)
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)

    assert supervised("good", kill)[0] == 0
