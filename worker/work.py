"""What the server asks of a worker for one trial, checked when built."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from resource_models.devices import Device
from resource_models.errors import (
    InvalidDevice,
    InvalidFormula,
    InvalidGraph,
    UnknownCore,
    UnknownKind,
)
from resource_models.graph import Graph
from resource_models.instructions import Formula, formulas_from_json
from worker.errors import Infeasible, UnsupportedWork
from worker.pruning.recipe import Pruning
from worker.recipe import Recipe

ERROR, TEST_ERROR = "error", "test_error"
# Of the network before it became integers, beside the error of these.
FLOAT_ERROR, FLOAT_TEST_ERROR = "error:float", "test_error:float"
# Measured on samples; all other names are figures of the network.
METRICS = (ERROR, TEST_ERROR, FLOAT_ERROR)
SEARCH, CONFIRM = "search", "confirm"
SEEDS = 2**63  # what torch accepts


@dataclass(frozen=True, slots=True)
class Work:
    """One network to train, and on what.

    `metrics` are the objectives that the server wants measured. For a network that is pruned they
    hold figures of `resource_models` on `device` and by `formulas`, too: what the network costs
    after the cut is only known then. `binary` makes two classes of the data: labels below it, and
    the others. `inherits` says that the weights of a parent come with the work. `confirms` says
    that the network was chosen before: it is trained from scratch, and the test set is read at the
    end.
    """

    graph: Graph
    recipe: Recipe
    data: str
    data_sha256: str
    split_sha256: str
    seed: int
    pruning: Pruning | None = None
    inherits: bool = False
    binary: int | None = None
    device: Device | None = None
    formulas: tuple[Formula, ...] = ()
    metrics: tuple[str, ...] = field(default=(ERROR,))
    confirms: bool = False

    def __post_init__(self) -> None:
        if type(self.seed) is not int or not 0 <= self.seed < SEEDS:
            raise UnsupportedWork(f"seed: need a whole number from 0 below 2**63, got {self.seed}.")
        if self.binary is not None and (type(self.binary) is not int or self.binary < 1):
            raise UnsupportedWork(f"binary: need a whole number from 1, got {self.binary!r}.")
        if self.confirms is not (TEST_ERROR in self.metrics):
            raise UnsupportedWork("metrics: need test_error of a confirm run, and of no other.")
        if self.confirms and self.inherits:
            raise UnsupportedWork("parent: a confirm run begins from scratch.")
        for name in self.metrics:
            if name not in METRICS and self.pruning is None:
                raise UnsupportedWork(f"metrics: this worker measures no {name!r}.")

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Work":
        """Read the work of a lease.

        Fields that say nothing new to a worker (replicate) are left alone. What changes the result
        and is not known here raises `UnsupportedWork`; a network that cannot exist raises
        `Infeasible`.
        """
        if value.get("kind") != "network":
            raise UnsupportedWork(f"kind: this worker trains networks, got {value.get('kind')!r}.")
        try:
            graph = Graph.from_json(value["graph"])
            recipe = Recipe.from_json(value["training"])
            named = {name: value[name] for name in ("data", "data_sha256", "split_sha256", "seed")}
        except KeyError as missing:
            raise UnsupportedWork(f"{missing.args[0]} is missing from the work.") from missing
        except UnknownKind as unknown:
            raise UnsupportedWork(f"graph: {unknown}") from unknown
        except InvalidGraph as invalid:
            raise Infeasible(f"The network cannot be built: {invalid}") from invalid
        purpose = value.get("purpose", SEARCH)
        if purpose not in (SEARCH, CONFIRM):
            raise UnsupportedWork(f"purpose: need {SEARCH} or {CONFIRM}, got {purpose!r}.")
        pruning = value.get("pruning")
        return cls(
            graph=graph,
            recipe=recipe,
            pruning=None if pruning is None else Pruning.from_json(pruning),
            inherits=value.get("parent") is not None,
            binary=value.get("binary"),
            device=_device(value.get("device")),
            formulas=_formulas(value.get("instructions")),
            metrics=tuple(value.get("metrics", (ERROR,))),
            confirms=purpose == CONFIRM,
            **named,
        )


def _device(value: Any) -> Device | None:
    try:
        return None if value is None else Device.from_json(value)
    except InvalidDevice as invalid:
        raise UnsupportedWork(f"device: {invalid}") from invalid


def _formulas(value: Any) -> tuple[Formula, ...]:
    try:
        return () if value is None else formulas_from_json(value)
    except (InvalidFormula, UnknownCore) as invalid:
        raise UnsupportedWork(f"instructions: {invalid}") from invalid
