"""What can go wrong in a worker, as nouns; every message is one line that a user understands."""

import math


class WorkerError(Exception):
    """The worker could not do what it was asked."""


class UnusableData(WorkerError):
    """A data set whose file or arrays cannot be used; the message says why."""


class OtherData(WorkerError):
    """The bytes or the split here differ from those of the study."""


class UnsupportedWork(WorkerError):
    """The server asks for something that this version of the worker does not know."""


class Infeasible(WorkerError):
    """No value exists for this network: it diverged, or it cannot be built."""


class NoParent(WorkerError):
    """The files of the network whose weights shall be inherited cannot be had.

    `for_good` says that the server has them no more, and not just now.
    """

    def __init__(self, message: str, for_good: bool = True) -> None:
        super().__init__(message)
        self.for_good = for_good


class TrainerLost(WorkerError):
    """The training process ended or was ended before it had a result."""


class Unfit(WorkerError):
    """This worker can do no trial of the study that it shall serve."""


class NoTrainer(WorkerError):
    """The training process cannot start, so the worker cannot work at all."""


class ServerAway(WorkerError):
    """The server did not answer, or said that it cannot at the moment."""

    def __init__(self, message: str, retry_after_s: float = 0.0, worth_s: float = math.inf) -> None:
        """Say what happened, when to try again at the earliest, and for how long it is worth it."""
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.worth_s = worth_s


class Refused(WorkerError):
    """The server understood the request and refused it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    @property
    def bars(self) -> bool:
        """Whether the key does not open the server, or not this far."""
        return self.status in (401, 403)
