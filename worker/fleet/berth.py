"""What a Ray actor of a fleet does: lays the data out, keeps its slots at work, ends them."""

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from worker.api import own_version
from worker.fleet import mps, stock
from worker.fleet.errors import FleetError
from worker.fleet.plan import Plan
from worker.fleet.slot import End, Slot, now_s

LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Errand:
    """What all workers of a fleet are told.

    `environment` goes to them as variables; it holds the key, which is therefore part of no
    command line and of nothing that an engine lists.
    """

    server: str
    study: str | None = None
    trial_limit_s: float = 6 * 3600.0
    lease_s: int = 60
    verify: bool = True
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    versions: Mapping[str, str] = field(default_factory=dict)
    module: str = "worker.fleet.hand"  # what is run; it is given its orders as that is

    def orders(self, worker: str, plan: Plan, data_dir: Path | None) -> dict[str, Any]:
        """What the process of one worker reads when it starts."""
        return {
            "server": self.server,
            "accelerator": plan.accelerator,
            "threads": plan.threads,
            "data_dir": None if data_dir is None else str(data_dir),
            "options": {
                "name": worker,
                "study": self.study,
                "trial_limit_s": self.trial_limit_s,
                "lease_s": self.lease_s,
                "verify": self.verify,
                "share": plan.share,
                "versions": dict(self.versions),
            },
        }


@dataclass(frozen=True, slots=True)
class Where:
    """Where a berth is, and what is installed there."""

    host: str
    version: str


class Berth:
    """The slots of one berth. `run` blocks; `stop` comes from another thread."""

    def __init__(
        self,
        plan: Plan,
        number: int,
        errand: Errand,
        items: Sequence[stock.Item],
        fetch: Callable[[Any], bytes],
    ) -> None:
        self._plan, self._number, self._errand = plan, number, errand
        self._items, self._fetch = items, fetch
        self._stopping = threading.Event()

    def where(self) -> Where:
        """Say where this is."""
        return Where(socket.gethostname(), own_version())

    def run(self) -> list[End]:
        """Work until every slot has ended for good, and say how each did."""
        workers = self._plan.workers(self._number)
        try:
            folder = stock.laid_out(self._items, stock.root(), self._fetch, socket.gethostname())
        except FleetError as error:
            return [End(workers[0], error.code, str(error))]
        with mps.shared(self._plan) as shares:
            environment = {**self._errand.environment, **shares}
            slots = []
            try:
                for worker in workers:
                    orders = self._errand.orders(worker, self._plan, folder)
                    slots.append(Slot(worker, self._errand.module, orders, environment))
                return self._attend(slots)
            finally:
                for slot in slots:
                    slot.kill()

    def stop(self) -> None:
        """Have the workers hand their trials back and end."""
        self._stopping.set()

    def _attend(self, slots: Sequence[Slot]) -> list[End]:
        while True:
            for slot in slots:
                if self._stopping.is_set():
                    slot.stop(now_s())
                slot.look(now_s())
            ends = [slot.end for slot in slots if slot.end is not None]
            if len(ends) == len(slots):
                return ends
            if any(end.code for end in ends):  # it cannot work here, so neither can the others
                self._stopping.set()
            time.sleep(LOOK_S)


def environment() -> dict[str, str]:
    """What workers elsewhere take over from this process's environment."""
    names = ("TINYFRONT_API_KEY", "TINYFRONT_LOG")
    return {name: os.environ[name] for name in names if name in os.environ}
