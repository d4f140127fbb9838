"""The worker: announces itself, claims trials and serves them one after the other."""

import logging
import os
import queue
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from worker.api import Api, Lease, own_version
from worker.attempt import STOPPED, Attempt
from worker.data import facts, scan
from worker.errors import Refused, ServerAway, Unfit
from worker.fitting import unfit
from worker.messages import Completed, NoParent, OtherData, Ready
from worker.patience import Answer, Patience
from worker.process import TrainingProcess
from worker.teller import Teller
from worker.verifier import Verifier

LOG = logging.getLogger(__name__)
POLL_S = 20.0
LOOK_S = 0.2
# Two claims without an answer are at least this far apart, also when the server answers at once.
SHORTEST_POLL_S = 0.5
# A server that never answered is most likely not started or elsewhere: say so soon.
FIRST_ANSWER_S = 30.0
# What this worker can do beyond release 0.1.0; others leave such trials to it.
ABILITIES = (
    "pruning",
    "parent",
    "binary",
    "training",
    "confirm",
    "int8",
    "instructions",
    "int4",
)
# After this worker could not get the files of a parent: else it would claim that trial at once.
PARENT_REST_S = 60.0


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks of a worker."""

    name: str
    study: str | None = None  # None: any study
    trials: int | None = None  # None: until it is told to end
    resume: bool = False  # take back what an earlier worker of this name left open
    trial_limit_s: float = 6 * 3600.0
    lease_s: int = 60  # renewed three times as often, and only then is an order sure to be heard
    verify: bool = True  # networks that come onto the front
    memory_mib: int | None = None  # its share, where several workers share a GPU or a machine
    share: float = 1.0  # of the memory that is there, where `memory_mib` does not say how much
    versions: Mapping[str, str] = field(default_factory=dict)  # of what runs it, told with its own


class Worker:
    """Serves one server until the study ends, its trials are done or it is told to stop."""

    def __init__(
        self, api: Api, process: TrainingProcess, options: Options, stopping: threading.Event
    ) -> None:
        self._api, self._process, self._options = api, process, options
        self._stopping = stopping
        self._data_dir = process.place.data_dir
        self._facts: dict[str, dict[str, Any]] = {}
        self._refused: set[str] = set()  # data that differs from the study's in its split
        self._no_parents_until_s = 0.0

    def run(self) -> None:
        """Work.

        Raises:
            ServerAway: the server does not answer, or has not for ten minutes.
            Refused: it does not let this worker work; the message says why.
            NoTrainer: nothing can be trained here.
            Unfit: no trial of the study that it shall serve can be done here.
        """
        with Teller(self._api, self._options.name) as teller:
            self._work(teller)
            LOG.info("Worker %s ends.", self._options.name)

    def _work(self, teller: Teller) -> None:
        self._process.start()
        try:
            self._facts = {fact["name"]: fact for fact in scan(self._data_dir)}
            self._log_data()
            ready = self._ready()
            if ready is not None:
                self._announce(ready, FIRST_ANSWER_S)
                teller.begin()
                self._check_study(ready)
                with Verifier(self._api, self._stopping) as verifier:
                    self._serve(ready, verifier)
        except ServerAway:
            if not self._stopping.is_set():
                raise
        finally:
            self._process.kill()

    def _serve(self, ready: Ready, verifier: Verifier) -> None:
        served, resume = 0, self._options.resume
        while not self._stopping.is_set() and served != self._options.trials:
            asked_s = time.monotonic()
            lease = self._claim(ready, resume)
            resume = False
            if lease is not None:
                self._attempt(lease, ready, verifier)
                served += 1
            elif self._study_has_ended():
                LOG.info("Study %s has ended.", self._options.study)
                return
            else:
                self._stopping.wait(max(0.0, SHORTEST_POLL_S - (time.monotonic() - asked_s)))

    def _attempt(self, lease: Lease, ready: Ready, verifier: Verifier) -> None:
        limit_s = self._options.trial_limit_s
        last = Attempt(self._api, self._process, lease, self._stopping, limit_s).run()
        if isinstance(last, Completed) and self._options.verify:
            verifier.offer(lease, last)
        elif isinstance(last, OtherData):
            self._look_again(lease.work["data"], ready)
        elif isinstance(last, NoParent):
            self._no_parents_until_s = time.monotonic() + PARENT_REST_S

    def _look_again(self, name: str, ready: Ready) -> None:
        """The file has changed: say so. It has not: the split differs, so leave that data alone."""
        before, now = self._facts.get(name), facts(self._data_dir, name)
        if before == now:
            self._refused.add(name)
        self._facts[name] = now
        self._announce(ready, FIRST_ANSWER_S)

    def _ready(self) -> Ready | None:
        while not self._stopping.is_set():
            ready = self._process.ready(LOOK_S)
            if ready is not None:
                return ready
        return None

    def _announce(self, ready: Ready, patience_s: float) -> None:
        worker = {
            "accelerator": ready.accelerator,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "memory_mib": self._memory_mib(ready),
            "versions": {"tinyfront": own_version(), **ready.versions, **self._options.versions},
            "data": list(self._facts.values()),
        }
        patience = Patience(self._stopping, patience_s)
        self._persist(lambda: self._api.announce(self._options.name, worker), patience)
        LOG.info("Worker %s serves %s on %s.", self._options.name, self._api.url, ready.accelerator)

    def _check_study(self, ready: Ready) -> None:
        study = self._study()
        if study is None or study["status"] == "ended":
            return
        if reason := unfit(study, self._held(), ready.accelerator, self._memory_mib(ready)):
            raise Unfit(f"--study: {reason}")

    def _study(self) -> Mapping[str, Any] | None:
        """The study that it shall serve; None if any will do, or if the worker is to end."""
        name = self._options.study
        if name is None or self._stopping.is_set():
            return None
        return self._persist(lambda: self._api.study(name), Patience(self._stopping))

    def _study_has_ended(self) -> bool:
        study = self._study()
        return study is not None and study["status"] == "ended"

    def _held(self) -> dict[str, dict[str, Any]]:
        """The facts of the data sets that can be used."""
        return {
            name: fact
            for name, fact in self._facts.items()
            if fact["problem"] is None and name not in self._refused
        }

    def _memory_mib(self, ready: Ready) -> int:
        given = self._options.memory_mib
        return int(ready.memory_mib * self._options.share) if given is None else given

    def _claim(self, ready: Ready, resume: bool) -> Lease | None:
        request = {
            "worker": self._options.name,
            "request_id": uuid.uuid4().hex,  # so that a claim whose answer was lost is not doubled
            "lease_s": self._options.lease_s,
            "wait_s": POLL_S,
            "kinds": ["network"],
            "data": {name: fact["sha256"] for name, fact in self._held().items()},
            "can": self._abilities(),
            "accelerator": ready.accelerator,
            "memory_mib": self._memory_mib(ready),
            "resume": resume,
        }
        return self._persist(lambda: self._poll(request), Patience(self._stopping))

    def _abilities(self) -> list[str]:
        rests = time.monotonic() < self._no_parents_until_s
        return [word for word in ABILITIES if not (rests and word == "parent")]

    def _poll(self, request: dict[str, Any]) -> Lease | None:
        """Claim in a thread: a signal must not wait for the end of a long poll."""
        answers: queue.SimpleQueue[Lease | Exception | None] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._api.claim(self._options.study, request))
            except Exception as error:
                answers.put(error)

        threading.Thread(target=ask, name="claim", daemon=True).start()
        while not self._stopping.is_set():
            try:
                answer = answers.get(timeout=LOOK_S)
            except queue.Empty:
                continue
            if self._stopping.is_set():
                break
            if isinstance(answer, Exception):
                raise answer
            return answer
        self._hand_back(request)
        return None

    def _hand_back(self, request: dict[str, Any]) -> None:
        """Give up a claim: the same request tells which lease it got, if it got one."""
        with suppress(ServerAway, Refused):
            lease = self._api.claim(self._options.study, {**request, "wait_s": 0, "resume": False})
            if lease is not None:
                self._api.release(lease, STOPPED)

    def _persist(self, call: Callable[[], Answer], patience: Patience) -> Answer:
        return patience.persist(call, lambda away: LOG.warning("%s Trying again.", away))

    def _log_data(self) -> None:
        for fact in self._facts.values():
            if fact["problem"] is not None:
                LOG.warning("Data set %s cannot be used: %s", fact["name"], fact["problem"])
        usable = [name for name, fact in self._facts.items() if fact["problem"] is None]
        LOG.info("Data sets: %s.", ", ".join(usable))
