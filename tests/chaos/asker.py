"""A program with the loop of the SDK, for storms.

Run as `python -m tests.chaos.asker URL STUDY NAME DIARY`. It serves the study until that has ended,
as a user's own program does: what is tried again, for how long, and when a lease is renewed, is the
SDK's to know. What was acknowledged is noted as by hands.
"""

import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.chaos.hands import LEASE_S, STEPS, TRIAL_S, Diary, metrics_of
from tinyfront import Client, Study, TinyfrontError
from tinyfront.asked import AskedTrial


def found(client: Client, name: str) -> Study:
    """The study; this program may be started while there is no server."""
    while True:
        with suppress(TinyfrontError):
            return client.study(name)


def serve(trial: AskedTrial, diary: Diary) -> None:
    """Evaluate one trial; what goes wrong in the block fails it, unless it is over already."""
    metrics = metrics_of(trial.parameters)
    told = {"trial": trial.id, "number": trial.attempt}
    with trial:
        for step in STEPS:
            time.sleep(TRIAL_S)
            if trial.report(step, metrics) == "cancel":
                return
            diary.note(kind="report", step=step, **told)
        trial.complete(metrics)
        diary.note(kind="complete", **told)


def main(url: str, study: str, name: str, diary: str) -> None:
    """Work until the study has ended."""
    notes = Diary(Path(diary))
    with Client(url) as client:
        for trial in found(client, study).ask(lease=LEASE_S, worker=name):
            with suppress(TinyfrontError):
                serve(trial, notes)


if __name__ == "__main__":
    main(*sys.argv[1:])
