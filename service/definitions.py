"""From the definition of a study to the problem that its designer is asked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optimizer.designers import DESIGNERS, designer
from optimizer.errors import OptimizerError
from optimizer.networks.board import DEFAULT_DEVICE
from optimizer.networks.scales import default_scales
from optimizer.networks.space import NetworkSpace
from optimizer.problem import Objective, Problem
from optimizer.scale import GivenScale, Scale
from optimizer.space import NETWORK_KINDS, Space, space_from_json
from resource_models.devices import DEVICES
from resource_models.errors import UnknownFigure
from resource_models.footprint import canonical, figures_of
from service.errors import InvalidDefinition
from service.states import Kind

DEFAULTS: Mapping[str, Any] = {
    "name": None,
    "space": None,
    "objectives": (),
    "data": None,
    "binary": None,
    "device": None,
    "designer": "bayes",
    "trials": None,
    "training": {},
    "seed": 0,
    "ahead": 0,
    "think_s": 5.0,
    "max_attempts": 3,
    "confirm": None,
}
CONFIRM_DEFAULTS: Mapping[str, Any] = {"networks": 20, "seeds": 3}
OBJECTIVE_DEFAULTS: Mapping[str, Any] = {
    "name": None,
    "goal": "minimize",
    "bound": None,
    "limit": None,
    "ideal": None,
    "reference": None,
    "log": None,
}
SPACE_KINDS = {"parameters": Kind.PARAMETERS, **dict.fromkeys(NETWORK_KINDS, Kind.NETWORK)}
BINARY_CLASSES = 2
# Asked whether they can work on a problem when the study is created. Not `bayes`: it works on every
# problem, and asking it would load torch into the process that serves requests.
CHECKED_DESIGNERS = frozenset(DESIGNERS) - {"bayes"}

Facts = Mapping[str, Any]  # a data set as workers announce it


@dataclass(frozen=True, slots=True)
class Prepared:
    """A definition with all defaults, and the problem it stands for."""

    kind: Kind
    definition: dict[str, Any]
    problem: Problem
    data: dict[str, Any] | None


def prepare(definition: Mapping[str, Any], facts_of: Callable[[str], Facts]) -> Prepared:
    """Fill in the defaults of a definition and build its problem.

    Args:
        definition: a StudyCreate as JSON; fields may be missing.
        facts_of: returns the facts of a data set by its name, or raises InvalidDefinition.

    Raises:
        InvalidDefinition: with the path of the field that is wrong.
    """
    complete = _complete(definition)
    space = complete["space"]
    kind = _kind_of(space)
    try:
        data = _data(complete, facts_of) if kind is Kind.NETWORK else None
        if data is None:
            _refuse_network_fields(complete)
        built = _space(complete, data)
        complete["space"] = built.to_json()
        complete["training"] = built.context().get("training", {})
        problem = _problem(complete, built, data)
        _check_designer(complete["designer"], problem)
    except OptimizerError as error:
        raise InvalidDefinition(error.field, str(error)) from error
    return Prepared(kind, complete, problem, data)


def first_difference(old: Any, new: Any, path: str = "") -> str | None:
    """Return the path of the first field in which two definitions differ; None if in none."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        pairs = [(str(key), old.get(key), new.get(key)) for key in _keys(old, new)]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = [(str(at), a, b) for at, (a, b) in enumerate(zip(old, new, strict=True))]
    else:
        return None if old == new else path
    prefix = f"{path}." if path else ""
    found = (first_difference(a, b, f"{prefix}{key}") for key, a, b in pairs)
    return next((place for place in found if place is not None), None)


