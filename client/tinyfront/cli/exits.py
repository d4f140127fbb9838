"""The exit codes of `tinyfront`: scripts branch on them, so none of them changes its meaning."""

from __future__ import annotations

from tinyfront.errors import (
    Conflict,
    InvalidArgument,
    NoNetwork,
    NotAllowed,
    NotFound,
    NothingFits,
    ServerUnreachable,
    Unavailable,
    WaitTimeout,
)

FAILED = 1
WRONG_USE = 2
AWAY = 3
NOT_ALLOWED = 4
NOT_FOUND = 5
CONFLICT = 6
NOT_YET = 7
FAILS = 8
INTERRUPTED = 130  # as shells report a command ended by Ctrl-C
PIPE_CLOSED = 141  # and one whose reader went away

MEANING = {
    0: "it is done",
    FAILED: "the server refused or failed, or a file cannot be written",
    WRONG_USE: "wrong options, or a config file that cannot be used",
    AWAY: "no answer from the server: try again later",
    NOT_ALLOWED: "no key, or one without this right",
    NOT_FOUND: "no such study, trial or file, or nothing that fits",
    CONFLICT: "the state of things forbids it, such as a name that is taken",
    NOT_YET: "the study has not ended within --timeout",
    FAILS: "a network fails its verification, or does not reach --need",
    INTERRUPTED: "interrupted by Ctrl-C; what the server does goes on",
    PIPE_CLOSED: "whoever read the output closed it",
}

_CODES: tuple[tuple[type[Exception], int], ...] = (
    (InvalidArgument, WRONG_USE),
    (ServerUnreachable, AWAY),
    (Unavailable, AWAY),
    (NotAllowed, NOT_ALLOWED),
    (NotFound, NOT_FOUND),
    (NoNetwork, NOT_FOUND),
    (NothingFits, NOT_FOUND),
    (Conflict, CONFLICT),
    (WaitTimeout, NOT_YET),
)


def code_of(error: Exception) -> int:
    """The exit code that an error ends a command with."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)


def line_of(error: Exception) -> str:
    """An error in one line; of one of the system, the file and what is wrong with it."""
    text = str(error)
    if isinstance(error, OSError) and error.strerror is not None:
        named = error.filename2 or error.filename
        text = f"{'' if named is None else f'{named}: '}{error.strerror}."
    return " ".join(text.split())
