"""The keys as this process knows them: read from the database about twice a second.

A request is answered by keys that were read at most `LIFE_S` ago, so for that long a revoked key
still opens, and a server whose first key was just made. A key that is not known is looked for in
the database, so a fresh one works at once.
"""

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

from service import key_texts, keys, projects, tokens
from service.db import Database
from service.states import Role

LIFE_S = 1.0


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request. Without a key (`key_id` None) it is the user of this machine."""

    role: Role
    project_id: int
    project: str
    key_id: str | None = None
    name: str | None = None
    by_cookie: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A valid key."""

    sha256: str
    caller: Caller


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All valid keys at one moment; `at_s` is not after it, by the clock of the ring."""

    at_s: float
    held: Mapping[str, Held]
    local: Caller
    secret: bytes


@dataclass(slots=True)
class Keyring:
    """The valid keys. All but `note_uses` belongs to the event loop.

    A ring that asked for keys once goes on asking, also when the last one is revoked: a server
    never opens its door by itself.

    Args:
        db: where the keys are.
        always: whether it asks for keys even while the database holds none.
        clock_s: any clock that only goes forward.
    """

    db: Database
    always: bool = False
    clock_s: Callable[[], float] = time.monotonic
    _snapshot: Snapshot | None = None
    _reading: "asyncio.Task[Snapshot] | None" = None
    _changed_s: float = -math.inf
    _used: set[str] = field(default_factory=set)
    _noted_s: dict[str, float] = field(default_factory=dict)

    async def asks(self) -> bool:
        """Tell whether a key is needed."""
        if not self.always:
            self.always = bool((await self.recent()).held)
        return self.always

    def asked(self) -> bool:
        """Tell the same by what was read last, without waiting for the database."""
        if self._snapshot is None or self._snapshot.at_s < self._oldest_s():
            self._read_soon()
        return self.always or (self._snapshot is not None and bool(self._snapshot.held))

    async def local(self) -> Caller:
        """Return the caller of a server that asks for no key: an administrator of `default`."""
        return (await self.recent()).local

    async def known(self, text: str) -> Caller | None:
        """Return whose key it is, by what was read last; None if it is nobody's."""
        return self._match(text, await self.recent())

    async def searched(self, text: str) -> Caller | None:
        """Return whose key it is by the database as it is now."""
        if key_texts.id_of(text) is None:
            return None
        return self._match(text, await self._newer(self.clock_s()))

    async def of_id(self, key_id: str | None) -> Caller | None:
        """Return the caller of a valid key by its id."""
        held = (await self.recent()).held.get(key_id or "")
        if held is None:
            return None
        self._used.add(held.caller.key_id or "")
        return held.caller

    async def secret(self) -> bytes:
        """Return what sessions are signed with."""
        return (await self.recent()).secret

    def forget(self) -> None:
        """Read anew before the next answer: a key was made or revoked here, by any thread."""
        self._changed_s = self.clock_s()

    async def recent(self) -> Snapshot:
        """Return the keys as they were at most `LIFE_S` ago."""
        snapshot, oldest_s = self._snapshot, self._oldest_s()
        if snapshot is None or snapshot.at_s < oldest_s:
            return await self._newer(oldest_s)
        # Under load the next reading begins before this one is too old, so nobody waits for it.
        if snapshot.at_s < oldest_s + LIFE_S / 2:
            self._read_soon()
        return snapshot

    def _oldest_s(self) -> float:
        return max(self.clock_s() - LIFE_S, self._changed_s)

    async def _newer(self, than_s: float) -> Snapshot:
        """Return keys that were read after `than_s`; all who wait share a reading, or its error."""
        while True:
            # One waiter that goes away must not end what the others wait for.
            snapshot = await asyncio.shield(self._read_soon())
            if snapshot.at_s >= than_s:
                return snapshot

    def _read_soon(self) -> "asyncio.Task[Snapshot]":
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(run_in_threadpool(self._read))
            self._reading.add_done_callback(self._keep)
        return self._reading

    def _keep(self, reading: "asyncio.Task[Snapshot]") -> None:
        if not reading.cancelled() and reading.exception() is None:
            self._snapshot = reading.result()

    def _read(self) -> Snapshot:
        with self.db.read() as session:
            session.connection()  # which may take seconds; what is read is younger
            at_s = self.clock_s()
            held = {
                key.id: Held(
                    key.sha256, Caller(key.role, key.project_id, project, key.id, key.name)
                )
                for key, project in keys.valid(session)
            }
            home = projects.named(session, projects.DEFAULT)
            local = Caller(Role.ADMIN, home.id, home.name)
            return Snapshot(at_s, held, local, tokens.secret(session))

    def _match(self, text: str, snapshot: Snapshot) -> Caller | None:
        held = snapshot.held.get(key_texts.id_of(text) or "")
        if held is None or not key_texts.matches(text, held.sha256):
            return None
        self._used.add(held.caller.key_id or "")
        return held.caller

    def note_uses(self) -> None:
        """Write down when keys were last used, each once a minute. Any thread may call this."""
        used, self._used = self._used, set()
        now_s = self.clock_s()
        long_ago_s = now_s - keys.USED_EVERY.total_seconds()
        due = {key_id for key_id in used if self._noted_s.get(key_id, long_ago_s) <= long_ago_s}
        if not due:
            return
        with self.db.begin() as session:
            keys.note_uses(session, due, self.db.now(session))
        self._noted_s = {
            key_id: at_s for key_id, at_s in self._noted_s.items() if at_s > long_ago_s
        } | dict.fromkeys(due, now_s)
