"""Shared transactions: what comes together is written together, and nobody pays for another."""

import asyncio
import threading
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from service import group_commit, projects, trials
from service.db import Database
from service.errors import ServiceError, WrongToken
from service.group_commit import GroupCommit
from service.models import Project, Trial
from service.trials import Claim, Lease, Renew
from tests.service.stage import Stage

T = TypeVar("T")


class Maker:
    """A step that makes a project of each name; `told` holds the names of each transaction."""

    def __init__(self) -> None:
        self.told: list[list[str]] = []
        self.projects: list[int | None] = []
        self.before: Callable[[Session], None] = lambda session: None

    def __call__(
        self, session: Session, names: Sequence[str], now: datetime
    ) -> list[str | ServiceError]:
        self.told.append(list(names))
        self.projects.append(projects.of_session(session))
        self.before(session)
        session.add_all(Project(name=name, created_at=now) for name in names if name != "refused")
        session.flush()
        return [WrongToken(7) if name == "refused" else name.upper() for name in names]


@pytest.fixture
def commits(db: Database) -> Iterator[GroupCommit]:
    running = GroupCommit(db)
    running.start()
    yield running
    running.stop()


def in_thread(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine; the browser of other tests keeps a loop of this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def made(db: Database) -> set[str]:
    with db.read() as session:
        return set(session.scalars(select(Project.name))) - {projects.DEFAULT}


def together(
    commits: GroupCommit,
    step: Any,
    wishes: Sequence[Any],
    project_ids: Sequence[int | None] = (),
    patient: Collection[Any] = (),
) -> list[Any]:
    """Let the thread be busy until all wishes are there, and return their outcomes or errors."""
    busy, go_on = threading.Event(), threading.Event()

    def hold(_session: Session, wishes: Sequence[None], _now: datetime) -> list[None]:
        busy.set()
        assert go_on.wait(10)
        return [None for _ in wishes]

    async def ask() -> list[Any]:
        holding = asyncio.create_task(commits.do(None, hold, None))
        assert await asyncio.to_thread(busy.wait, 10)
        of = project_ids or [None] * len(wishes)
        asked = [
            asyncio.create_task(commits.do(project_id, step, wish, wish in patient))
            for project_id, wish in zip(of, wishes, strict=True)
        ]
        await asyncio.sleep(0.05)
        go_on.set()
        await holding
        return await asyncio.gather(*asked, return_exceptions=True)

    return in_thread(ask())


def test_wishes_that_come_together_share_a_transaction(db: Database, commits: GroupCommit) -> None:
    maker = Maker()
    assert together(commits, maker, ["a", "b", "c"]) == ["A", "B", "C"]
    assert maker.told == [["a", "b", "c"]]
    assert made(db) == {"a", "b", "c"}


def test_a_patient_wish_waits_for_others_of_its_kind(
    commits: GroupCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "PATIENCE_S", 0.2)
    maker = Maker()
    outcomes = together(commits, maker, ["a", "p", "b", "q"], patient={"p", "q"})
    assert outcomes == ["A", "P", "B", "Q"]
    assert maker.told == [["a", "b"], ["p", "q"]]


def test_a_patient_wish_without_company_is_met_at_once(
    commits: GroupCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "PATIENCE_S", 1e6)
    assert in_thread(commits.do(None, Maker(), "p", patient=True)) == "P"


def test_at_the_end_nobody_is_patient(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "PATIENCE_S", 1e6)
    commits, maker = GroupCommit(db), Maker()

    async def ask() -> list[str]:
        asked = [
            asyncio.create_task(commits.do(None, maker, wish, patient=wish == "p"))
            for wish in ("a", "p")
        ]
        await asyncio.sleep(0)
        commits.start()
        await asked[0]
        await asyncio.to_thread(commits.stop)
        return await asyncio.gather(*asked)

    assert in_thread(ask()) == ["A", "P"]
    assert maker.told == [["a"], ["p"]]


def test_a_refusal_concerns_its_own_wish_only(db: Database, commits: GroupCommit) -> None:
    outcomes = together(commits, Maker(), ["a", "refused", "c"])
    assert outcomes[::2] == ["A", "C"]
    assert isinstance(outcomes[1], WrongToken)
    assert made(db) == {"a", "c"}


def test_what_breaks_the_transaction_is_left_alone_with_it(
    db: Database, commits: GroupCommit
) -> None:
    outcomes = together(commits, Maker(), ["a", "a", "c"])
    assert [type(outcome) for outcome in outcomes] == [str, IntegrityError, str]
    assert made(db) == {"a", "c"}


def test_projects_share_no_transaction(commits: GroupCommit) -> None:
    maker = Maker()
    assert together(commits, maker, ["a", "b", "c"], [1, 2, 1]) == ["A", "B", "C"]
    assert maker.told == [["a", "c"], ["b"]]
    assert maker.projects == [1, 2]


def test_a_wish_is_answered_after_the_commit(db: Database, commits: GroupCommit) -> None:
    async def ask() -> None:
        assert await commits.do(None, Maker(), "a") == "A"
        assert made(db) == {"a"}

    in_thread(ask())


def test_a_connection_that_is_lost_on_the_way_costs_nothing(postgres_url: str) -> None:
    db = Database(postgres_url)
    commits = GroupCommit(db)
    commits.start()
    maker = Maker()

    def cut(session: Session) -> None:
        if len(maker.told) == 1:
            pid = session.scalar(select(func.pg_backend_pid()))
            with db.begin() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    maker.before = cut
    assert together(commits, maker, ["a", "b"]) == ["A", "B"]
    assert maker.told == [["a", "b"], ["a", "b"]]
    assert made(db) == {"a", "b"}
    commits.stop()
    db.close()


@pytest.mark.parametrize(
    ("project_ids", "tried"),
    [((None,) * 5, ["a", "b"]), ((1, 2, 3, 1, 2), ["a"])],
    ids=["of one project", "of several"],
)
def test_while_the_database_is_away_all_that_wait_are_told_at_once(
    sqlite_url: str,
    monkeypatch: pytest.MonkeyPatch,
    project_ids: Sequence[int | None],
    tried: list[str],
) -> None:
    db = Database(sqlite_url)
    commits, maker = GroupCommit(db), Maker()
    commits.start()

    def away(_session: Session) -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    maker.before = away
    monkeypatch.setattr("service.group_commit.MOST", 2)
    outcomes = together(commits, maker, ["a", "b", "c", "d", "e"], project_ids)
    assert [type(outcome) for outcome in outcomes] == [OperationalError] * 5
    assert maker.told == [tried]
    commits.stop()
    db.close()


def test_a_statement_that_the_database_refuses_is_left_alone_with_it(
    db: Database, commits: GroupCommit
) -> None:
    maker = Maker()

    def refuse(session: Session) -> None:
        if "b" in maker.told[-1]:
            session.execute(text("SELECT nothing FROM nowhere"))

    maker.before = refuse
    outcomes = together(commits, maker, ["a", "b", "c"])
    assert [isinstance(outcome, DBAPIError) for outcome in outcomes] == [False, True, False]
    assert made(db) == {"a", "c"}


def test_the_end_waits_for_what_was_wished_before(db: Database) -> None:
    commits = GroupCommit(db)
    maker = Maker()

    async def ask() -> list[Any]:
        asked = [asyncio.create_task(commits.do(None, maker, name)) for name in ("a", "b")]
        await asyncio.sleep(0)
        commits.start()
        await asyncio.to_thread(commits.stop)
        return await asyncio.gather(*asked)

    assert in_thread(ask()) == ["A", "B"]


def test_the_same_request_at_two_servers_at_once_gets_the_same_leases(stage: Stage) -> None:
    stage.enqueue(stage.study(), 20)
    servers = [GroupCommit(stage.db) for _ in range(8)]
    for server in servers:
        server.start()

    async def ask() -> list[list[Lease]]:
        wish = Claim("w", "once", count=2)
        return await asyncio.gather(*(server.do(None, trials.claim, wish) for server in servers))

    found = in_thread(ask())
    assert all(leases == found[0] for leases in found)
    assert len(found[0]) == 2
    for server in servers:
        server.stop()


def test_a_row_that_another_holds_stops_nobody_else(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.db.LOCK_S", 0.2)
    db = Database(postgres_url)
    stage, commits = Stage(db), GroupCommit(db)
    stage.enqueue(stage.study(), 2)
    held, free = stage.claim(count=2)
    commits.start()
    with db.begin() as other:
        other.execute(select(Trial.id).where(Trial.id == held.trial_id).with_for_update())
        wishes = [Renew(lease.trial_id, lease.token) for lease in (held, free)]
        stuck, renewal = together(commits, trials.hear, wishes)
    assert isinstance(stuck, OperationalError)
    assert renewal.order == "continue"
    commits.stop()
    db.close()
