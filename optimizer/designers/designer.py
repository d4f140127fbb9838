"""What every designer offers, and what it may keep between two calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from optimizer.history import History
from optimizer.problem import Problem
from optimizer.proposal import Proposal
from optimizer.space import Point


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a fit found out: stored as a row, named by every proposal made from it.

    `values` is plain JSON and belongs to the designer; `version` is the designer's own count of
    how it reads them. `history_version` and `observations` say what it was fitted on.
    """

    version: int
    values: Mapping[str, Any]
    history_version: int
    observations: int
    libraries: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, read by `from_json`."""
        return {
            "version": self.version,
            "values": dict(self.values),
            "history_version": self.history_version,
            "observations": self.observations,
            "libraries": dict(self.libraries),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Fitted":
        """Read what `to_json` wrote."""
        return cls(**data)


class Designer(Protocol):
    """Proposes points. Every method is a pure function of its arguments.

    `suggest` never proposes a key of the history, of `pending` or of an earlier proposal, and never
    a point whose known figures break a limit.
    """

    @property
    def name(self) -> str:
        """The word by which a study names it."""

    def check(self, problem: Problem) -> None:
        """Raise InvalidProblem where this designer cannot work on the problem."""

    def fit(self, problem: Problem, history: History, seed: int) -> Fitted | None:
        """Learn from the history; None where there is nothing to learn (yet)."""

    def suggest(
        self,
        problem: Problem,
        history: History,
        pending: Sequence[Point],
        fitted: Fitted | None,
        count: int,
        seed: int,
    ) -> list[Proposal]:
        """Propose `count` points, fewer only where no more are left or found.

        Raises:
            SpaceExhausted: where the space has no point left, or none was found in it.
            InvalidSpace: where not one point was found that keeps constraints and limits.
        """
