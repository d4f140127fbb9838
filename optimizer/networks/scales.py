"""The scales of a network study: fixed when it is created, never changed."""

from collections.abc import Mapping, Sequence

from optimizer.errors import InvalidProblem
from optimizer.networks.caps import BOUNDS_SAMPLED
from optimizer.networks.space import NetworkSpace
from optimizer.problem import Objective
from optimizer.scale import Scale
from resource_models.devices import Device
from resource_models.devices import device as device_named

# What a small microcontroller has to spare, where no device is named.
DEFAULT_BUDGET_BYTES: Mapping[str, int] = {"model_size": 64 * 1024, "working_memory": 16 * 1024}
# An error is never closer to its ideal than half an image; without a count, of so many images.
LEAST_VALIDATION = 300


def default_scales(
    space: NetworkSpace,
    objectives: Sequence[Objective],
    device: Device | str | None,
    classes: int,
    validation: int | None,
) -> dict[str, Scale]:
    """The scale of each objective, by name; what an objective has given is kept.

    Error: from half an image to half of what guessing gives. Resources: from the cheapest network
    of the space to the limit, else four times the bound, else the device's budget; operations and
    the time, energy and instructions that they take to the most that the space trains. All on a log
    scale.

    Raises:
        InvalidProblem: with the path of the field, where nothing lies between the two ends.
    """
    board = device_named(device) if isinstance(device, str) else device
    space = space.asked(objective.name for objective in objectives)
    least = space.figures(space.cheapest)
    scales = {}
    for number, objective in enumerate(objectives):
        path = f"objectives.{number}"
        if objective.role == "measured":
            ideal, reference = 0.5 / (validation or LEAST_VALIDATION), 0.5 * (1 - 1 / classes)
            source = "reference"
        else:
            ideal = float(least[objective.name])
            reference, source = _reference(objective, board, space)
        scales[objective.name] = _scale(objective, ideal, reference, f"{path}.{source}")
    return scales


def _scale(objective: Objective, ideal: float, reference: float, path: str) -> Scale:
    given = objective.given
    if objective.goal != "minimize":
        field = f"{path.rpartition('.')[0]}.goal"
        raise InvalidProblem(field, f"{objective.name} needs minimize, got {objective.goal}")
    if given.reference is not None:
        path = f"{path.rpartition('.')[0]}.reference"
    ideal = ideal if given.ideal is None else given.ideal
    reference = reference if given.reference is None else given.reference
    if reference <= ideal:
        need = f"need a reference above {ideal:g}, the best there is, got {reference:g}"
        raise InvalidProblem(path, f"{need} (from {path.rpartition('.')[2]})")
    return Scale(ideal, reference, True if given.log is None else given.log)


def _reference(
    objective: Objective, board: Device | None, space: NetworkSpace
) -> tuple[float, str]:
    """The reference of a known figure, and the field that it comes from."""
    if objective.limit is not None:
        return objective.limit, "limit"
    if objective.bound is not None:
        return BOUNDS_SAMPLED * objective.bound, "bound"
    family = objective.name.partition(":")[0]
    slowest = _slowest(space)
    if objective.name in slowest:
        return slowest[objective.name], "reference"
    if family not in DEFAULT_BUDGET_BYTES:
        return space.ranges.max_macs, "reference"
    if board is None:
        return DEFAULT_BUDGET_BYTES[family], "reference"
    budgets = {"model_size": board.flash_bytes, "working_memory": board.sram_bytes}
    return budgets[family], "reference"


def _slowest(space: NetworkSpace) -> dict[str, float]:
    """What the most operations take where they take longest; what nobody measured is left out."""
    board, macs = space.device, space.ranges.max_macs
    taken = {formula.figure: formula.dearest_per_mac() * macs for formula in space.formulas}
    if board.latency:
        taken["latency"] = max(line.latency_ms(macs) for line in board.latency)
    if board.power is not None:
        taken["energy"] = board.power.energy_mj(taken["latency"])
    return taken
