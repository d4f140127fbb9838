"""Simulated workers: claim, two reports and a renewal on the way, complete; again and again."""

import asyncio
import random
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.load.wire import Wire

WAIT_S = 20  # a claim stands in line so long
LEASE_S = 60


@dataclass
class Book:
    """When answers came, and how long they took."""

    begun_s: float = field(default_factory=time.perf_counter)
    seconds: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)

    async def timed(self, kind: str, wire: Wire, method: str, path: str, body: Any = None) -> Any:
        """Send a request and note how long its answer took."""
        begun_s = time.perf_counter()
        answer = await wire.send(method, path, body)
        ended_s = time.perf_counter()
        self.seconds[kind].append((ended_s - self.begun_s, ended_s - begun_s))
        return answer

    def after(self, start_s: float) -> Mapping[str, Sequence[float]]:
        """Milliseconds by kind of what was answered after a moment."""
        return {
            kind: [1e3 * took for at, took in told if at >= start_s]
            for kind, told in self.seconds.items()
        }


@dataclass(frozen=True)
class Fleet:
    """Workers of one study.

    Args:
        port: of the server, on this machine.
        key: of a worker.
        study: whose trials they take.
        trial_s: how long a trial lasts, give or take a fifth.
    """

    port: int
    key: str | None
    study: str
    trial_s: float

    async def run(self, workers: int, ramp_s: float, seconds: float) -> Book:
        """Let workers come one by one for `ramp_s`, then work for `seconds`, then stop."""
        book = Book()
        running = [
            asyncio.create_task(self._worker(number, number * ramp_s / workers, book))
            for number in range(workers)
        ]
        await asyncio.sleep(ramp_s + seconds)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        return book

    async def _worker(self, number: int, after_s: float, book: Book) -> None:
        await asyncio.sleep(after_s)
        wire, rng = Wire("127.0.0.1", self.port, self.key), random.Random(number)
        try:
            while True:
                try:
                    await self._trial(number, wire, rng, book)
                except Exception as error:
                    book.errors.append(f"{type(error).__name__}: {error}")
                    wire.close()
                    await asyncio.sleep(1)
        finally:
            with suppress(Exception):
                wire.close()

    async def _trial(self, number: int, wire: Wire, rng: random.Random, book: Book) -> None:
        claim = {
            "worker": f"w{number}",
            "request_id": uuid.uuid4().hex,
            "lease_s": LEASE_S,
            "wait_s": WAIT_S,
        }
        answer = await book.timed("claim", wire, "POST", f"/studies/{self.study}/leases", claim)
        if answer is None:
            return
        (lease,) = answer["leases"]
        path, token = f"/trials/{lease['trial_id']}", lease["token"]
        x, y = (lease["work"]["parameters"][name] for name in "xy")
        values = {"cost": x + 0.1 * y, "loss": (1 - x) ** 2 + 0.1 * y}
        pause_s = self.trial_s * rng.uniform(0.8, 1.2) / 4
        steps: list[tuple[str, str, Any]] = [
            ("report", "reports", {"step": 1, "metrics": values}),
            ("renew", "renew", {}),
            ("report", "reports", {"step": 2, "metrics": values}),
            ("complete", "complete", {"metrics": values}),
        ]
        for kind, name, body in steps:
            if pause_s:
                await asyncio.sleep(pause_s)
            await book.timed(kind, wire, "POST", f"{path}/{name}", {"token": token, **body})


async def waiting(port: int, key: str | None, study: str, claims: int, probe_s: float) -> Book:
    """Let claims wait on a study without work, and meanwhile ask other things one by one."""
    book = Book()
    wires = [Wire("127.0.0.1", port, key) for _ in range(claims)]

    async def wait_for_work(number: int) -> None:
        claim = {"worker": f"w{number}", "request_id": uuid.uuid4().hex, "wait_s": 30}
        await wires[number].send("POST", f"/studies/{study}/leases", claim)

    tasks = []
    for number in range(claims):
        tasks.append(asyncio.create_task(wait_for_work(number)))
        await asyncio.sleep(0.005)
    await asyncio.sleep(2)
    wire = Wire("127.0.0.1", port, key)
    until_s = time.perf_counter() + probe_s
    while time.perf_counter() < until_s:
        for path in ("/studies", f"/studies/{study}", f"/studies/{study}/trials", "/workers"):
            await book.timed("other", wire, "GET", path)
        await asyncio.sleep(0.02)
    for task in tasks:
        book.errors += [repr(task.exception())] if task.done() and task.exception() else []
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for each in (wire, *wires):
        each.close()
    return book


def told(book: Book, start_s: float) -> dict[str, float]:
    """Percentiles in milliseconds, by kind of request."""
    figures = {}
    for kind, values in book.after(start_s).items():
        p50, p99 = np.quantile(values, [0.5, 0.99]).tolist() if values else (0.0, 0.0)
        figures |= {f"{kind}_p50_ms": p50, f"{kind}_p99_ms": p99, f"{kind}_requests": len(values)}
    return figures
