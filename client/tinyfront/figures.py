"""Figures that the server describes and Plotly draws: the page and this package show the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinyfront.calls import Call
from tinyfront.connection import Connection
from tinyfront.errors import InvalidArgument, MissingPackage, NotFound

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

# What this release knows by name; a newer server may draw more.
STUDY_FIGURES = (
    "front",
    "front3d",
    "hypervolume",
    "parallel",
    "importance",
    "timeline",
    "thinking",
)
TRIAL_FIGURES = ("learning", "memory")


def figure(connection: Connection, call: Call, known: tuple[str, ...] = STUDY_FIGURES) -> Figure:
    """The figure that a call asks for, ready to `.show()` or `.write_html(...)`.

    Raises:
        InvalidArgument: the server draws no such figure.
        MissingPackage: Plotly is not installed.
    """
    try:
        from plotly.graph_objects import Figure  # an optional package, and slow to import
    except ImportError:
        raise MissingPackage("plotly", "plot") from None
    try:
        described = connection.json(call)
    except NotFound:
        name = call.path.rsplit("/", 1)[-1]
        if name in known:  # the study or the trial is gone, or the server is older
            raise
        need = f"this server draws no {name!r}; need one of {', '.join(known)}."
        raise InvalidArgument("name", need) from None
    # The server's Plotly may be newer than ours: what ours does not know is left out.
    return Figure(data=described.get("data"), layout=described.get("layout"), skip_invalid=True)
