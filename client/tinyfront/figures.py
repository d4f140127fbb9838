"""Figures that the server describes and Plotly draws: the page and this package show the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinyfront.connection import Call, Connection
from tinyfront.errors import MissingPackage

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def figure(connection: Connection, path: str) -> Figure:
    """The figure at a path below /api/v1, ready to `.show()` or `.write_html(...)`."""
    try:
        from plotly.graph_objects import Figure  # an optional package, and slow to import
    except ImportError:
        raise MissingPackage("plotly", "plot") from None
    described = connection.json(Call("GET", path))
    # The server's Plotly may be newer than ours: what ours does not know is left out.
    return Figure(data=described.get("data"), layout=described.get("layout"), skip_invalid=True)
