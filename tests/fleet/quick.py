"""A worker with the loop of the SDK in the place of one that trains: `python -m tests.fleet.quick`.

It is started, told and ended by its berth as `worker.fleet.hand` is. What it completed it appends
to a file of its name in the folder QUICK_DIARY, once the server has acknowledged it.
"""

import _thread
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from tests.chaos.hands import metrics_of
from tinyfront import Client, TinyfrontError

TRIAL_S = 0.05
PATIENCE_S = 3.0


def main() -> int:
    orders = json.loads(sys.stdin.readline())
    options = orders["options"]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    stopping = threading.Event()
    threading.Thread(target=_until_closed, args=(stopping,), daemon=True).start()
    diary = Path(os.environ["QUICK_DIARY"]) / f"{options['name']}.diary"
    try:
        with Client(orders["server"]) as client:
            _work(client, options, diary, stopping)
    except KeyboardInterrupt:
        pass
    except TinyfrontError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _work(client: Client, options: dict[str, str], diary: Path, stopping: threading.Event) -> None:
    study = client.study(options["study"])
    for trial in study.ask(lease=options["lease_s"], worker=options["name"]):
        with trial:
            metrics = metrics_of(trial.parameters)
            time.sleep(TRIAL_S)
            trial.report(1, metrics)
            trial.complete(metrics)
        with diary.open("a") as file:
            note = {"kind": "complete", "trial": trial.id, "number": trial.attempt}
            file.write(json.dumps(note) + "\n")
        if stopping.is_set():
            return


def _until_closed(stopping: threading.Event) -> None:
    sys.stdin.read()
    stopping.set()
    time.sleep(PATIENCE_S)
    _thread.interrupt_main()  # it waits for work


if __name__ == "__main__":
    sys.exit(main())
