"""What the worker of a trial is told."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from optimizer.problem import Problem
from optimizer.space import Point
from service import needs
from service.states import SEARCH

# What a confirm run measures, whatever the study asks for.
CONFIRMED = ("error", "test_error")


@dataclass(frozen=True, slots=True)
class Common:
    """What all trials of a study have in common: the problem, the facts of its data, its classes.

    `data` is None of a black box; `binary` is the label below which all are one class, or None.
    """

    problem: Problem
    data: Mapping[str, Any] | None
    binary: int | None

    def work(
        self, number: int, point: Point, known: Iterable[str], purpose: str, replicate: int
    ) -> dict[str, Any]:
        """Return what the worker of a trial is told, but for the place of its parent's files.

        Args:
            number: of the trial in its study.
            point: what is tried.
            known: the names of the figures that are known of it.
            purpose: why it is run.
            replicate: how many equal trials came before it.
        """
        work = {**self.problem.space.work(point), "purpose": purpose, "replicate": replicate}
        measured = self.problem.reported if purpose == SEARCH else CONFIRMED
        # What a pruned network costs is only known after the cut; before that, figures are
        # predictions.
        pruned = needs.of(work) & needs.PRUNING
        work["metrics"] = [*measured, *known] if pruned else list(measured)
        if self.data is not None:
            work["data"] = self.data["name"]
            work["data_sha256"] = self.data["sha256"]
            work["split_sha256"] = self.data["split_sha256"]
            work["seed"] = _training_seed(self.problem.seed, number, replicate)
        if self.binary is not None:
            work["binary"] = self.binary
        return work


def _training_seed(seed: int, number: int, replicate: int) -> int:
    """A seed of 31 bits, the same for every attempt at a trial."""
    digest = hashlib.sha256(f"{seed}/{number}/{replicate}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
