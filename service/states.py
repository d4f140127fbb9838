"""Life cycles as tables: trials, attempts and studies, and the orders that workers get."""

from enum import StrEnum
from types import MappingProxyType

from service.errors import IllegalMove

# Why a trial is run. What a search finds counts; a confirm run tells what of it holds: it trains a
# network that was found from scratch, with a seed of its own, and reads the test set.
SEARCH = "search"
CONFIRM = "confirm"


class Status(StrEnum):
    """Where a trial stands. Members may be added; never remove one, they are in the database."""

    QUEUED = "queued"  # proposed, waits for a worker
    RUNNING = "running"  # one attempt holds the lease
    COMPLETED = "completed"  # every measured objective has a value
    STOPPED = "stopped"  # ended early by a stopping rule; its reports count
    INFEASIBLE = "infeasible"  # no value exists: diverged, or cannot be built
    FAILED = "failed"  # gave up after the last attempt
    CANCELLED = "cancelled"  # the user closed it, or the study ended before its turn


OPEN = frozenset({Status.QUEUED, Status.RUNNING})

# What counts against the budget of a study and gets a place in its ledger. A cancelled trial does
# not: nobody learnt anything from it.
FINISHED = frozenset({Status.COMPLETED, Status.STOPPED, Status.INFEASIBLE, Status.FAILED})

NEXT = MappingProxyType(
    {
        # Ended out of the queue: an imported result, or one that came after its lease expired.
        Status.QUEUED: frozenset(
            {Status.RUNNING, Status.CANCELLED, Status.COMPLETED, Status.STOPPED}
        ),
        Status.RUNNING: frozenset({*Status} - {Status.RUNNING}),
        # A late result, if the trial failed because its workers were lost.
        Status.FAILED: frozenset({Status.COMPLETED, Status.STOPPED}),
        Status.COMPLETED: frozenset[Status](),
        Status.STOPPED: frozenset[Status](),
        Status.INFEASIBLE: frozenset[Status](),
        Status.CANCELLED: frozenset[Status](),
    }
)


def check_move(current: Status, wanted: Status) -> None:
    """Raise IllegalMove unless a trial may go from `current` to `wanted`."""
    if wanted not in NEXT[current]:
        raise IllegalMove(current, wanted, sorted(NEXT[current]))


class Outcome(StrEnum):
    """How an attempt ended. An open attempt has none."""

    COMPLETED = "completed"  # delivered a result
    INFEASIBLE = "infeasible"  # found that no value exists
    FAILED = "failed"  # the worker reported an error
    EXPIRED = "expired"  # the lease ran out, or the worker of that name started anew
    RELEASED = "released"  # handed back
    CANCELLED = "cancelled"  # the trial was cancelled under it
    SUPERSEDED = "superseded"  # a late result of an earlier attempt finished the trial


# An attempt that ended so may still deliver: a training is good whoever thought it lost.
MAY_STILL_DELIVER = frozenset(
    {Outcome.EXPIRED, Outcome.RELEASED, Outcome.CANCELLED, Outcome.SUPERSEDED}
)


class FailedThrough(StrEnum):
    """Why a trial gave up: its objective kept failing, or its workers kept getting lost."""

    OBJECTIVE = "objective"
    LOST_WORKERS = "lost_workers"


class Order(StrEnum):
    """What a worker is told at a renewal or a report."""

    CONTINUE = "continue"
    STOP = "stop"
    CANCEL = "cancel"


class StudyStatus(StrEnum):
    """Where a study stands."""

    ACTIVE = "active"  # proposes and hands out trials
    PAUSED = "paused"  # hands out nothing; running trials go on
    ENDED = "ended"  # its budget is used, or the user closed it


class Ended(StrEnum):
    """Why a study ended."""

    BUDGET = "budget"  # as many trials finished as were asked for
    CLOSED = "closed"  # the user closed it
    EXHAUSTED = "exhausted"  # a finite space has no point left, or no new one is found in another
    EPOCHS = "epochs"  # its trials were trained for as many epochs as were asked for
    HOURS = "hours"  # so much time has passed since the first claim
    PLATEAU = "plateau"  # the hypervolume has not grown for so many trials


class Kind(StrEnum):
    """What a trial asks of a worker: train a network, or evaluate parameters."""

    NETWORK = "network"
    PARAMETERS = "parameters"


class EventKind(StrEnum):
    """What an event of a study tells."""

    TRIAL = "trial"
    FRONT = "front"
    HYPERVOLUME = "hypervolume"
    STUDY = "study"


class Role(StrEnum):
    """What the holder of a key may do."""

    ADMIN = "admin"
    USER = "user"
    WORKER = "worker"
    VIEWER = "viewer"
