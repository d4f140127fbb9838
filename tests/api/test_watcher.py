"""The line of waiting claims: who is woken, and for which study a claim counts."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from service import needs
from service.claims import Claim
from service.db import Database
from service.keeper import NoPlanner
from service.open_studies import OpenStudy
from service.states import Kind
from service.watcher import ECHO_S, TURN_S, Watcher


class Notes(NoPlanner):
    """A planner that only notes what it is told."""

    def __init__(self) -> None:
        self.counts: Mapping[int, int] = {}

    def waiting(self, counts: Mapping[int, int]) -> None:
        self.counts = dict(counts)


class Watched(Watcher):
    """A watcher that is fed by hand."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self._notes = Notes()
        self.attach(self._notes)

    def waits(self, study_id: int) -> int:
        """For how many trials the planner was told that claims wait."""
        return self._notes.counts.get(study_id, 0)


def wish(worker: str = "w", **changes: Any) -> Claim:
    return Claim(worker, request_id="r", **changes)


def study(study_id: int, queued: int = 0, **changes: Any) -> OpenStudy:
    fields: dict[str, Any] = {"kind": Kind.PARAMETERS, "open_budget": 100}
    return OpenStudy(id=study_id, queued={0: queued}, **{**fields, **changes})


def network(study_id: int, queued: int = 0, data_sha256: str | None = "a") -> OpenStudy:
    return study(study_id, queued, kind=Kind.NETWORK, data="digits", data_sha256=data_sha256)


@pytest.fixture
def in_loop(tmp_path: Path) -> Callable[[Callable[[Watched], Coroutine[Any, Any, None]]], None]:
    """Run a test inside an event loop."""

    def run(test: Callable[[Watched], Coroutine[Any, Any, None]]) -> None:
        db = Database(f"sqlite:///{tmp_path / 'unused.db'}")
        asyncio.run(test(Watched(db)))
        db.close()

    return run


InLoop = Callable[[Callable[[Watched], Coroutine[Any, Any, None]]], None]


def test_as_many_claims_are_woken_as_there_is_work_oldest_first(in_loop: InLoop) -> None:
    async def test(watcher: Watched) -> None:
        async with AsyncExitStack() as stack:
            first, second, third = [
                await stack.enter_async_context(watcher.place(wish(name, study_id=1)))
                for name in ("a", "b", "c")
            ]
            watcher.serve([study(1, queued=2)])
            assert first.woken.is_set()
            assert second.woken.is_set()
            assert not third.woken.is_set()

    in_loop(test)


def test_a_claim_for_several_trials_uses_up_several(in_loop: InLoop) -> None:
    async def test(watcher: Watched) -> None:
        async with (
            watcher.place(wish("a", count=3, study_id=1)) as greedy,
            watcher.place(wish("b", study_id=1)) as modest,
        ):
            watcher.serve([study(1, queued=2)])
            assert greedy.woken.is_set()
            assert not modest.woken.is_set()

    in_loop(test)


def test_a_claim_that_was_beaten_keeps_its_place_in_the_line(in_loop: InLoop) -> None:
    async def test(watcher: Watched) -> None:
        async with (
            watcher.place(wish("a", study_id=1)) as older,
            watcher.place(wish("b", study_id=1)) as younger,
        ):
            watcher.serve([study(1, queued=1)])
            older.again()
            watcher.serve([study(1, queued=1)])
            assert older.woken.is_set()
            assert not younger.woken.is_set()

    in_loop(test)


def test_waiting_counts_the_trials_that_claims_wait_for(in_loop: InLoop) -> None:
    async def test(watcher: Watched) -> None:
        async with watcher.place(wish("a", count=3, study_id=1)):
            watcher.serve([study(1)])
            assert watcher.waits(1) == 3
            assert watcher.waits(2) == 0
        assert watcher.waits(1) == 0

    in_loop(test)


def test_a_woken_claim_does_not_ask_for_another_proposal(in_loop: InLoop) -> None:
    async def test(watcher: Watched) -> None:
        async with watcher.place(wish("a", study_id=1)):
            watcher.serve([study(1)])
            watcher.serve([study(1, queued=1)])
            assert watcher.waits(1) == 0

    in_loop(test)


def test_claims_for_any_study_are_handed_to_the_studies_in_turn(in_loop: InLoop) -> None:
    async def test(watcher: Watched) -> None:
        studies = [study(1), study(2)]
        counted = []
        async with AsyncExitStack() as stack:
            for name in ("a", "b", "c"):
                await stack.enter_async_context(watcher.place(wish(name)))
                watcher.serve(studies)
                counted.append((watcher.waits(1), watcher.waits(2)))
        assert counted == [(1, 0), (1, 1), (2, 1)]

    in_loop(test)


