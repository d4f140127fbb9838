"""How a worker serves: evaluate a trial, deliver what comes of it, stop when told to."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType

from tinyfront.asked import OVER, AskedTrial
from tinyfront.errors import Infeasible, ServerUnreachable, TrialCancelled, Unavailable
from tinyfront.numbers import number

Evaluate = Callable[["WorkerTrial"], "Mapping[str, float] | None"]

# A mistake in the program fails every trial; it shall not use up the study.
MOST_FAILURES_IN_A_ROW = 5


class WorkerTrial(AskedTrial):
    """A trial in the hands of a worker: a report of one that was cancelled ends its evaluation."""

    def report(self, step: int, metrics: Mapping[str, float]) -> str:
        """Tell how far the trial is; returns `continue`, or `stop`: then return what there is.

        Raises:
            TrialCancelled: the result is not wanted any more; the worker goes on with the next.
            Infeasible: a metric is not finite.
        """
        _check_finite(metrics, f" at step {step}")
        order = super().report(step, metrics)
        if not self.is_open:
            raise TrialCancelled(self.number)
        return order


class Terminated(BaseException):
    """SIGTERM came."""


class Service:
    """Evaluates trials and delivers what comes of them."""

    def __init__(self, function: Evaluate, say: Callable[[str], None]) -> None:
        self.say = say
        self.served = 0
        self._function = function
        self._failures = 0

    def serve(self, trial: WorkerTrial) -> None:
        """Evaluate one trial; only what ends the worker is raised."""
        started_s = time.monotonic()
        try:
            says = self._outcome(trial)
            self._failures = 0
        except (ServerUnreachable, Unavailable):  # for ten minutes
            raise
        except Exception as error:
            says = f"failed: {type(error).__name__}: {error}"
            self._fail(trial, error)
        except BaseException as end:
            trial.release(f"the worker was ended by {type(end).__name__.lstrip('_')}")
            raise
        self.served += 1
        name = f"Trial {trial.number} of {trial.study}"
        self.say(f"{name}: {says} ({time.monotonic() - started_s:.1f} s)")

    def _outcome(self, trial: WorkerTrial) -> str:
        """Evaluate and deliver; how it ended, in words."""
        try:
            values = self._function(trial)
            if not trial.is_open:
                return "closed by its function" if trial.order == "continue" else "cancelled"
            if not isinstance(values, Mapping):
                raise TypeError(f"the evaluation returned {values!r}; need values by name")
            _check_finite(values, "")
            try:
                trial.complete(values)
            except OVER as over:
                return f"not wanted any more: {over}"
            return ", ".join(f"{name} {number(float(value))}" for name, value in values.items())
        except TrialCancelled:
            return "cancelled"
        except Infeasible as infeasible:
            if trial.is_open:
                with suppress(*OVER):
                    trial.fail(str(infeasible), infeasible=True)
            return f"infeasible: {infeasible}"

    def _fail(self, trial: WorkerTrial, error: Exception) -> None:
        self.say(traceback.format_exc().rstrip())
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"({os.path.basename(place.filename)}, line {place.lineno})"
        if trial.is_open:
            with suppress(*OVER):
                trial.fail(f"{type(error).__name__}: {error} {where}")
        self._failures += 1
        if self._failures == MOST_FAILURES_IN_A_ROW:
            error.add_note(f"{MOST_FAILURES_IN_A_ROW} trials in a row failed: the worker ends.")
            raise error


def _check_finite(metrics: Mapping[str, float], where: str) -> None:
    for name, value in metrics.items():
        with suppress(TypeError, ValueError):  # what is no number is named where it is sent
            if not math.isfinite(value):
                raise Infeasible(f"{name} is {float(value)}{where}")


@contextmanager
def until_terminated() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, where nobody else listens to it."""

    def end(number: int, frame: FrameType | None) -> None:
        raise Terminated

    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
