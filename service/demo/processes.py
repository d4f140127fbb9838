"""The processes that the demo starts beside itself, their words in a log each."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from service.bootstrap import without_keys
from service.demo import guard


@dataclass(frozen=True, slots=True)
class Running:
    """One of our commands."""

    name: str
    log: Path
    process: "subprocess.Popen[bytes]"

    def lines(self) -> list[str]:
        """What it has said so far."""
        return self.log.read_text(errors="replace").splitlines()

    def ended(self) -> bool:
        """Whether it is gone."""
        return self.process.poll() is not None

    def last_word(self) -> str:
        """The last line that it left, which of our commands is the reason why they ended."""
        said = [line.strip() for line in self.lines() if line.strip()]
        return f"{said[-1] if said else f'{self.name} ended without a word.'} (from {self.log})"


class Guard:
    """A process that ends the others if the demo is killed before it could: see `guard`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", guard.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # what ends the demo's group, such as a terminal, spares it
        )

    def watch(self, pid: int) -> None:
        """End this process if the demo cannot."""
        self._tell(pid)

    def forget(self, pid: int) -> None:
        """Leave this number alone: its process has ended, and another may get it."""
        self._tell(-pid)

    def close(self) -> None:
        """End; who is watched still is ended with it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _tell(self, number: int) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # somebody has killed it; the demo ends its own anyway
            self._process.stdin.write(b"%d\n" % number)
            self._process.stdin.flush()


@contextmanager
def guarded() -> Iterator[Guard]:
    """Have a guard for as long as the block runs."""
    with ExitStack() as stack:
        with _undisturbed():
            found = Guard()
            stack.callback(found.close)
        yield found


@contextmanager
def running(
    folder: Path, command: str, arguments: Sequence[str], watched: Guard
) -> Iterator[Running]:
    """Run a command of ours beside the demo, and end it with the demo."""
    # The demo is for its own machine and needs no keys, whatever else this environment is for.
    environment = without_keys(os.environ) | {"PYTHONUNBUFFERED": "1"}
    log = folder / f"{command}.log"
    with ExitStack() as stack:
        with log.open("wb") as words, _undisturbed():
            process = subprocess.Popen(
                [sys.executable, "-m", "service", command, *arguments],
                stdout=words,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # Ctrl-C reaches the demo alone, which then ends in order
            )
            watched.watch(process.pid)
            stack.callback(_end, process, watched)
        yield Running(command, log, process)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let a signal wait for the end of the block: nobody would end what was begun in it."""
    came: list[int] = []
    held = {
        number: signal.signal(number, lambda told, _: came.append(told))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
        for told in came[:1]:
            signal.raise_signal(told)


def _end(process: "subprocess.Popen[bytes]", watched: Guard) -> None:
    process.terminate()
    try:
        process.wait(timeout=guard.PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    watched.forget(process.pid)
