"""The figure `instructions@CORE`: what one inference takes on a core, by the formula of `counted`.

It tells of our C project, built with `-O3`, and follows from the network alone: exact as a formula,
an estimate of what an emulator would count. A study keeps the costs that it began with, so that a
later fit changes none of its figures.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from resource_models.counted import Coefficients, coefficients, cores, instructions_on
from resource_models.devices import DEVICES, Device
from resource_models.errors import InvalidFormula, UnknownCore
from resource_models.graph import Graph
from resource_models.nodes import DepthwiseConv2d, Input
from resource_models.weights import Weights, macs, weights

FAMILY = "instructions"
AT = "@"
# Arm's own names: with and without an FPU a core has the same integer instructions, and the M0+
# those of the M0.
CORE = re.compile(r"(?:cortex-)?(?P<core>m\d+)[f+]?", re.IGNORECASE)
FormulaJson = Mapping[str, Mapping[str, Iterable[float]]]


@dataclass(frozen=True, slots=True)
class Formula:
    """What each step of each kernel costs on a core."""

    core: str
    costs: Coefficients = field(hash=False)

    @classmethod
    def fitted(cls, core: str) -> "Formula":
        """The formula of this release; `UnknownCore` where nothing was counted."""
        return cls(core, coefficients(core))

    @property
    def figure(self) -> str:
        """The full name of what it tells."""
        return f"{FAMILY}{AT}{self.core}"

    def count(self, graph: Graph, found: Mapping[str, Weights]) -> int:
        """Instructions of one inference of a network with these weights."""
        return sum(instructions_on(graph, self.core, found, self.costs).values())

    def dearest_per_mac(self) -> float:
        """What a multiply-accumulate takes where it takes most: in a depthwise layer."""
        layer = Graph((Input("x", (16, 16, 16)), DepthwiseConv2d("d", ("x",), (3, 3))))
        found = weights(layer)
        return self.count(layer, found) / macs(layer, found)


def formulas_to_json(formulas: Iterable[Formula]) -> dict[str, Any]:
    """The costs by core, as `formulas_from_json` reads them."""
    return {
        each.core: {form: list(costs) for form, costs in each.costs.items()} for each in formulas
    }


def formulas_from_json(told: Any) -> tuple[Formula, ...]:
    """Read the costs that a study began with.

    Kernels that this release counts otherwise have the costs of this release.

    Raises:
        InvalidFormula: they are no costs.
        UnknownCore: this release does not know the core.
    """
    if not isinstance(told, Mapping):
        raise InvalidFormula(FAMILY, f"need costs by core, got {type(told).__name__}.")
    return tuple(_formula(core, forms) for core, forms in told.items())


def is_instructions(name: str) -> bool:
    """Whether a figure, by its full name or a short one, counts instructions."""
    return name.partition(AT)[0] == FAMILY


def core_of(word: str) -> str:
    """The core that is meant: `m4`, `cortex-m4`, `Cortex-M4F`, or the name of a device.

    Raises:
        UnknownCore: nothing was counted on it; the message names the cores there are.
    """
    device = DEVICES.get(word)
    match = CORE.fullmatch(word if device is None else device.core)
    core = None if match is None else match["core"].lower()
    if core not in cores():
        raise UnknownCore(word if device is None else f"{word} ({device.core})", cores())
    return core


def figure_for(device: Device) -> str | None:
    """The figure on a device's own core; None where nothing was counted."""
    try:
        return f"{FAMILY}{AT}{core_of(device.core)}"
    except UnknownCore:
        return None


def full_name(name: str, device: Device | None) -> str:
    """The full name of a figure of this family; without a core, that of the device is meant.

    Raises:
        UnknownCore: nothing was counted on it.
    """
    _, at, word = name.partition(AT)
    if not at and device is not None:
        word = device.core
    return f"{FAMILY}{AT}{core_of(word)}"


def _formula(core: Any, forms: Any) -> Formula:
    if not isinstance(forms, Mapping):
        raise InvalidFormula(f"{FAMILY}.{core}", f"need costs by form, got {type(forms).__name__}.")
    own = {form: _costs(f"{FAMILY}.{core}.{form}", costs) for form, costs in forms.items()}
    return Formula(
        core,
        {
            form: own[form] if len(own.get(form, ())) == len(now) else now
            for form, now in coefficients(core).items()
        },
    )


def _costs(field: str, costs: Any) -> tuple[float, ...]:
    if not isinstance(costs, list) or not all(map(_is_cost, costs)):
        raise InvalidFormula(field, f"need numbers from 0, got {costs!r:.100}.")
    return tuple(map(float, costs))


def _is_cost(cost: Any) -> bool:
    return type(cost) in (int, float) and math.isfinite(cost) and cost >= 0
