"""The process of one worker of a fleet: `python -m worker.fleet.hand`, started by its berth.

Its orders are one line of JSON on standard input. When that closes, because it shall end or because
its berth is gone, however that came about, it hands its trial back and ends. What it ends with and
says last is that of `tinyfront-server worker`.
"""

import json
import sys
import threading
from pathlib import Path
from typing import Any

import typer

from worker import cli
from worker.child import Place
from worker.loop import Options


def main() -> int:
    """Work as ordered; the exit code is that of the worker."""
    orders: dict[str, Any] = json.loads(sys.stdin.readline())
    folder = orders["data_dir"]
    place = Place(orders["accelerator"], orders["threads"], Path(folder) if folder else None)
    stopping = cli.stopped_by_signals()
    threading.Thread(target=_until_closed, args=(stopping,), name="orders", daemon=True).start()
    try:
        cli.set_up_log(as_json=False)  # the environment says how
        cli.run(orders["server"], place, Options(resume=True, **orders["options"]), stopping)
    except typer.Exit as end:
        return end.exit_code
    return 0


def _until_closed(stopping: threading.Event) -> None:
    while sys.stdin.readline():
        pass
    stopping.set()


if __name__ == "__main__":
    sys.exit(main())
