"""A proxy that treats requests badly: lost, lost after they were obeyed, sent twice, or late."""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

PORT_OF = "127.0.0.1"


@dataclass
class Proxy:
    """Listens on a port of this machine and passes requests on to another one.

    A share `harm` of the requests comes to harm, each kind as often. `done` counts what was done.
    """

    upstream: int
    chance: random.Random
    harm: float = 0.2
    port: int = 0
    done: "Counter[str]" = field(default_factory=Counter)

    async def listen(self, ready: threading.Event, end: asyncio.Event) -> None:
        """Serve until `end`."""
        server = await asyncio.start_server(self._serve, PORT_OF, 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await end.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while True:
                request = await _message(reader)
                answer = await self._treat(request)
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
        writer.close()

    async def _treat(self, request: bytes) -> bytes | None:
        """Return the answer to a request; None if its sender shall hear nothing."""
        kinds = ("lost", "unanswered", "doubled", "late")
        kind = self.chance.choice(kinds) if self.chance.random() < self.harm else "good"
        self.done[kind] += 1
        if kind == "lost":
            return None
        if kind == "late":
            await asyncio.sleep(self.chance.uniform(0.1, 1.5))
        answer = await self._pass_on(request)
        if kind == "doubled":
            again = await self._pass_on(request)
            answer = self.chance.choice((answer, again))
        return None if kind == "unanswered" else answer

    async def _pass_on(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(PORT_OF, self.upstream)
        try:
            writer.write(request)
            await writer.drain()
            return await _message(reader)
        finally:
            writer.close()


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Read a request or an answer whole; all here announce their length or have no body."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return head + await reader.readexactly(int(value))
    return head


@contextmanager
def proxied(upstream: int, seed: int, harm: float = 0.2) -> Iterator[Proxy]:
    """Run a proxy in a thread for as long as the block runs."""
    proxy = Proxy(upstream, random.Random(seed), harm)
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    end = asyncio.Event()

    def run() -> None:
        loop.run_until_complete(proxy.listen(ready, end))
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.1))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(10)