def test_a_claim_for_any_study_moves_on_when_its_turn_is_over(
    in_loop: InLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(watcher: Watched) -> None:
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        async with watcher.place(wish("a")):
            for seconds, expected in ((0, (1, 0)), (TURN_S - 1, (1, 0)), (TURN_S + 1, (0, 1))):
                monkeypatch.setattr(loop, "time", lambda seconds=seconds: start_s + seconds)
                watcher.serve([study(1), study(2)])
                assert (watcher.waits(1), watcher.waits(2)) == expected
        monkeypatch.undo()

    in_loop(test)


def test_a_claim_for_any_study_skips_those_that_may_not_propose_any_more(in_loop: InLoop) -> None:
    async def test(watcher: Watched) -> None:
        async with watcher.place(wish("a")):
            watcher.serve([study(1, open_budget=0), study(2)])
            assert (watcher.waits(1), watcher.waits(2)) == (0, 1)

    in_loop(test)


@pytest.mark.parametrize(
    ("claim", "fits"),
    [
        (wish("a"), True),
        (wish(kinds=frozenset({Kind.PARAMETERS})), False),
        (wish("a", data={"digits": "a"}), True),
        (wish("a", data={"digits": "b"}), False),
        (wish("a", data={}), False),
        (wish("a", study_id=1, data={"digits": "a"}), True),
        (wish("a", study_id=2), False),
    ],
    ids=[
        "the same data",
        "the other kind",
        "the same bytes",
        "other bytes",
        "no data",
        "the study and its data",
        "another study",
    ],
)
def test_a_network_goes_only_to_who_trains_networks_on_the_same_data(
    claim: Claim, fits: bool
) -> None:
    assert network(1).fits(claim) is fits


def test_a_paused_study_hands_out_nothing() -> None:
    assert not study(1, queued=1, paused=True).fits(wish())


def test_a_claim_is_woken_when_its_study_has_ended(in_loop: InLoop) -> None:
    async def test(watcher: Watched) -> None:
        async with watcher.place(wish(study_id=1)) as ended, watcher.place(wish()) as any_study:
            watcher.serve([study(2)])
            assert ended.woken.is_set()
            assert not any_study.woken.is_set()

    in_loop(test)


def test_black_boxes_go_to_workers_whatever_data_they_hold() -> None:
    assert study(1).fits(wish(data={}))


def test_an_unmet_claim_counts_a_little_longer_for_a_worker_that_polls(
    in_loop: InLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(watcher: Watched) -> None:
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        async with watcher.place(wish("a", study_id=1)) as place:
            watcher.echo(place)
        watcher.serve([study(1)])
        assert watcher.waits(1) == 1
        async with watcher.place(wish("a", study_id=1)):
            watcher.serve([study(1)])
            assert watcher.waits(1) == 1, "the same worker must not count twice"
        async with watcher.place(wish("a", study_id=1)) as place:
            watcher.echo(place)
        monkeypatch.setattr(loop, "time", lambda: start_s + ECHO_S + 60)
        watcher.serve([study(1)])
        assert watcher.waits(1) == 0
        monkeypatch.undo()

    in_loop(test)


def test_the_watch_ends_when_it_is_closed(in_loop: InLoop) -> None:
    async def test(watcher: Watched) -> None:
        async with watcher.listener(1, seen=0) as listener:
            watching = asyncio.create_task(watcher.run())
            await asyncio.sleep(0)
            watcher.close()
            async with asyncio.timeout(2):
                await watching
            assert listener.woken.is_set()
        async with watcher.place(wish()) as late:
            assert late.woken.is_set()

    in_loop(test)


def test_an_unmet_claim_takes_no_work_from_one_that_still_waits(in_loop: InLoop) -> None:
    async def test(watcher: Watched) -> None:
        async with watcher.place(wish("gone", study_id=1)) as place:
            watcher.echo(place)
        async with watcher.place(wish("here", study_id=1)) as here:
            watcher.serve([study(1, queued=1)])
            assert here.woken.is_set()
            assert watcher.waits(1) == 1

    in_loop(test)


def test_work_is_shared_out_among_the_claims_that_can_do_it(in_loop: InLoop) -> None:
    async def test(watcher: Watched) -> None:
        mixed = OpenStudy(1, Kind.PARAMETERS, queued={0: 1, needs.PRUNING: 2}, open_budget=9)
        able, unable = {"can": needs.PRUNING}, {"can": needs.BITS["parent"]}
        async with (
            watcher.place(wish("a", count=2, **able)) as first,
            watcher.place(wish("b", **unable)) as second,
            watcher.place(wish("c", **able)) as third,
        ):
            watcher.serve([mixed])
            assert [place.woken.is_set() for place in (first, second, third)] == [True, False, True]
            assert watcher.waits(1) == 1

    in_loop(test)
