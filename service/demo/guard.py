"""Ends what the demo started if the demo itself is gone, by whatever it was killed.

Run as a script, by a process of its own: it reads the numbers of processes from standard input, a
line each, and `-` before the number of one that has ended. The end of the input is the demo's end.
A pipe tells of that on every system, even of `kill -9`, and nobody has to ask again and again.
"""

import os
import signal
import sys
import time
from contextlib import suppress

PATIENCE_S = 15.0
LOOK_S = 0.2


def main() -> None:
    """Wait for the end of the demo, and end what it left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the demo's to obey; it ends, and so do we
    left: set[int] = set()
    for line in sys.stdin:
        pid = int(line)
        if pid > 0:
            left.add(pid)
        else:
            left.discard(-pid)
    end(left)


def end(left: set[int]) -> None:
    """Ask these processes to end, as the demo does, and kill who does not listen."""
    for pid in left:
        _send(pid, signal.SIGTERM)
    deadline_s = time.monotonic() + PATIENCE_S
    while left and time.monotonic() < deadline_s:
        time.sleep(LOOK_S)
        left = {pid for pid in left if _send(pid, 0)}
    for pid in left:
        _send(pid, signal.SIGKILL)


def _send(pid: int, number: int) -> bool:
    """Send a signal; returns whether there is such a process."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False


if __name__ == "__main__":
    main()
