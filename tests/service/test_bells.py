"""What the processes of a server tell its keeper, and it them."""

import asyncio
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from service import bells
from service.bells import Bells, Desk, FarKeeper


class Kept:
    """A keeper that only notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.counts: Mapping[int, int] = {}

    def waiting(self, counts: Mapping[int, int]) -> None:
        self.counts = dict(counts)

    def wake(self) -> None:
        self.told.append("wake")

    def trials_changed(self) -> None:
        self.told.append("trials changed")

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Server:
    """Three processes and their keeper, all in this one."""

    def __init__(self) -> None:
        self.bells = Bells(3)
        self.kept = Kept()
        self.desk: Desk = self.bells.desk(self.kept)
        self.rung: list[int] = []
        self.processes: list[FarKeeper] = [
            self.bells.keeper_of(number, self._ringing(number)) for number in range(3)
        ]

    def _ringing(self, number: int) -> Callable[[], None]:
        return lambda: self.rung.append(number)

    def look(self) -> Mapping[int, int]:
        self.desk.look(0.0)
        return self.kept.counts


@pytest.fixture
def server() -> Server:
    return Server()


def test_the_claims_of_all_processes_are_added_up(server: Server) -> None:
    server.processes[0].waiting({1: 2, 5: 1})
    server.processes[2].waiting({1: 3})
    assert server.look() == {1: 5, 5: 1}
    server.processes[0].waiting({5: 1})
    assert server.look() == {1: 3, 5: 1}


def test_claims_for_more_studies_than_one_note_holds_arrive(server: Server) -> None:
    counts = {10**17 + number: 1000 + number for number in range(3 * bells.STUDIES_AT_ONCE + 1)}
    server.processes[1].waiting(counts)
    assert server.look() == counts
    server.processes[1].waiting({})
    assert server.look() == {}


def test_a_note_always_fits_into_a_pipe_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    monkeypatch.setattr(os, "write", lambda _end, data: written.append(data) or len(data))
    largest = {2**63 - 1 - number: 10**6 for number in range(bells.STUDIES_AT_ONCE)}
    Bells(64).keeper_of(63, lambda: None).waiting(largest)
    assert len(written) == 1
    assert len(written[0]) <= 512  # the least that POSIX promises


def test_a_process_that_died_waits_for_nothing_soon(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bells, "BELIEVED_S", 0.0)
    server.processes[0].waiting({1: 2})
    assert server.look() == {}


def test_claims_that_go_on_waiting_are_told_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = server.processes[0]
    process.waiting({1: 2})
    server.look()
    server.desk._waiting.clear()  # a keeper that was started anew
    process.waiting({1: 2})
    assert server.look() == {}
    monkeypatch.setattr(bells, "AGAIN_S", 0.0)
    process.waiting({1: 3})
    process.waiting({1: 3})
    server.look()
    server.desk._waiting.clear()
    process.waiting({1: 3})
    assert server.look() == {1: 3}


def test_what_changed_many_times_is_met_once(server: Server) -> None:
    for process in server.processes:
        process.wake()
        process.trials_changed()
        process.wake()
    server.look()
    assert server.kept.told == ["trials changed"]
    server.processes[1].wake()
    server.look()
    assert server.kept.told == ["trials changed", "wake"]
    server.look()
    assert server.kept.told == ["trials changed", "wake"]


def test_nobody_waits_for_a_keeper_that_does_not_read(server: Server) -> None:
    process = server.processes[0]
    for _ in range(20_000):  # more than a pipe holds
        process.trials_changed()
    process.waiting({1: 2_000_000})  # finds no room
    assert server.look() == {}
    assert server.kept.told == ["trials changed"]
    process.waiting({1: 2_000_000})  # told again, since it was never heard
    assert server.look() == {1: 2_000_000}


def test_half_a_note_that_another_keeper_has_begun_to_read_is_left_out(server: Server) -> None:
    os.write(server.bells._notes[1], b'ed"\n')
    server.processes[0].wake()
    server.look()
    assert server.kept.told == ["wake"]


def test_every_process_hears_the_bell_in_its_loop(server: Server) -> None:
    async def listen() -> None:
        for process in server.processes:
            process.start()
        server.bells.ring()
        server.bells.ring()
        async with asyncio.timeout(5):
            while len(server.rung) < 3:
                await asyncio.sleep(0)
        await asyncio.sleep(0.01)

    with ThreadPoolExecutor(1) as pool:  # the browser of other tests keeps a loop of this thread
        pool.submit(asyncio.run, listen()).result()
    assert sorted(server.rung) == [0, 1, 2]
