"""Log lines: readable on a terminal, JSON elsewhere; set up once, by the entry points.

A line that is written while a request is answered names the request, and the study, trial and
attempt of its address. Query values, headers and bodies are never logged: they may hold secrets.
"""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any, Literal

import structlog

Style = Literal["auto", "json", "text"]

# What stands in an address, by its name there.
NAMED = {"study": "study", "trial_id": "trial", "attempt_id": "attempt"}

# The scope of the request that this task, or a thread that works for it, answers.
_request: ContextVar[Mapping[str, Any] | None] = ContextVar("tinyfront_request", default=None)
_request_id: ContextVar[str | None] = ContextVar("tinyfront_request_id", default=None)


def begin_request(request_id: str, scope: Mapping[str, Any]) -> None:
    """Let all lines of this task name a request; a server answers each in a task of its own."""
    _request_id.set(request_id)
    _request.set(scope)


def request_id() -> str | None:
    """Return the id of the request that is being answered; None outside of requests."""
    return _request_id.get()


def whereabouts(scope: Mapping[str, Any]) -> dict[str, str]:
    """Return study, trial and attempt of a request's address, once it has been routed."""
    given = scope.get("path_params") or {}
    return {word: str(given[name]) for name, word in NAMED.items() if name in given}


def _name_request(
    _logger: Any, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    scope = _request.get()
    if scope is not None:
        line.setdefault("request_id", _request_id.get())
        for word, value in whereabouts(scope).items():
            line.setdefault(word, value)
    return line


def set_up(style: Style = "auto", level: int = logging.INFO) -> None:
    """Send the logs of all libraries to standard error.

    Args:
        style: `json` is one object per line, `text` for people; `auto` is text on a terminal.
        level: what is less than this is left out.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        _without_colours,
        _name_request,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_last(style == "text" or (style == "auto" and sys.stderr.isatty())),
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # No line shows these, so none needs to find them out.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for noisy in ("uvicorn.access", "alembic", "httpx"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _without_colours(
    _logger: Any, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    line.pop("color_message", None)  # uvicorn says everything twice
    return line


def _last(text: bool) -> list[structlog.typing.Processor]:
    if text:
        return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
