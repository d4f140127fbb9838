"""Log lines of a worker: readable on a terminal, one JSON object each elsewhere."""

import logging
import sys
from collections.abc import Mapping

import structlog

NAMED = ("study", "trial", "attempt")  # beside them libraries add what nobody asked for
VARIABLE = "TINYFRONT_LOG"  # the server's, too: json, text, or auto


def set_up(environ: Mapping[str, str]) -> None:
    """Send the logs of all libraries to standard error, in the style that the variable names.

    Raises:
        ValueError: there is no such style.
    """
    style = environ.get(VARIABLE, "auto")
    if style not in {"auto", "json", "text"}:
        raise ValueError(f"{VARIABLE}: need auto, json or text, got {style!r}.")
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    if style == "json" or (style == "auto" and not sys.stderr.isatty()):
        formatter = structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(NAMED),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("httpx").setLevel(logging.WARNING)
