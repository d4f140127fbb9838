"""One slot of a berth: a worker in a process of its own, started again when it dies."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Any

from worker.cli import NOT_ALLOWED, WRONG_USE
from worker.fleet.lives import Lives

# A worker hands its trial back within this time, or its lease expires.
STOP_S = 10.0
LOG_BYTES = 10 << 20
# Codes that another try does not change: wrong options, a key that does not open the server.
FINAL = frozenset({0, WRONG_USE, NOT_ALLOWED})


@dataclass(frozen=True, slots=True)
class End:
    """How a worker ended for good: its exit code and what it said last."""

    worker: str
    code: int
    words: str = ""


def log_folder() -> Path:
    """Where a node keeps what its workers say, a file for each."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "tinyfront" / "fleet"


class Slot:
    """Runs `python -m module` with its orders until that ends for good or is told to stop."""

    def __init__(
        self, worker: str, module: str, orders: Mapping[str, Any], environment: Mapping[str, str]
    ) -> None:
        self.end: End | None = None
        self._worker, self._module, self._orders = worker, module, orders
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[str] | None = None
        self._lives = Lives()
        self._words = ""
        self._kill_at_s: float | None = None
        self._log = _log_file(worker)

    def look(self, now_s: float) -> None:
        """Start it if that is due, and note its end."""
        if self._process is None:
            if self.end is None and now_s >= self._lives.again_at_s:
                self._start(now_s)
            return
        code = self._process.poll()
        if code is not None:
            self._pump.join(1.0)
            self._close()
            self._process = None
            self._ended(code, now_s)
        elif self._kill_at_s is not None and now_s >= self._kill_at_s:
            self._process.kill()

    def stop(self, now_s: float) -> None:
        """Tell it to hand its trial back and end; it is killed if it has not after a while."""
        if self._process is None:
            self.end = self.end or End(self._worker, 0)
        elif self._kill_at_s is None:
            self._kill_at_s = now_s + STOP_S
            self._close()

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._close()
        self._log.close()

    def _start(self, now_s: float) -> None:
        self._lives.begin(now_s)
        self._process = subprocess.Popen(
            [sys.executable, "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment,
            text=True,
            start_new_session=True,  # an interrupt is for whoever decides what it means
        )
        assert self._process.stdin is not None
        with suppress(OSError):  # it died at once, which its code tells
            self._process.stdin.write(json.dumps(self._orders) + "\n")
            self._process.stdin.flush()
        assert self._process.stdout is not None
        self._pump = threading.Thread(target=self._pass_on, args=(self._process.stdout,))
        self._pump.daemon = True
        self._pump.start()

    def _close(self) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()

    def _ended(self, code: int, now_s: float) -> None:
        self._lives.end(now_s)
        if code in FINAL or self._kill_at_s is not None or self._lives.in_vain:
            words = self._words or f"it ended with exit code {code}"
            self.end = End(self._worker, 0 if self._kill_at_s is not None else code, words)

    def _pass_on(self, said: IO[str]) -> None:
        """To the log of this worker, and to that of the berth, which the engine shows."""
        with said:
            for line in filter(None, map(str.strip, said)):
                self._words = line
                self._log.emit(logging.makeLogRecord({"msg": line}))
                sys.stderr.write(f"{self._worker}: {line}\n")
                sys.stderr.flush()


def _log_file(worker: str) -> RotatingFileHandler:
    folder = log_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{worker}.log"
    return RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=1, delay=True)


def now_s() -> float:
    """The clock of slots and berths."""
    return time.monotonic()
