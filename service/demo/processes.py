"""The processes that the demo starts beside itself, their words in a log each."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.bootstrap import without_keys

PATIENCE_S = 15.0


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


@contextmanager
def running(folder: Path, command: str, arguments: Sequence[str]) -> Iterator[Running]:
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
            stack.callback(_end, process)
        yield Running(command, log, process)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let a signal wait for the end of the block: nobody would end what was begun in it."""
    came: list[int] = []
    held = {
        number: signal.signal(number, lambda told, _: came.append(told))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
        for told in came[:1]:
            signal.raise_signal(told)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
