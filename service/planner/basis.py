"""What a proposal was made from: with the rows of its study, enough to make it again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.planner.messages import Json, parts_of

Run = tuple[int, int]  # the first and the last of numbers that follow each other


@dataclass(frozen=True, slots=True)
class Basis:
    """The record of a thought, kept on each trial that came out of it.

    Attributes:
        designer: who was asked; not the study's where that one failed.
        history_version: the newest `finish_no` that was known.
        read_at: when the history was read; a row that was entered later was another one then.
        pending: the numbers of the trials that were proposed and not in the history, as runs.
        unscaled: the objectives whose scale was not fixed yet.
        budget: of the problem that was asked.
        seed: all that chance depended on.
        count: how many proposals were wanted.
        place: of this one among them, from 0.
        surroundings: of the process that thought, as `service.planner.surroundings` names them.
    """

    designer: str
    history_version: int
    read_at: datetime
    pending: tuple[Run, ...]
    unscaled: tuple[str, ...]
    budget: int | None
    seed: int
    count: int
    place: int
    surroundings: Mapping[str, str]

    def to_details(self) -> Json:
        """The part of a trial's details that `of_details` reads."""
        parts = parts_of(self) | {"read_at": self.read_at.isoformat()}
        shown = {name: parts.pop(name) for name in ("history_version", "seed")}
        return shown | {"basis": parts}

    @classmethod
    def of_details(cls, details: Mapping[str, Any]) -> "Basis | None":
        """Read what `to_details` wrote; None from the details of a trial without it."""
        parts = details.get("basis")
        if parts is None:
            return None
        return cls(
            **parts
            | {
                "history_version": details["history_version"],
                "seed": details["seed"],
                "read_at": datetime.fromisoformat(parts["read_at"]),
                "pending": tuple((first, last) for first, last in parts["pending"]),
                "unscaled": tuple(parts["unscaled"]),
            }
        )

    def problem(self, newest: Json) -> Json:
        """The problem that was asked, from the study's newest: scales are fixed, a budget grows."""
        objectives = [
            objective | {"scale": None} if objective["name"] in self.unscaled else objective
            for objective in newest["objectives"]
        ]
        return newest | {"objectives": objectives, "budget": self.budget}

    @property
    def pending_count(self) -> int:
        """How many trials were pending."""
        return sum(last - first + 1 for first, last in self.pending)


def runs(numbers: Sequence[int]) -> tuple[Run, ...]:
    """Write rising numbers as runs: a thousand trials that wait are mostly neighbours."""
    found: list[Run] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)
