"""A worker process for storms: fast trials, every answer that it got written down.

Run as `python -m tests.chaos.hands URL STUDY NAME HANDS SEED RATE DIARY`. It claims until the study
has ended. A request that gets no answer, or "come again", is repeated as it was. What was
acknowledged is appended to DIARY after the answer came: so the diary never holds too much.
"""

import json
import random
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

PATIENCE_S = 60.0
COME_AGAIN = {429, 502, 503, 504}  # not 500, an error of the service itself
LEASE_S = 10  # the shortest that the service takes
STEPS = (1, 2)
TRIAL_S = 0.02
FILE_SHARE = 0.3  # of the trials that leave a file


def metrics_of(point: Mapping[str, float]) -> dict[str, float]:
    """What a point is worth."""
    x, y = point["x"], point["y"]
    return {"cost": x + y * y, "loss": (1 - x) ** 2 + y}


class GaveUp(Exception):
    """No answer for too long."""


@dataclass
class Diary:
    """What this process was told that it may rely on."""

    path: Path
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, **facts: Any) -> None:
        with self.lock, self.path.open("a") as file:
            file.write(json.dumps(facts) + "\n")


@dataclass
class Hand:
    """One worker: a thread with a name and a connection of its own.

    `rate` is how fast its clock goes. A slow one (above 1) believes that it has time left when its
    lease has run out.
    """

    url: str
    study: str
    name: str
    chance: random.Random
    rate: float
    diary: Diary

    def work(self) -> None:
        """Serve the study until it has ended."""
        resume = True
        with httpx.Client(base_url=f"{self.url}/api/v1", timeout=8) as self.http:
            while not self._has_ended():
                wish = {"worker": self.name, "request_id": uuid.uuid4().hex, "lease_s": LEASE_S}
                wish |= {"wait_s": 2, "resume": resume, "count": self.chance.choice((1, 1, 2))}
                answer = self._ask("POST", f"/studies/{self.study}/leases", wish)
                resume = False
                if answer.status_code == 200:
                    for lease in answer.json()["leases"]:
                        self._serve(lease)

    def _has_ended(self) -> bool:
        answer = self._ask("GET", f"/studies/{self.study}")
        return bool(answer.json()["status"] == "ended")

    def _serve(self, lease: dict[str, Any]) -> None:
        metrics = metrics_of(lease["work"]["parameters"])
        token, trial = lease["token"], f"/trials/{lease['trial_id']}"
        told = {"attempt": lease["attempt_id"], "trial": lease["trial_id"]}
        for step in STEPS:
            self._sleep(TRIAL_S)
            body = {"token": token, "step": step, "metrics": metrics}
            answer = self._ask("POST", f"{trial}/reports", body)
            # An order to cancel says that the attempt is over, and the report not wanted.
            if not answer.is_success or answer.json()["order"] == "cancel":
                break
            self.diary.note(kind="report", step=step, **told)
        if self.chance.random() < 0.02:
            self._sleep(0.9 * LEASE_S)  # almost its lease, by its own clock
            self._ask("POST", f"{trial}/renew", {"token": token})
        if self.chance.random() < FILE_SHARE:
            self._deliver(lease)
        done = self._ask("POST", f"{trial}/complete", {"token": token, "metrics": metrics})
        if done.is_success:
            self.diary.note(kind="complete", **told)

    def _deliver(self, lease: dict[str, Any]) -> None:
        content = lease["token"].encode() * 50
        path = f"/attempts/{lease['attempt_id']}/artefacts/file.bin"
        headers = {"X-Lease-Token": lease["token"]}
        answer = self._ask("PUT", path, content=content, headers=headers)
        if answer.is_success:
            self.diary.note(kind="file", attempt=lease["attempt_id"], **answer.json())

    def _sleep(self, seconds: float) -> None:
        time.sleep(seconds * self.rate * self.chance.uniform(0.5, 1.0))

    def _ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """Ask until there is an answer, with the same words each time."""
        deadline_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline_s:
            try:
                answer = self.http.request(method, path, json=body, **more)
            except httpx.HTTPError:
                time.sleep(self.chance.uniform(0.05, 0.5))
                continue
            if answer.status_code not in COME_AGAIN:
                return answer
            time.sleep(self.chance.uniform(0.05, 0.5))
        raise GaveUp(f"{method} {path}")


def main(arguments: list[str]) -> int:
    """Work with several hands."""
    url, study, name, hands, seed, rate, diary = arguments
    shared = Diary(Path(diary))
    threads = []
    for number in range(int(hands)):
        chance = random.Random(f"{seed}-{number}")
        hand = Hand(url, study, f"{name}-{number}", chance, float(rate), shared)
        threads.append(threading.Thread(target=hand.work))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
