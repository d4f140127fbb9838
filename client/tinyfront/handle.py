"""A study by its number, and what the server last said of it."""

from __future__ import annotations

from typing import Any, Self

from tinyfront.calls import Call
from tinyfront.calls import studies as calls
from tinyfront.connection import Connection
from tinyfront.records import StudyObjective, StudyState, state_of


class StudyHandle:
    """A study; `state` is what the server last said, `refresh()` asks again."""

    def __init__(self, connection: Connection, state: StudyState) -> None:
        self._connection = connection
        self.state = state

    @property
    def id(self) -> int:
        """The study's number on its server."""
        return self.state.id

    @property
    def name(self) -> str:
        """The study's name."""
        return self.state.name

    @property
    def status(self) -> str:
        """`active`, `paused` or `ended`, as of the last refresh."""
        return self.state.status

    @property
    def objectives(self) -> tuple[StudyObjective, ...]:
        """The objectives, complete with unit and scale."""
        return self.state.objectives

    @property
    def is_black_box(self) -> bool:
        """Whether it searches parameters, not networks."""
        return self.state.is_black_box

    def refresh(self) -> Self:
        """Ask the server for the newest state."""
        return self._take(calls.read(self.id))

    def __repr__(self) -> str:
        return (
            f"<Study {self.name}, {self.status}: {self.state.finished} of {self.state.trials} "
            f"trials, front {self.state.front_size}>"
        )

    def _ask(self, call: Call) -> Any:
        return self._connection.json(call)

    def _take(self, call: Call) -> Self:
        self.state = state_of(self._ask(call), self._connection.url)
        return self