def _keys(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    yield from old
    yield from (key for key in new if key not in old)


def _kind_of(space: Any) -> Kind:
    """Say what a space asks of workers; told apart first, since the other fields depend on it."""
    name = space.get("kind") if isinstance(space, Mapping) else None
    if not isinstance(name, str) or name not in SPACE_KINDS:
        known = ", ".join(SPACE_KINDS)
        raise InvalidDefinition("space.kind", f"space.kind: need one of {known}, got {name!r}.")
    return SPACE_KINDS[name]


def _complete(definition: Mapping[str, Any]) -> dict[str, Any]:
    complete = {**DEFAULTS, **definition}
    complete["training"] = dict(complete["training"] or {})
    if complete["confirm"] is not None:
        complete["confirm"] = {**CONFIRM_DEFAULTS, **complete["confirm"]}
    complete["objectives"] = [
        {**OBJECTIVE_DEFAULTS, **objective} for objective in complete["objectives"]
    ]
    return complete


def _refuse_network_fields(complete: Mapping[str, Any]) -> None:
    """Refuse the fields that only networks have."""
    for field in ("data", "binary", "device", "training", "confirm"):
        if complete[field] not in (None, "", {}):
            raise InvalidDefinition(
                field,
                f"{field}: only a space of networks has this, got {complete[field]!r} "
                "beside a parameter space.",
                f"Leave {field} out, or choose a space of networks: {', '.join(NETWORK_KINDS)}.",
            )


def _data(complete: dict[str, Any], facts_of: Callable[[str], Facts]) -> dict[str, Any]:
    complete["device"] = complete["device"] or DEFAULT_DEVICE
    if complete["device"] not in DEVICES:
        raise InvalidDefinition(
            "device", f"device: need one of {', '.join(DEVICES)}, got {complete['device']!r}."
        )
    name = complete["data"]
    if not name:
        raise InvalidDefinition(
            "data",
            "data: a study of networks needs the name of a data set, got none.",
            'Name one that a worker holds, such as "digits".',
        )
    facts = dict(facts_of(name))
    _check_binary(complete["binary"], facts)
    return facts


def _check_binary(below: Any, data: Facts) -> None:
    """Refuse a split of the classes that leaves one side empty."""
    classes = data["classes"]
    if below is None or (type(below) is int and 1 <= below < classes):
        return
    raise InvalidDefinition(
        "binary",
        f"binary: need a whole number from 1 to {classes - 1}, since {data['name']} has {classes} "
        f"classes, got {below!r}.",
        "Labels below it become one class, all others the second; leave it out for all classes.",
    )


def _classes(complete: Mapping[str, Any], data: Facts) -> int:
    """Return how many classes the networks of a study tell apart."""
    return int(data["classes"]) if complete["binary"] is None else BINARY_CLASSES


def _space(complete: Mapping[str, Any], data: Facts | None) -> Space:
    if data is None:
        return space_from_json(complete["space"])
    return space_from_json(
        complete["space"],
        input_shape=data["shape"],
        classes=_classes(complete, data),
        device=complete["device"],
        training=complete["training"],
        train_images=data["train"],
    )


def _problem(complete: dict[str, Any], space: Space, data: Facts | None) -> Problem:
    objectives = [_objective(o, at, space) for at, o in enumerate(complete["objectives"])]
    for wire, objective in zip(complete["objectives"], objectives, strict=True):
        wire["name"] = objective.name
    problem = Problem(
        space,
        tuple(objectives),
        validation=None if data is None else data["validation"],
        seed=complete["seed"],
    )
    if data is None:
        return problem
    assert isinstance(space, NetworkSpace)
    classes = _classes(complete, data)
    scales = default_scales(
        space, problem.objectives, complete["device"], classes, data["validation"]
    )
    return problem.with_scales(scales)


def _objective(wire: Mapping[str, Any], at: int, space: Space) -> Objective:
    name, role = _figure(wire["name"], at, space)
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


def _figure(name: str, at: int, space: Space) -> tuple[str, Any]:
    """Return the full name of a figure and whether it is measured or known."""
    if space.measured_names is None or name in space.measured_names:
        return name, "measured"
    field = f"objectives.{at}.name"
    try:
        figure = canonical(name)
    except UnknownFigure as error:
        possible = ", ".join([*space.measured_names, *space.known_names])
        raise InvalidDefinition(field, f"{field}: need one of {possible}, got {name!r}.") from error
    if figure not in space.known_names:
        able = ", ".join(board for board in DEVICES if figure in figures_of(DEVICES[board]))
        raise InvalidDefinition(
            field,
            f"{field}: nobody has measured what {figure} takes on this study's device; it is known "
            f"for {able}.",
            f"Choose one of these devices, or leave {figure} out.",
        )
    return figure, "known"


def _check_designer(name: str, problem: Problem) -> None:
    if name not in DESIGNERS:
        raise InvalidDefinition(
            "designer", f"designer: need one of {', '.join(DESIGNERS)}, got {name!r}."
        )
    if name in CHECKED_DESIGNERS:
        designer(name).check(problem)


def usable(name: str, announced: Sequence[Facts]) -> Facts:
    """Choose a data set among the announced ones.

    Raises:
        InvalidDefinition: nobody announced it, or whoever did cannot use it.
    """
    found = next((item for item in announced if item["name"] == name), None)
    if found is None:
        held = ", ".join(sorted(item["name"] for item in announced)) or "nothing yet"
        raise InvalidDefinition(
            "data",
            f"data: no worker holds {name!r}; the workers hold {held}.",
            "Start a worker that has it: tinyfront-server worker --server URL --data-dir FOLDER "
            f"(with {name}.npz in that folder).",
        )
    if found.get("problem"):
        raise InvalidDefinition(
            "data",
            f"data: {name!r} cannot be used: {found['problem']}",
            "Correct the file and start the worker again.",
        )
    return found
