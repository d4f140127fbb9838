"""What the server and a planner process say to each other: lines of JSON over a pipe."""

import json
from dataclasses import dataclass, fields
from multiprocessing.connection import Connection
from typing import Any, Literal, TypeVar

Json = dict[str, Any]
Message = TypeVar("Message")


@dataclass(frozen=True, slots=True)
class Request:
    """A study's question: what to try next, or what do the results teach?

    Attributes:
        study_id: under which the process keeps the problem and the history.
        problem: `optimizer.problem.Problem` as JSON; None when the process holds it already.
        observations: finished trials that the process does not hold yet, in order.
        designer: the designer's name.
        pending: points of trials that are queued or run.
        fitted: hyperparameters of the last fit as JSON.
        fit: whether to fit first; the proposals then rest on that fit, which is handed back.
        count: how many proposals are wanted; 0 for a fit alone.
        seed: all that chance may depend on.
    """

    study_id: int
    problem: Json | None
    observations: list[Json]
    designer: str
    pending: list[Json]
    fitted: Json | None
    fit: bool
    count: int
    seed: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Proposals as JSON, or why there are none.

    Attributes:
        trouble: `exhausted` when the space has no new point left or none was found in it, `failed`
            when the designer raised; then `reason` says why and `proposals` is empty.
        fitted: the new fit, if one was made.
    """

    proposals: list[Json]
    fitted: Json | None = None
    trouble: Literal["exhausted", "failed"] | None = None
    reason: str = ""


def send(connection: Connection, message: Request | Answer) -> None:
    """Write one message. Floats keep all their bits: JSON holds their shortest exact form."""
    connection.send_bytes(json.dumps(parts_of(message), allow_nan=False).encode())


def parts_of(record: Any) -> Json:
    """The fields of a dataclass by name; `asdict` would copy a thousand pending points as well."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def receive(connection: Connection, kind: type[Message]) -> Message:
    """Read one message; EOFError when the other side is gone."""
    return kind(**json.loads(connection.recv_bytes()))
