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

WORKER = """
import signal, sys, time

def end(*_):
    time.sleep(0.3)
    print("worker", flush=True)
    sys.exit()

signal.signal(signal.SIGTERM, signal.SIG_IGN if sys.argv[1] == "deaf worker" else end)
print("born", flush=True)
time.sleep(60)
"""
PROGRAM = """
import os, signal, sys, time
from service import supervisor
from service.supervisor import END, Fork, Member, Program, Supervisor

kind, worker = sys.argv[1], sys.argv[3]
supervisor.STOP_S = supervisor.FIRST_STOP_S = float(sys.argv[2])
supervisor.REPEAT_S = 0.3

def end(*_):
    time.sleep(0.6)
    os.write(1, b"copy\\n")  # at once, for another copy writes there, too
    sys.exit()

def work():
    signal.signal(END, signal.SIG_IGN if kind == "deaf" else end)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    os.write(1, b"born\\n")
    time.sleep(60)

members = [Member(name, lambda name=name: Fork(name, work)) for name in ("one", "two")]
if "worker" in kind:
    command = [sys.executable, "-c", worker, kind]
    members.append(Member("worker", lambda: Program(command, os.environ), ends_first=True))
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


def supervised(
    kind: str, check: Callable[["subprocess.Popen[str]"], None], patience_s: float = 30.0
) -> tuple[int, list[str]]:
    """Run the program above, let the test do its worst, and return status and output."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, kind, str(patience_s), WORKER],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    family = psutil.Process(process.pid)
    try:
        born = [process.stdout.readline() for _ in range(3 if "worker" in kind else 2)]
        assert set(born) == {"born\n"}
        children = family.children()
        check(process)
        output, _ = process.communicate(timeout=15)
        _, alive = psutil.wait_procs(children, timeout=5)
        assert alive == []
    finally:
        process.kill()
        process.wait()
    return process.returncode, output.splitlines()


def terminate(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGTERM)


def test_sigterm_ends_all_with_status_0() -> None:
    assert supervised("good", terminate) == (0, ["ending", "copy", "copy"])


def test_who_ends_first_has_ended_before_the_others_are_told() -> None:
    told = (0, ["worker", "ending", "copy", "copy"])
    assert supervised("good worker", terminate) == told


def test_who_shall_end_first_and_does_not_is_killed_before_the_others_are_told() -> None:
    status, output = supervised("deaf worker", terminate, patience_s=1.0)
    assert status == 1
    assert output == ["1 processes did not end and are killed.", "ending", "copy", "copy"]


def test_who_does_not_end_is_killed_in_the_end() -> None:
    def interrupt(process: "subprocess.Popen[str]") -> None:
        process.send_signal(signal.SIGINT)

    status, output = supervised("deaf", interrupt, patience_s=1.0)
    assert status == 1
    assert output == ["ending", "2 processes did not end and are killed."]


def test_a_later_signal_ends_at_once() -> None:
    def twice(process: "subprocess.Popen[str]") -> None:
        terminate(process)
        time.sleep(0.5)
        terminate(process)

    status, output = supervised("deaf", twice)
    assert (status, output[-1]) == (1, "2 processes did not end and are killed.")


def test_one_signal_that_comes_twice_lets_all_end_well() -> None:
    def twice(process: "subprocess.Popen[str]") -> None:
        for child in (process, *psutil.Process(process.pid).children(), process):
            os.kill(child.pid, signal.SIGTERM)
            time.sleep(0.02)  # else the second may be merged with the first

    assert supervised("good", twice) == (0, ["ending", "copy", "copy"])


def test_a_killed_process_is_replaced() -> None:
    def kill(process: "subprocess.Popen[str]") -> None:
        family = psutil.Process(process.pid)
        before = family.children()
        os.kill(before[0].pid, signal.SIGKILL)
        wait_until(lambda: len({c.pid for c in family.children()} - {c.pid for c in before}) == 1)
        wait_until(lambda: len(family.children()) == 2)
        assert process.stdout is not None
        assert "ended with status -9" in process.stdout.readline()
        assert process.stdout.readline() == "born\n"
        terminate(process)

    assert supervised("good", kill) == (0, ["ending", "copy", "copy"])


def test_a_program_is_killed_with_its_supervisor() -> None:
    def kill(process: "subprocess.Popen[str]") -> None:
        children = psutil.Process(process.pid).children()
        programs = [child for child in children if WORKER in child.cmdline()[:3]]
        process.kill()
        gone, _ = psutil.wait_procs(programs, timeout=5)
        for copy in set(children) - set(programs):  # they go by a lifeline, which `serve` has
            copy.kill()
        assert len(gone) == 1

    assert supervised("good worker", kill)[0] == -signal.SIGKILL
