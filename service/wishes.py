"""What a study wants: objectives and constraints, from its definition to its problem."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from optimizer.errors import InvalidSpace, OptimizerError
from optimizer.networks.space import NetworkSpace
from optimizer.problem import Constraint, Objective, Problem, Role
from optimizer.scale import GivenScale, Scale
from optimizer.space import Space
from resource_models.devices import DEVICES
from resource_models.errors import UnknownCore, UnknownFigure
from resource_models.footprint import canonical, figures_of, offered
from service.errors import InvalidDefinition

OBJECTIVE: Mapping[str, Any] = MappingProxyType(
    {
        "name": None,
        "goal": "minimize",
        "bound": None,
        "limit": None,
        "ideal": None,
        "reference": None,
        "log": None,
        "expression": None,
    }
)
CONSTRAINT: Mapping[str, Any] = MappingProxyType({"name": None, "limit": None, "goal": "minimize"})

Wire = Mapping[str, Any]


def hand_over(complete: dict[str, Any]) -> dict[str, str]:
    """Give the expressions of objectives to the parameter space, which computes them.

    A figure that the space knows already may be an objective, too: then it gets its expression.

    Returns:
        Where the user wrote what the space now holds: path of a field by path in the space.

    Raises:
        InvalidDefinition: a space of networks gets an expression, or two of one name differ.
    """
    space = complete["space"]
    known = space.get("known", {})
    if not isinstance(known, Mapping):
        return {}  # the space will say what is wrong
    given: dict[str, str] = {}
    written: dict[str, str] = {}
    for at, objective in enumerate(complete["objectives"]):
        name, expression = objective["name"], objective["expression"]
        if expression is not None:
            field = f"objectives.{at}.expression"
            _check_expression(expression, known.get(name, expression), field, space["kind"])
            given[name], written[f"space.known.{name}"] = expression, field
        objective["expression"] = {**known, **given}.get(name)
    if given:
        complete["space"] = {**space, "known": {**known, **given}}
    return written


def _check_expression(expression: str, known: object, field: str, kind: str) -> None:
    if kind != "parameters":
        raise InvalidDefinition(
            field, f"{field}: only a study of parameters has this, got {expression!r}."
        )
    if known != expression:
        raise InvalidDefinition(
            field, f"{field}: the space knows it as {known!r}, got {expression!r}."
        )


def refusal(error: OptimizerError, written: Mapping[str, str]) -> InvalidDefinition:
    """Say what is wrong where the user wrote it, as `hand_over` noted."""
    field = written.get(error.field, error.field)
    text = str(error).removeprefix(f"{error.field}: ")
    return InvalidDefinition(field, f"{field}: {text}" if field else text)


def limit_fields(problem: Problem) -> dict[str, str]:
    """Return where the limits of known figures were written, by the figure's path in the space."""
    named = [(o.name, f"objectives.{at}") for at, o in enumerate(problem.objectives)]
    named += [(c.name, f"constraints.{at}") for at, c in enumerate(problem.constraints)]
    return {f"space.known.{name}": f"{field}.limit" for name, field in named}


def objectives(wires: Sequence[dict[str, Any]], space: Space) -> tuple[Objective, ...]:
    """Build the objectives of a problem; their wires get the full names.

    Raises:
        InvalidDefinition: with the path of the field that is wrong.
    """
    built = tuple(_objective(wire, at, space) for at, wire in enumerate(wires))
    for wire, objective in zip(wires, built, strict=True):
        wire["name"] = objective.name
    return built


def constraints(wires: Sequence[dict[str, Any]], space: Space) -> tuple[Constraint, ...]:
    """Build the constraints of a problem; their wires get the full names.

    Raises:
        InvalidDefinition: with the path of the field that is wrong.
    """
    built = []
    for at, wire in enumerate(wires):
        wire["name"], _ = _figure(wire["name"], f"constraints.{at}.name", space)
        try:
            built.append(Constraint(**wire))
        except OptimizerError as error:
            field = f"constraints.{at}.{error.field}"
            text = str(error).removeprefix(f"{error.field}: ")
            raise InvalidDefinition(field, f"{field}: {text}") from error
    return tuple(built)


def _objective(wire: Mapping[str, Any], at: int, space: Space) -> Objective:
    name, role = _figure(wire["name"], f"objectives.{at}.name", space)
    given = GivenScale(wire["ideal"], wire["reference"], wire["log"])
    try:
        return Objective(
            name=name,
            role=role,
            goal=wire["goal"],
            bound=wire["bound"],
            limit=wire["limit"],
            scale=_given_scale(given),
            given=given,
        )
    except OptimizerError as error:
        # A scale is not a field of the wire; its reference is.
        field = f"objectives.{at}.{error.field.replace('scale', 'reference')}"
        text = str(error).removeprefix(f"{error.field}: ")
        raise InvalidDefinition(field, f"{field}: {text}") from error


def _given_scale(given: GivenScale) -> Scale | None:
    """The scale that the user fixed; None where a default or the initial design has a say."""
    if given.ideal is None or given.reference is None:
        return None
    return Scale(given.ideal, given.reference, bool(given.log))


def _figure(name: str, field: str, space: Space) -> tuple[str, Role]:
    """Return the full name of a figure and whether it is measured or known."""
    if space.measured_names is None:
        return name, "known" if name in space.known_names else "measured"
    if name in space.measured_names:
        return name, "measured"
    assert isinstance(space, NetworkSpace)
    try:
        figure = canonical(name, space.device)
    except UnknownFigure as error:
        possible = ", ".join([*space.measured_names, *offered(space.device)])
        raise InvalidDefinition(field, f"{field}: need one of {possible}, got {name!r}.") from error
    except UnknownCore as error:
        raise InvalidDefinition(
            field,
            f"{field}: instructions were not counted on {error.name}; need a core of "
            f"{', '.join(error.known)}, or a device that has one, got {name!r}.",
            f"Name the core, as in instructions@{error.known[0]}, or leave it out.",
        ) from error
    try:
        known = space.asked([figure]).known_names
    except InvalidSpace as error:
        raise InvalidDefinition(
            field, f"{field}: {error}.", f"Leave {figure} out, or take weights of 8 bits."
        ) from error
    if figure not in known:
        able = ", ".join(board for board in DEVICES if figure in figures_of(DEVICES[board]))
        raise InvalidDefinition(
            field,
            f"{field}: nobody has measured what {figure} takes on this study's device; it is known "
            f"for {able}.",
            f"Choose one of these devices, or leave {figure} out.",
        )
    return figure, "known"
