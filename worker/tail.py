"""The last lines of a worker's log, kept in memory for its server."""

import logging
import re
import threading
from collections import deque
from dataclasses import dataclass

# As many and as long as the server keeps of one worker.
MOST_LINES = 200
MOST_CHARACTERS = 500
# What is left out of a long line is its middle: of a traceback the end says what happened.
HEAD, GAP = 150, " … "
# A server refuses control characters, which a terminal would obey.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# No line of ours holds a secret; one of a library might quote an address or a header.
SECRET = re.compile(r"(?<=\btf_)[a-z0-9]{6,16}_[\w-]{43}|(?<=://)[^/@\s]+(?=@)")
LEVELS = {
    logging.CRITICAL: "critical",
    logging.ERROR: "error",
    logging.WARNING: "warning",
    logging.INFO: "info",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line as the server takes it; `number` counts all that were logged."""

    number: int
    at_ms: int
    level: str
    text: str


class Tail(logging.Handler):
    """Keeps the last lines, numbered from 1. `warned` says whether a warning or worse came."""

    def __init__(self) -> None:
        super().__init__()
        self.warned = threading.Event()
        self.setFormatter(logging.Formatter("%(message)s"))
        self._lines: deque[Line] = deque(maxlen=MOST_LINES)
        self._count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line. Logging lets one thread in at a time."""
        try:
            text = shown(self.format(record))
        except Exception:
            self.handleError(record)
            return
        self._count += 1
        line = Line(self._count, int(record.created * 1000), level_of(record.levelno), text)
        self._lines.append(line)
        if record.levelno >= logging.WARNING:
            self.warned.set()

    def after(self, number: int) -> list[Line]:
        """Return the lines that are kept and came after that of this number, in order."""
        self.acquire()
        try:
            return [line for line in self._lines if line.number > number]
        finally:
            self.release()


def level_of(number: int) -> str:
    """Return the name of a level, or of the next one below that has a name."""
    return next((name for least, name in LEVELS.items() if number >= least), "debug")


def shown(text: str) -> str:
    """Return a text as others may see it: without secrets and control characters, and not long."""
    lines = SECRET.sub("…", text).replace("\r\n", "\n").replace("\r", "\n")
    plain = CONTROL.sub("\N{REPLACEMENT CHARACTER}", lines)
    if len(plain) <= MOST_CHARACTERS:
        return plain
    return plain[:HEAD] + GAP + plain[HEAD + len(GAP) - MOST_CHARACTERS :]
