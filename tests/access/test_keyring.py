"""The keys in memory: read seldom, never too old, never a queue before a database that is away."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service import key_texts, keys
from service.db import Database
from service.keyring import LIFE_S, Keyring
from service.states import Role


class Clock:
    """A clock that goes when it is told."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class CountedDatabase(Database):
    """Counts its readings and lets each wait for a word."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.readings = 0
        self.before: Callable[[], Any] = lambda: None

    @contextmanager
    def read(self) -> Iterator[Session]:
        self.readings += 1
        self.before()
        with super().read() as session:
            yield session


@pytest.fixture
def counted(sqlite_url: str) -> Iterator[CountedDatabase]:
    database = CountedDatabase(sqlite_url)
    yield database
    database.close()


def make(db: Database) -> str:
    with db.begin() as session:
        return keys.create(session, keys.Wanted("me", Role.USER), db.now(session))[1]


def test_many_requests_within_a_second_share_one_reading(counted: CountedDatabase) -> None:
    text = make(counted)

    async def ask() -> None:
        ring = Keyring(counted, clock_s=Clock())
        callers = await asyncio.gather(*(ring.known(text) for _ in range(200)))
        assert {caller and caller.role for caller in callers} == {Role.USER}

    asyncio.run(ask())
    assert counted.readings == 1


def test_keys_are_read_ahead_of_their_time_and_again_after_it(counted: CountedDatabase) -> None:
    clock = Clock()

    async def ask() -> None:
        ring = Keyring(counted, clock_s=clock)
        assert not await ring.asks()
        make(counted)
        clock.now_s += LIFE_S / 2 + 0.01
        assert not await ring.asks()  # by what was read before, while it is read again
        while counted.readings < 2:
            await asyncio.sleep(0.01)
        clock.now_s += LIFE_S + 0.01
        assert await ring.asks()

    asyncio.run(ask())
    assert counted.readings == 3


def test_keys_that_are_too_old_answer_nothing(counted: CountedDatabase) -> None:
    clock = Clock()

    async def ask() -> None:
        ring = Keyring(counted, clock_s=clock)
        assert not await ring.asks()
        make(counted)
        clock.now_s += LIFE_S + 0.01
        assert await ring.asks()

    asyncio.run(ask())


def test_what_was_made_here_is_known_at_once(counted: CountedDatabase) -> None:
    clock = Clock()

    async def ask() -> None:
        ring = Keyring(counted, clock_s=clock)
        assert not await ring.asks()
        make(counted)
        clock.now_s += 0.01
        ring.forget()
        assert await ring.asks()

    asyncio.run(ask())


def test_an_unknown_key_is_looked_for_and_a_text_of_another_form_is_not(
    counted: CountedDatabase,
) -> None:
    clock = Clock()

    async def ask() -> None:
        ring = Keyring(counted, clock_s=clock)
        await ring.recent()
        text = make(counted)
        clock.now_s += 0.01
        assert await ring.known(text) is None
        assert await ring.searched("no key") is None
        assert counted.readings == 1
        found = await ring.searched(text)
        assert found is not None
        assert found.key_id == key_texts.id_of(text)

    asyncio.run(ask())


def test_a_database_that_is_away_makes_nobody_wait_for_the_others(
    counted: CountedDatabase,
) -> None:
    let_go = threading.Event()

    def hang() -> None:
        let_go.wait(10)
        raise OperationalError("SELECT", {}, Exception("away"))

    counted.before = hang

    async def ask() -> list[BaseException | bool]:
        ring = Keyring(counted)
        asked = [asyncio.create_task(ring.asks()) for _ in range(50)]
        await asyncio.sleep(0.1)
        let_go.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    answers = asyncio.run(ask())
    assert [type(answer) for answer in answers] == [OperationalError] * 50
    assert counted.readings == 1
    counted.before = lambda: None
    assert asyncio.run(Keyring(counted).asks()) is False
