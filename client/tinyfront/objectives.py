"""What a study wants: objectives as the server reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Goal = Literal["minimize", "maximize"]


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective of a new study; build it with `minimize` or `maximize`.

    The server checks it and answers with the field that is wrong.
    """

    name: str
    goal: Goal = "minimize"
    bound: float | None = None
    limit: float | None = None
    ideal: float | None = None
    reference: float | None = None
    log: bool | None = None
    expression: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The wire form; what was not given is left to the server."""
        fields = ("bound", "limit", "ideal", "reference", "log", "expression")
        given = {field: getattr(self, field) for field in fields}
        wanted = {field: value for field, value in given.items() if value is not None}
        return {"name": self.name, "goal": self.goal, **wanted}


def minimize(  # noqa: PLR0913 - the fields of an objective, by name
    name: str,
    *,
    bound: float | None = None,
    limit: float | None = None,
    ideal: float | None = None,
    reference: float | None = None,
    log: bool | None = None,
    expression: str | None = None,
) -> Objective:
    """An objective of which less is better.

    Args:
        name: What workers report or, for networks, a known figure such as `model_size:deployed`.
        bound: Soft wish; the search prefers trials that reach it.
        limit: Hard; trials beyond it are never on the feasible front.
        ideal: Value at which nothing is left to wish for (0 of the scale).
        reference: Value from which on a trial no longer counts (1 of the scale).
        log: Whether ratios matter rather than differences.
        expression: What it is, computed from the parameters of a black box, such as `2*x + y`.
            Then nobody measures it, and a proposal beyond `limit` is never made.
    """
    return Objective(name, "minimize", bound, limit, ideal, reference, log, expression)


def maximize(  # noqa: PLR0913 - as above
    name: str,
    *,
    bound: float | None = None,
    limit: float | None = None,
    ideal: float | None = None,
    reference: float | None = None,
    log: bool | None = None,
    expression: str | None = None,
) -> Objective:
    """An objective of which more is better; the arguments are those of `minimize`."""
    return Objective(name, "maximize", bound, limit, ideal, reference, log, expression)
