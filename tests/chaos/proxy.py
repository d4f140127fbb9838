"""A proxy that treats requests badly: lost, lost after they were obeyed, sent twice, or late.

A process of its own, `python -m tests.chaos.proxy PORT SEED HARM`. It prints the port that it
listens on, treats all requests well after SIGUSR1, and prints what it did after SIGTERM.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

HOST = "127.0.0.1"
HARM = 0.2
PATHS = os.pathsep.join((os.getcwd(), os.environ.get("PYTHONPATH", "")))


@dataclass
class _Treatment:
    """What becomes of requests on their way to a port of this machine.

    A share `harm` of the requests comes to harm, each kind as often. `done` counts what was done.
    """

    upstream: int
    chance: random.Random
    harm: float
    done: "Counter[str]" = field(default_factory=Counter)
    tasks: "set[asyncio.Task[None] | None]" = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self.tasks.add(task)  # the loop itself keeps no task alive
        try:
            while (answer := await self._treat(await _message(reader))) is not None:
                writer.write(answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # one of the two sides has gone; the other one hears of it
        finally:
            writer.close()
            self.tasks.discard(task)

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
        reader, writer = await asyncio.open_connection(HOST, self.upstream)
        try:
            writer.write(request)
            await writer.drain()
            return await _message(reader)
        finally:
            writer.close()

    def spare(self) -> None:
        """Treat all requests well from now on."""
        self.harm = 0.0


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Read a request or an answer whole; all here announce their length or have no body."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return head + await reader.readexactly(int(value))
    return head


async def _run(treatment: _Treatment) -> None:
    server = await asyncio.start_server(treatment.serve, HOST, 0)
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, treatment.spare)
    loop.add_signal_handler(signal.SIGTERM, end.set)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    await end.wait()
    print(json.dumps(treatment.done), flush=True)  # noqa: T201
    os._exit(0)  # connections may be open, and nobody waits for them


@dataclass
class Proxy:
    """The proxy, as seen from outside; `done` is known when it has ended."""

    process: "subprocess.Popen[str]"
    port: int
    done: dict[str, int] = field(default_factory=dict)

    def spare(self) -> None:
        """Let it treat all requests well from now on."""
        self.process.send_signal(signal.SIGUSR1)


@contextmanager
def proxied(upstream: int, seed: int, harm: float = HARM) -> Iterator[Proxy]:
    """Run a proxy for as long as the block runs."""
    command = [sys.executable, "-m", "tests.chaos.proxy", str(upstream), str(seed), str(harm)]
    environment = os.environ | {"PYTHONPATH": PATHS}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    proxy = Proxy(process, int(process.stdout.readline()))
    try:
        yield proxy
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=10)
        with suppress(ValueError):
            proxy.done = json.loads(output)


if __name__ == "__main__":
    port, seed, harm = sys.argv[1:]
    asyncio.run(_run(_Treatment(int(port), random.Random(int(seed)), float(harm))))
