"""Who is asking."""

from __future__ import annotations

from tinyfront.calls import Call


def session() -> Call:
    """Whose key is used, and what it may do."""
    return Call("GET", "/session")
