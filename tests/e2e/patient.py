"""A program with an evaluation of its own, `python -m tests.e2e.patient URL STUDY`.

It works at a point until it is told to stop, but for points beyond a half it is done at once.
"""

import sys
import time

from tinyfront import Client

LEASE_S = 10  # the shortest


def main(url: str, study: str) -> None:
    with Client(url) as client:
        for trial in client.study(study).ask(lease=LEASE_S, worker="patient"):
            x = trial.parameters["x"]
            while x <= 0.5 and not trial.should_stop:
                time.sleep(0.02)
            if trial.is_open:
                trial.complete({"cost": x})


if __name__ == "__main__":
    main(*sys.argv[1:])
