"""What the worker and its training process say to each other: lines of JSON over a pipe."""

import json
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from typing import Any, ClassVar, get_args


@dataclass(frozen=True, slots=True)
class Train:
    """To the trainer: train this; the bytes of its parent's files, if any, follow in order."""

    kind: ClassVar[str] = "train"

    work: dict[str, Any]
    artefacts: list[str] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stop:
    """To the trainer: end with the present epoch; what was reached counts."""

    kind: ClassVar[str] = "stop"


@dataclass(frozen=True, slots=True)
class Ready:
    """From the trainer, once: it has its device."""

    kind: ClassVar[str] = "ready"

    accelerator: str
    versions: dict[str, str]
    memory_mib: int = 0  # of the accelerator, or of the machine


@dataclass(frozen=True, slots=True)
class NotReady:
    """From the trainer, instead of `Ready`: it cannot work here."""

    kind: ClassVar[str] = "not_ready"

    reason: str


@dataclass(frozen=True, slots=True)
class Epoch:
    """From the trainer: metrics after so many epochs."""

    kind: ClassVar[str] = "epoch"

    step: int
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True)
class Completed:
    """From the trainer: the result; the bytes of each artefact follow in their order."""

    kind: ClassVar[str] = "completed"

    metrics: dict[str, float]
    details: dict[str, Any]
    artefacts: list[str]
    memory_bytes: int
    contents: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Infeasible:
    """From the trainer: no value exists for this network."""

    kind: ClassVar[str] = "infeasible"

    reason: str


@dataclass(frozen=True, slots=True)
class OtherData:
    """From the trainer: the data here are not those of the study."""

    kind: ClassVar[str] = "other_data"

    reason: str


@dataclass(frozen=True, slots=True)
class NoParent:
    """From the worker itself: the weights to inherit cannot be had, so nothing was trained.

    `for_good` says that another try would find no more: then the attempt counts as failed.
    """

    kind: ClassVar[str] = "no_parent"

    reason: str
    for_good: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """From the trainer: it could not do the work; `broken` says that it needs replacement."""

    kind: ClassVar[str] = "failed"

    reason: str
    broken: bool


Ended = Completed | Infeasible | OtherData | NoParent | Failed
Message = Train | Stop | Ready | NotReady | Epoch | Ended

KINDS: dict[str, type[Message]] = {kind.kind: kind for kind in get_args(Message)}


def send(pipe: Connection, message: Message) -> None:
    """Write one message."""
    fields = asdict(message)
    contents = fields.pop("contents", [])
    pipe.send_bytes(json.dumps({"kind": message.kind, **fields}, allow_nan=False).encode())
    for content in contents:
        pipe.send_bytes(content)


def receive(pipe: Connection) -> Message:
    """Read one message; EOFError when the other side is gone."""
    fields = json.loads(pipe.recv_bytes())
    message = KINDS[fields.pop("kind")](**fields)
    if isinstance(message, Train | Completed):
        message.contents.extend(pipe.recv_bytes() for _ in message.artefacts)
    return message
