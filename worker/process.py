"""The training process as its worker sees it: started early, replaced when in doubt."""

import multiprocessing
import os
import signal
import time
from multiprocessing.process import BaseProcess

from worker import child
from worker.child import Place
from worker.errors import NoTrainer, TrainerLost
from worker.messages import (
    Completed,
    Failed,
    Message,
    NotReady,
    Ready,
    Stop,
    Train,
    receive,
    send,
)

MIB = 1 << 20
START_S = 120.0  # importing torch from a cold disk takes up to a minute
TRIALS_AT_MOST = 200
MEMORY_GROWTH = 1.2
# A fifth of a small process is little: other networks alone move it by so much.
MEMORY_SPARE_BYTES = 256 * MIB


class TrainingProcess:
    """One process that trains, and its replacements. Used by the thread that started it.

    It must be the main thread: the kernel ends the process with the thread that made it.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._process: BaseProcess | None = None
        self._ready: Ready | None = None

    @property
    def pid(self) -> int | None:
        """The process, for those who want to watch or kill it."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the process, without waiting for it."""
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=child.main,
            args=(theirs, self.place, os.getpid()),
            name="tinyfront-trainer",
            daemon=True,
        )
        self._process.start()
        theirs.close()  # else the pipe would not close when the process dies
        self._started_s = time.monotonic()
        self._ready = None
        self._trials = 0
        self._first_memory_bytes = 0
        self._has_grown = False

    def kill(self) -> None:
        """End the process at once; it holds nothing that cannot be had again."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._pipe.close()
            self._process = None

    def replace(self) -> None:
        """End the process and start another."""
        self.kill()
        self.start()

    def ready(self, timeout_s: float) -> Ready | None:
        """What the process has to train with; None if it needs more than `timeout_s` to say.

        Raises:
            NoTrainer: it cannot train here, or it did not start.
        """
        if self._ready is None and self._pipe.poll(timeout_s):
            try:
                said = receive(self._pipe)
            except (EOFError, OSError):
                raise NoTrainer(f"The training process {self._end()} as it started.") from None
            if isinstance(said, NotReady):
                raise NoTrainer(said.reason)
            assert isinstance(said, Ready)
            self._ready = said
        if self._ready is None and time.monotonic() - self._started_s > START_S:
            raise NoTrainer(f"The training process was not ready within {START_S:g} s.")
        return self._ready

    def train(self, work: Train) -> None:
        """Hand over one trial."""
        self._trials += 1
        self._tell(work)

    def stop(self) -> None:
        """Ask for an end after the present epoch."""
        self._tell(Stop())

    def said(self, timeout_s: float) -> Message | None:
        """The next word about the trial; None if there is none within `timeout_s`.

        Raises:
            TrainerLost: the process died.
            NoTrainer: it cannot start.
        """
        if self.ready(timeout_s) is None or not self._pipe.poll(timeout_s):
            return None
        try:
            message = receive(self._pipe)
        except (EOFError, OSError):
            raise TrainerLost(f"The training process {self._end()}.") from None
        if isinstance(message, Completed):
            self._watch(message.memory_bytes)
        return message

    def renew_if_due(self, last: Message) -> None:
        """Replace the process after a crash, after many trials, or when it has grown."""
        crashed = isinstance(last, Failed) and last.broken
        if crashed or self._trials >= TRIALS_AT_MOST or self._has_grown:
            self.replace()

    def _watch(self, memory_bytes: int) -> None:
        self._first_memory_bytes = self._first_memory_bytes or memory_bytes
        most = max(
            MEMORY_GROWTH * self._first_memory_bytes,
            self._first_memory_bytes + MEMORY_SPARE_BYTES,
        )
        self._has_grown = memory_bytes > most

    def _tell(self, message: Message) -> None:
        try:
            send(self._pipe, message)
        except OSError:
            pass  # it is dead, which `said` tells with the cause

    def _end(self) -> str:
        """How the process ended, in words."""
        assert self._process is not None
        self._process.join()
        code = self._process.exitcode or 0
        if code == -signal.SIGKILL:
            return "was killed (signal 9), most likely for want of memory"
        if code < 0:
            return f"died by signal {-code} ({signal.strsignal(-code)})"
        return f"ended with exit code {code}"
