"""Everything this package raises.

TinyfrontError
├── InvalidArgument      a value that cannot be sent
├── MissingPackage       an optional package is not installed
├── MissingWorker        the code of the workers, which checks and writes networks, is not installed
├── CheckFailed          a network could not be checked on this machine
├── NoNetwork            a trial left no network that could be checked
├── ServerUnreachable    no answer from the server
├── UnreadableAnswer     an answer that no Tinyfront server gives
├── NothingFits          no trial of a front keeps what was asked
├── WrongRows            rows of past results that cannot be added
├── NoCounterpart        what Optuna or Tinyfront has, and the other has not
├── Infeasible           raise it in a worker's evaluation: the point has no value
├── TrialCancelled       a worker's trial was cancelled; the worker goes on with the next
├── TrialLeftOpen        a trial was neither completed, failed nor released
├── WaitTimeout          the study did not end in time
└── ServerError          the server refused; carries its problem
    ├── NotAllowed       401, 403: no key, or one without this right
    ├── NotFound         404: no such study, trial or artefact
    ├── Conflict         409, 412: the state of things forbids it
    ├── Refused          other 4xx: the request itself is wrong
    └── Unavailable      502, 503, 504: the server is there but cannot answer now
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_SHOWN = 20  # lines of a message


class TinyfrontError(Exception):
    """Base of all errors of this package."""


class InvalidArgument(TinyfrontError):
    """A value that cannot be sent; `field` is its path in the request."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


class MissingPackage(TinyfrontError):
    """An optional package is needed; the message says how to install it."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"This needs {package}, which is not installed: pip install 'tinyfront[{extra}]'."
        )


class MissingWorker(TinyfrontError):
    """Networks are checked and written by the code of the workers, which is not here.

    Args:
        needs: what is wanted, and what it needs.
        extra: of `tinyfront-server`, which brings that.
    """

    def __init__(
        self,
        needs: str = "Checking and exporting networks needs the workers' code",
        extra: str = "deploy",
    ) -> None:
        super().__init__(f"{needs} on this machine: pip install 'tinyfront-server[{extra}]'.")


class CheckFailed(TinyfrontError):
    """A network could not be checked, which says nothing about it."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"The network could not be checked: {cause}")


class NoNetwork(TinyfrontError):
    """A trial left no network in integers."""

    def __init__(self, trial: int, name: str) -> None:
        super().__init__(
            f"Trial {trial} has no {name}: it has not finished, is no network, or was trained by "
            "a worker of an earlier release."
        )


class ServerUnreachable(TinyfrontError):
    """No answer came from the server, or it broke off."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"No answer from {url} ({reason}). Start a server with `tinyfront-server serve`, "
            "or name yours in TINYFRONT_URL."
        )
        self.url = url


class UnreadableAnswer(TinyfrontError):
    """The answer is not one that a Tinyfront server gives."""

    def __init__(self, url: str, what: str) -> None:
        super().__init__(f"{url} gave {what}: is this a Tinyfront server?")
        self.url = url


class NothingFits(TinyfrontError):
    """No trial of a front keeps the limits or fits the device."""


class WrongRows(TinyfrontError):
    """Rows of past results that cannot be added; `problems` says why, by row, from 1."""

    def __init__(self, problems: Mapping[int, str], total: int, added: int) -> None:
        count = len(problems)
        rows = "1 row" if count == 1 else f"{count} rows"
        shown = [f"row {row}: {text}" for row, text in list(problems.items())[:MOST_SHOWN]]
        if count > MOST_SHOWN:
            shown.append(f"and {count - MOST_SHOWN} more")
        outcome = "none was sent" if added == 0 else f"{added} were added"
        super().__init__(f"{rows} of {total} cannot be added; {outcome}.\n" + "\n".join(shown))
        self.problems = dict(problems)
        self.added = added


class NoCounterpart(TinyfrontError):
    """Something that cannot be said in the other package."""


class Infeasible(TinyfrontError):
    """Raise it where a point has no value: it diverged, or it cannot be built."""


class TrialCancelled(TinyfrontError):
    """A trial that a worker evaluates was cancelled or taken over; its result is not wanted."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Trial {number} was cancelled or given to another worker.")
        self.number = number


class TrialLeftOpen(TinyfrontError):
    """The program went on although a trial it holds has no result."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"Trial {number} was neither completed, failed nor released. "
            "To hold several trials at a time, ask with count=."
        )
        self.number = number


class WaitTimeout(TinyfrontError):
    """The study had not ended when the time was over; it goes on."""

    def __init__(self, study: str, timeout_s: float, finished: int, budget: int) -> None:
        super().__init__(
            f"Study {study} has not ended within {timeout_s:g} s: {finished} of {budget} trials "
            "are finished. It goes on; wait again, or close it."
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """What the server says about a request it refused (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    remedy: str | None = None

    @classmethod
    def of(cls, status: int, reason: str, url: str, body: Any) -> Problem:
        """Read a refusal; one that is no problem+json is described by status and address."""
        if not isinstance(body, Mapping):
            return cls("about:blank", reason, status, f"{url} answered {status} {reason}.")
        return cls(
            type=str(body.get("type") or "about:blank"),
            title=str(body.get("title") or reason),
            status=status,
            detail=str(body.get("detail") or body.get("title") or reason),
            field=None if body.get("field") is None else str(body["field"]),
            remedy=None if body.get("remedy") is None else str(body["remedy"]),
        )

    def __str__(self) -> str:
        detail = self.detail if self.detail.endswith((".", "!", "?")) else f"{self.detail}."
        named = self.field is None or self.field in self.detail
        field = "" if named else f" Field: {self.field}."
        return f"{detail}{field} {self.remedy}" if self.remedy else f"{detail}{field}"


class ServerError(TinyfrontError):
    """The server refused or failed; `problem` holds what it said."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class NotAllowed(ServerError):
    """No key, or a key without this right."""


class NotFound(ServerError):
    """No such study, trial or artefact."""


class Conflict(ServerError):
    """The state of the study or trial forbids it."""


class Refused(ServerError):
    """The request itself is wrong; `problem.field` names the place."""


class Unavailable(ServerError):
    """The server is there but cannot answer now."""


_BY_STATUS: Mapping[int, type[ServerError]] = {
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def server_error(problem: Problem) -> ServerError:
    """The error that belongs to a problem's status."""
    fallback = Refused if 400 <= problem.status < 500 else ServerError
    return _BY_STATUS.get(problem.status, fallback)(problem)
