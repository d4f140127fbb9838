"""A trial that this program holds under a lease and works on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from tinyfront.calls import Call
from tinyfront.calls import trials as calls
from tinyfront.connection import Connection
from tinyfront.errors import (
    Conflict,
    InvalidArgument,
    NotAllowed,
    NotFound,
    TinyfrontError,
    TrialLeftOpen,
)
from tinyfront.records import Lease
from tinyfront.trial import Trial, trial_of

LONGEST_REASON = 1000  # characters; a traceback's last line is what helps

CONTINUE, CANCEL = "continue", "cancel"

# The server's ways to say that an attempt is over, or was never ours.
OVER = (Conflict, NotFound, NotAllowed)


class AskedTrial:
    """A trial to evaluate: read `parameters` or `graph`, then `complete`, `fail` or `release` it.

    As a context manager it fails itself with the text of an exception in the block, and the
    exception goes on. A block that is interrupted (Ctrl-C, the end of the program) releases it.
    """

    def __init__(
        self, connection: Connection, lease: Lease, closed: Callable[[AskedTrial], None]
    ) -> None:
        self._connection = connection
        self._lease = lease
        self._closed = closed
        self._open = True
        self.order = CONTINUE

    @property
    def id(self) -> int:
        """The trial's number on its server."""
        return self._lease.trial_id

    @property
    def number(self) -> int:
        """The trial's number in its study, from 1."""
        return self._lease.number

    @property
    def study(self) -> str:
        """The name of its study."""
        return self._lease.study

    @property
    def attempt(self) -> int:
        """Which try at this trial this is, from 1."""
        return self._lease.attempt

    @property
    def work(self) -> Mapping[str, Any]:
        """Everything that the server says about what is to be done."""
        return self._lease.work

    @property
    def parameters(self) -> dict[str, Any]:
        """The values to evaluate, by parameter name; empty for a network."""
        return dict(self.work.get("parameters") or {})

    @property
    def graph(self) -> dict[str, Any] | None:
        """The network to train, as JSON; None for a black box."""
        graph = self.work.get("graph")
        return None if graph is None else dict(graph)

    @property
    def training(self) -> dict[str, Any]:
        """The recipe of a network's training; empty for a black box."""
        return dict(self.work.get("training") or {})

    @property
    def pruning(self) -> dict[str, Any] | None:
        """How the network is pruned; None if it is not."""
        pruning = self.work.get("pruning")
        return None if pruning is None else dict(pruning)

    @property
    def parent(self) -> dict[str, Any] | None:
        """Whose weights the network inherits, as `trial` (an id), `number` and `key`; or None."""
        parent = self.work.get("parent")
        return None if parent is None else dict(parent)

    @property
    def data_name(self) -> str | None:
        """The data set of a network study; None of a black box."""
        return self.work.get("data")

    @property
    def binary(self) -> int | None:
        """The label below which all are one class and the others the second; None: all classes."""
        return self.work.get("binary")

    @property
    def seed(self) -> int | None:
        """The seed of a network's training, the same in each attempt; None of a black box."""
        return self.work.get("seed")

    @property
    def metrics(self) -> tuple[str, ...]:
        """What a result must hold. Known figures are the server's business, but for those of a
        network that is pruned: they are named here, since only the cut tells them.
        """
        return tuple(self.work.get("metrics") or ())

    @property
    def is_open(self) -> bool:
        """Whether this program still holds the trial."""
        return self._open

    @property
    def should_stop(self) -> bool:
        """Whether the newest order, by report or renewal, is to stop or that it was cancelled."""
        return self.order != CONTINUE

    def report(self, step: int, metrics: Mapping[str, float]) -> str:
        """Tell how far the trial is; returns the order: `continue`, `stop` or `cancel`."""
        call = calls.report(self.id, self._lease.token, step, _finite(metrics))
        return self._obey(self._send(call))

    def save(self, name: str, content: str | Path | bytes) -> None:
        """Keep a file with the trial; the newest of each name counts.

        Args:
            name: Small letters, digits, `.`, `_` and `-`, such as `weights.safetensors`.
            content: The path of the file, or the bytes themselves.
        """
        whole = content if isinstance(content, bytes) else Path(content).read_bytes()
        self._send(calls.deliver(self._lease.attempt_id, self._lease.token, name, whole))

    def complete(
        self, metrics: Mapping[str, float], details: Mapping[str, Any] | None = None
    ) -> Trial:
        """Finish the trial with a value for every measured objective.

        Tried again for ten minutes when the server is away; an equal repetition does no harm.
        """
        return self._finish(calls.complete(self.id, self._lease.token, _finite(metrics), details))

    def fail(self, reason: str, infeasible: bool = False, retry: bool = True) -> Trial:
        """Give the trial up.

        Args:
            reason: One line for whoever looks at the trial.
            infeasible: The point itself has no value (it diverged, it cannot be built), so that
                nobody need try again. Otherwise the trial goes back to the queue while it has
                attempts left.
            retry: Whether others may try again.
        """
        text = str(reason).strip()[:LONGEST_REASON] or "no reason given"
        return self._finish(calls.fail(self.id, self._lease.token, text, infeasible, retry))

    def release(self, reason: str = "", *, patience_s: float | None = None) -> None:
        """Hand the trial back to the queue; that costs no attempt."""
        with suppress(*OVER):  # it is not ours any more, which is what we want
            reason = reason[:LONGEST_REASON]
            self._send(calls.release(self.id, self._lease.token, reason, patience_s))
        self._close()

    def renew(self, patience_s: float | None = None) -> str:
        """Keep the lease for another period; `ask` does this by itself. Returns the order."""
        try:
            answer = self._send(calls.renew(self.id, self._lease.token, patience_s))
        except OVER:
            answer = {"order": CANCEL}
        return self._obey(answer)

    def __enter__(self) -> AskedTrial:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._open:
            return
        if error is None:
            self.release("left without a result")
            raise TrialLeftOpen(self.number)
        try:
            if isinstance(error, Exception):
                self.fail(f"{type(error).__name__}: {error}")
            else:  # KeyboardInterrupt, SystemExit, GeneratorExit: the trial is not to blame
                self.release(type(error).__name__)
        except TinyfrontError as second:  # must not hide what went wrong in the block
            error.add_note(f"Trial {self.number} could not be handed back: {second}")

    def __repr__(self) -> str:
        return f"<AskedTrial {self.number} of {self._lease.study}, {self.order}>"

    def _obey(self, answer: Mapping[str, Any]) -> str:
        self.order = str(answer.get("order", CONTINUE))
        if self.order == CANCEL:
            self._close()  # nothing to hand back; a result that comes anyway is still sent
        return self.order

    def _finish(self, call: Call) -> Trial:
        try:
            answer = self._send(call)
        except OVER:
            self._close()  # the attempt is over, whoever ended it
            raise
        self._close()
        return trial_of(self._connection, answer)

    def _send(self, call: Call) -> Any:
        answer = self._connection.json(call)
        return {} if answer is None else answer

    def _close(self) -> None:
        self._open = False
        self._closed(self)


def _finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """Metrics as plain numbers; NumPy and torch scalars are converted."""
    numbers = {}
    for name, value in metrics.items():
        try:
            numbers[name] = float(value)
        except (TypeError, ValueError):
            raise InvalidArgument(f"metrics.{name}", f"need a number, got {value!r}.") from None
        if not math.isfinite(numbers[name]):
            raise InvalidArgument(
                f"metrics.{name}",
                f"need a finite number, got {value!r}. A point without a value is reported by "
                "fail(reason, infeasible=True).",
            )
    return numbers
