"""One lease from beginning to end: train, report, obey, deliver."""

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeGuard

from worker import messages
from worker.api import Api, Lease
from worker.courier import CANCEL, STOP, Courier, Letter
from worker.errors import NoParent, NoTrainer, Refused, ServerAway, TrainerLost
from worker.messages import Completed, Epoch, Failed, Infeasible, Message, OtherData, Train
from worker.parents import FILES, Fetch
from worker.patience import Patience
from worker.process import TrainingProcess

LOG = logging.getLogger(__name__)
LOOK_S = 0.2  # how often orders, time and signals are looked at; words of the trainer come at once
LAST_WORD_S = 5.0  # to deliver a result when the worker is told to end
STOPPED = "The worker was stopped."


@dataclass(frozen=True, slots=True)
class Attempt:
    """A lease and what this worker has to serve it."""

    api: Api
    process: TrainingProcess
    lease: Lease
    stopping: threading.Event
    limit_s: float

    def run(self) -> Message | None:
        """Train and deliver.

        Returns:
            How it ended; None if the trial was cancelled, lost, or handed back because the worker
            ends.
        """
        with Courier(self.api, self.lease, Patience(self.stopping)) as courier:
            try:
                last = self._listen(courier)
            except NoTrainer as error:
                self._hand_back(str(error))
                raise
            if last is not None:
                LOG.info("%s: %s", self._name, described(last), extra=self._where)
                courier.send(self._letter(last))
                self.process.renew_if_due(last)
            courier.close()
            self._wait(courier)
        if courier.reason and not self.stopping.is_set():
            LOG.warning("%s is lost: %s", self._name, courier.reason, extra=self._where)
            with suppress(ServerAway, Refused):
                self.api.fail(self.lease, courier.reason)
            return None
        return last

    @property
    def _name(self) -> str:
        return f"Trial {self.lease.number} of {self.lease.study}"

    @property
    def _where(self) -> dict[str, object]:
        """For the log, as the server names them there."""
        lease = self.lease
        return {"study": lease.study, "trial": lease.trial_id, "attempt": lease.attempt_id}

    def _listen(self, courier: Courier) -> Message | None:
        """Pass on what the trainer says until its last word; None if that is not wanted."""
        training = self._training()
        deadline_s = time.monotonic() + self.limit_s
        while not self.stopping.is_set():
            if courier.order == CANCEL:
                LOG.info("%s was cancelled.", self._name, extra=self._where)
                self.process.replace()
                return None
            if time.monotonic() > deadline_s:
                self.process.replace()
                return Failed(f"The training took longer than {self.limit_s:g} s.", broken=False)
            try:
                said = training.said(stop=courier.order == STOP)
            except TrainerLost as lost:
                return Failed(str(lost), broken=True)
            except NoParent as missing:
                return messages.NoParent(str(missing), missing.for_good)
            if isinstance(said, Epoch):
                courier.report(said.step, said.metrics)
            elif said is not None:
                return said
        self.process.kill()
        courier.drop()
        self._hand_back(STOPPED)
        return None

    def _training(self) -> "Training":
        parent = self.lease.work.get("parent")
        fetch = None
        if parent is not None:
            fetch = Fetch(self.api, parent, Patience(self.stopping))
        return Training(self.process, self.lease, fetch)

    def _letter(self, last: Message) -> Letter:
        """The last word to the server; delivered again and again until the server has it."""

        def letter() -> None:
            if isinstance(last, Completed):
                self._deliver(last)
            elif isinstance(last, OtherData) or _may_come_back(last):
                self.api.release(self.lease, last.reason)
            elif isinstance(last, Infeasible | Failed | messages.NoParent):
                self.api.fail(self.lease, last.reason, infeasible=isinstance(last, Infeasible))
            else:
                raise TypeError(f"{last.kind} is no way for a training to end")

        return letter

    def _deliver(self, result: Completed) -> None:
        for name, content in zip(result.artefacts, result.contents, strict=True):
            try:
                self.api.upload(self.lease, name, content)
            except Refused as refused:  # the result is worth more than its files
                LOG.warning("%s: %s is not kept: %s", self._name, name, refused, extra=self._where)
        self.api.complete(self.lease, result.metrics, result.details)

    def _wait(self, courier: Courier) -> None:
        left_s = LAST_WORD_S
        while not courier.delivered(LOOK_S) and left_s > 0:
            left_s -= LOOK_S if self.stopping.is_set() else 0.0

    def _hand_back(self, reason: str) -> None:
        with suppress(ServerAway, Refused):  # then the lease expires
            self.api.release(self.lease, reason)


class Training:
    """A training as the worker hears of it; it begins when the files of its parent are here."""

    def __init__(self, process: TrainingProcess, lease: Lease, fetch: Fetch | None) -> None:
        self._process, self._lease, self._fetch = process, lease, fetch
        self._begun = self._told = False

    def said(self, stop: bool) -> Message | None:
        """Begin if that is possible, pass on an order to stop once, and return the next word.

        Raises:
            NoParent: the files of the parent cannot be had.
            TrainerLost: the process died.
            NoTrainer: it cannot start.
        """
        if not self._begun:
            self._begun = self._begin()
            return None
        if stop and not self._told:
            self._process.stop()
            self._told = True
        return self._process.said(LOOK_S)

    def _begin(self) -> bool:
        """Hand the work over. Files only once somebody reads them: a pipe holds but a few kB."""
        if self._fetch is None:
            self._process.train(Train(self._lease.work))
            return True
        if self._process.ready(LOOK_S) is None:
            return False
        contents = self._fetch.contents(LOOK_S)
        if contents is None:
            return False
        self._process.train(Train(self._lease.work, list(FILES), contents))
        return True


def _may_come_back(last: Message) -> TypeGuard[messages.NoParent]:
    """Whether the files of a parent were only out of reach."""
    return isinstance(last, messages.NoParent) and not last.for_good


def described(last: Message) -> str:
    """How a training ended, for the log."""
    if isinstance(last, Completed):
        error, seconds = last.metrics["error"], last.metrics["train_s"]
        return f"error {error:.4f} after {last.details['epochs']} epochs, {seconds:.1f} s."
    if isinstance(last, Infeasible | OtherData | messages.NoParent | Failed):
        return f"{last.kind}: {last.reason}"
    return last.kind
