"""What is asked of a fleet, and how much of it fits a cluster."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from worker.fleet.errors import NoRoom

# With the number of a berth and of a slot it is a name of a worker, which has up to 64 letters.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,49}")
MOST_BERTHS, MOST_SLOTS = 99_999, 64
# What is left of a node is counted in steps: Ray's own are of a ten-thousandth.
STEP = 1e-4


class InvalidPlan(ValueError):
    """An option that cannot be; the message names it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many berths a fleet has, and what each holds.

    A berth is a Ray actor with processors and a share of a GPU; in each of its slots works one
    worker. `least` and `most` bound how many berths there are, `berths` is how many at first.
    """

    name: str
    berths: int
    least: int
    most: int
    cpus: float = 1.0
    gpus: float = 0.0
    slots: int = 1

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise InvalidPlan(
                f"--name: need up to 50 letters, digits, . _ and -, got {self.name!r}."
            )
        if not 1 <= self.least <= self.berths <= self.most <= MOST_BERTHS:
            raise InvalidPlan(
                "--workers: need 1 <= --min <= --workers <= --max <= "
                f"{MOST_BERTHS}, got {self.least}, {self.berths}, {self.most}."
            )
        if not (math.isfinite(self.cpus) and self.cpus >= 0):
            raise InvalidPlan(f"--cpus: need a number from 0, got {self.cpus:g}.")
        if not 0 <= self.gpus <= 1:
            raise InvalidPlan(f"--gpus: a worker uses one GPU or a part of it, got {self.gpus:g}.")
        if self.cpus + self.gpus < STEP:
            raise InvalidPlan(f"--cpus: need more than 0 without --gpus, got {self.cpus:g}.")
        if not 1 <= self.slots <= MOST_SLOTS:
            raise InvalidPlan(f"--slots: need 1 to {MOST_SLOTS}, got {self.slots}.")

    @property
    def threads(self) -> int:
        """Of one training."""
        return max(1, int(self.cpus) // self.slots)

    @property
    def accelerator(self) -> str:
        """What its workers train on."""
        return "cuda" if self.gpus else "cpu"

    @property
    def share(self) -> float:
        """The part of a GPU's memory that one worker may count on."""
        return self.gpus / self.slots if self.gpus else 1.0

    def berth(self, number: int) -> str:
        """The name of a berth."""
        return f"{self.name}-{number}"

    def workers(self, number: int) -> list[str]:
        """The names of the workers of a berth."""
        berth = self.berth(number)
        return [berth] if self.slots == 1 else [f"{berth}.{slot}" for slot in range(self.slots)]


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of the cluster, and all that it has, taken or not."""

    name: str
    address: str
    cpus: float
    gpus: float

    def room(self, plan: Plan) -> int:
        """How many berths fit it, if nothing else were there."""
        fits = [
            math.floor((there + STEP) / wanted)
            for there, wanted in ((self.cpus, plan.cpus), (self.gpus, plan.gpus))
            if wanted
        ]
        return min(fits)


def room(nodes: Sequence[Node], plan: Plan) -> int:
    """How many berths of a plan the nodes can hold.

    Raises:
        NoRoom: fewer than the plan's least.
    """
    total = sum(node.room(plan) for node in nodes)
    if total < plan.least:
        asked = f"{plan.cpus:g} CPU and {plan.gpus:g} GPU"
        there = "; ".join(f"{n.name} has {n.cpus:g} CPU, {n.gpus:g} GPU" for n in nodes)
        raise NoRoom(
            f"The cluster has room for {total} of {plan.least} workers with {asked} each: {there}. "
            "Ask for fewer or smaller ones, or add nodes."
        )
    return total
