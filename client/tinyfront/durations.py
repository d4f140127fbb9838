"""How long something may take: seconds, or text such as `90s`, `30m`, `1h`, `2d`."""

from __future__ import annotations

import math
import re

from tinyfront.errors import InvalidArgument

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(field: str, duration: float | str) -> float:
    """Read a duration; `field` names it in the error."""
    wrong = InvalidArgument(field, f"need seconds above 0 or text like '1h', got {duration!r}.")
    if isinstance(duration, str):
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd])", duration.strip())
        if match is None:
            raise wrong
        duration = float(match[1]) * SECONDS[match[2]]
    if not (isinstance(duration, int | float) and math.isfinite(duration) and duration > 0):
        raise wrong
    return float(duration)
