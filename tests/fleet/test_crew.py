"""A crew keeps its berths at work, on an engine that does what a test says, by its own clock."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from worker.errors import Refused, ServerAway
from worker.fleet import crew as crews
from worker.fleet.berth import Errand
from worker.fleet.cluster import Began, Ended, Event, Lost
from worker.fleet.crew import Crew, Demand
from worker.fleet.errors import FleetError, NameTaken
from worker.fleet.growth import REST_S
from worker.fleet.plan import Plan
from worker.fleet.slot import End
from worker.fleet.stock import Item

ERRAND = Errand("http://server")


@dataclass
class FakeEngine:
    """Places each berth at once, if it has room; each poll is half a second."""

    stopping: threading.Event
    room: int = 99
    at_s: float = 0.0
    steps: dict[float, Callable[[], None]] = field(default_factory=dict)
    launched: list[tuple[float, int]] = field(default_factory=list)
    stopped: list[int] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    fails: Callable[[int], Event | None] = lambda number: None
    taken: bool = False
    up: set[int] = field(default_factory=set)

    def launch(self, plan: Plan, number: int, errand: Errand, items: Sequence[Item]) -> None:
        if self.taken:
            raise NameTaken(plan.name)
        self.launched.append((self.at_s, number))
        if len(self.up) < self.room:
            self.up.add(number)
            self.events.append(Began(number, f"node-{number}"))
            failure = self.fails(number)
            if failure is not None:
                self.say(failure)

    def poll(self, timeout_s: float) -> list[Event]:
        self.at_s += timeout_s
        for at_s in [at_s for at_s in self.steps if at_s <= self.at_s]:
            self.steps.pop(at_s)()
        events, self.events = self.events, []
        return events

    def stop(self, number: int) -> None:
        self.stopped.append(number)
        self.say(Ended(number, [End(f"crew-{number}", 0)]))

    def drop(self, number: int) -> None:
        self.dropped.append(number)
        self.up.discard(number)

    def say(self, event: Event) -> None:
        self.up.discard(event.berth)
        self.events.append(event)

    def crew(self, plan: Plan, demand: Callable[[], Demand] | None = None) -> Crew:
        asked = demand or (lambda: Demand(0, frozenset()))
        return Crew(plan, ERRAND, [], self, asked, self.stopping, clock=lambda: self.at_s)


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(threading.Event())


def fixed(berths: int) -> Plan:
    return Plan("crew", berths, berths, berths)


def test_a_lost_berth_is_started_anew_and_later_each_time(engine: FakeEngine) -> None:
    for at_s in (2.0, 5.0, 9.0):
        engine.steps[at_s] = lambda: engine.say(Lost(1, "its node died"))
    engine.steps[20.0] = engine.stopping.set
    engine.crew(fixed(2)).run()
    again = [at_s for at_s, number in engine.launched if number == 1]
    assert again == [0.0, 3.0, 7.0, 13.0]
    assert [number for _, number in engine.launched].count(0) == 1


def test_who_is_told_to_stop_has_all_berths_hand_back_and_waits_for_it(engine: FakeEngine) -> None:
    engine.room = 2
    engine.steps[3.0] = engine.stopping.set
    engine.crew(fixed(3)).run()
    assert engine.stopped == [0, 1]
    assert engine.dropped == [2]  # it had no place yet
    assert engine.events == []


def test_a_berth_that_does_not_end_is_dropped_after_a_while(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "stop", engine.stopped.append)
    engine.steps[3.0] = engine.stopping.set
    engine.crew(fixed(1)).run()
    assert engine.dropped == [0]
    assert engine.at_s == 3.0 + crews.LEAVE_S


def test_a_fleet_ends_with_its_study(engine: FakeEngine) -> None:
    engine.steps[4.0] = lambda: engine.say(Ended(0, [End("crew-0", 0)]))
    engine.steps[6.0] = lambda: engine.say(Ended(1, [End("crew-1", 0)]))
    engine.crew(Plan("crew", 2, 1, 9), lambda: Demand(9, frozenset())).run()
    assert [number for _, number in engine.launched] == [0, 1]
    assert engine.at_s == 6.0


@pytest.mark.parametrize("code", [2, 4])
def test_what_no_other_try_changes_ends_the_fleet_with_that_line(
    engine: FakeEngine, code: int
) -> None:
    engine.steps[1.0] = lambda: engine.say(Ended(1, [End("crew-1", code, "The key is revoked.")]))
    with pytest.raises(FleetError, match=r"^The key is revoked\.$") as caught:
        engine.crew(fixed(3)).run()
    assert caught.value.code == code
    assert engine.stopped == [0, 2]


def test_a_fleet_gives_up_when_none_of_its_berths_can_work(engine: FakeEngine) -> None:
    broken = {0, 1}
    engine.fails = lambda number: (
        Ended(number, [End(f"crew-{number}", 1, f"mnist is not on node-{number}")])
        if number in broken
        else None
    )
    engine.steps[50.0] = lambda: broken.add(2)
    engine.steps[80.0] = lambda: engine.say(Lost(2, "its node died"))
    with pytest.raises(FleetError, match="mnist is not on node-2") as caught:
        engine.crew(fixed(3)).run()
    assert caught.value.code == 1
    assert engine.at_s > 80


def test_a_server_that_stays_away_from_all_ends_with_code_3(engine: FakeEngine) -> None:
    engine.fails = lambda number: Ended(number, [End(f"crew-{number}", 3, "No answer.")])
    with pytest.raises(FleetError, match="No answer") as caught:
        engine.crew(fixed(2)).run()
    assert caught.value.code == 3


def test_a_name_that_stays_taken_is_one_line(engine: FakeEngine) -> None:
    engine.taken = True
    with pytest.raises(FleetError, match="a fleet named crew runs on this cluster"):
        engine.crew(fixed(2)).run()
    assert engine.at_s == 3.0  # one that died a moment ago may have had it


def test_a_fleet_grows_by_what_waits_and_lets_only_the_idle_go(engine: FakeEngine) -> None:
    waiting, busy = 7, set[str]()
    plan = Plan("crew", 2, 2, 6)

    def demand() -> Demand:
        return Demand(waiting, frozenset(busy))

    def calm() -> None:
        nonlocal waiting
        waiting = 0
        busy.update({"crew-0", "crew-1", "crew-5"})

    engine.steps[30.0] = calm
    engine.steps[30.0 + 2 * REST_S] = engine.stopping.set
    engine.crew(plan, demand).run()
    assert [number for _, number in engine.launched] == [0, 1, 2, 3, 4, 5]
    assert engine.stopped[:3] == [4, 3, 2]  # the rest when all end
    assert sorted(engine.stopped[3:]) == [0, 1, 5]


def test_a_server_that_is_away_changes_no_size_and_one_that_refuses_ends_the_fleet(
    engine: FakeEngine,
) -> None:
    answers: list[Exception] = [ServerAway("No answer."), Refused(404, "There is no study x.")]

    def demand() -> Demand:
        raise answers.pop(0)

    with pytest.raises(FleetError, match="There is no study x"):
        engine.crew(Plan("crew", 2, 1, 6), demand).run()
    assert len(engine.launched) == 2


def test_a_berth_that_finds_no_room_is_told_once(
    engine: FakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.room = 1
    engine.steps[90.0] = engine.stopping.set
    engine.crew(fixed(2)).run()
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert said == ["crew-1 waits for room: no node has 1 CPU and 0 GPU free."]
