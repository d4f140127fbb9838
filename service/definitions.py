"""From the definition of a study to the problem that its designer is asked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optimizer.designers import DESIGNERS, NEED_TORCH, designer
from optimizer.designers.options import check_options
from optimizer.errors import InvalidSpace, OptimizerError
from optimizer.networks.board import DEFAULT_DEVICE
from optimizer.networks.scales import default_scales
from optimizer.networks.space import NetworkSpace
from optimizer.parameter_space import ParameterSpace
from optimizer.problem import Problem
from optimizer.space import NETWORK_KINDS, Space, space_from_json
from resource_models.devices import DEVICES
from service import endings, wishes
from service.errors import InvalidDefinition
from service.states import Kind

DEFAULTS: Mapping[str, Any] = {
    "name": None,
    "space": None,
    "objectives": (),
    "constraints": [],
    "data": None,
    "binary": None,
    "device": None,
    "needs": None,
    "designer": "bayes",
    "designer_options": {},
    "trials": None,
    **endings.DEFAULTS,
    "training": {},
    "seed": 0,
    "ahead": 0,
    "think_s": 5.0,
    "max_attempts": 3,
    "confirm": None,
}
NEEDS_DEFAULTS: Mapping[str, Any] = {"accelerator": None, "memory_mib": None}
CONFIRM_DEFAULTS: Mapping[str, Any] = {"networks": 20, "seeds": 3}
SPACE_KINDS = {"parameters": Kind.PARAMETERS, **dict.fromkeys(NETWORK_KINDS, Kind.NETWORK)}
BINARY_CLASSES = 2
# Asked whether they can work on a problem when the study is created. Not those that need torch:
# asking them would load it into the process that serves requests.
CHECKED_DESIGNERS = frozenset(DESIGNERS) - NEED_TORCH

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
    written: Mapping[str, str] = {}
    try:
        data = _data(complete, facts_of) if kind is Kind.NETWORK else None
        if data is None:
            _refuse_network_fields(complete)
        written = wishes.hand_over(complete)
        built = _space(complete, data)
        complete["space"] = built.to_json()
        complete["training"] = built.context().get("training", {})
        complete |= endings.completed(complete, kind)
        problem = _problem(complete, built, data)
        _check_designer(complete["designer"], problem)
    except OptimizerError as error:
        raise wishes.refusal(error, written) from error
    return Prepared(kind, complete, problem, data)


def check_points(definition: Mapping[str, Any]) -> None:
    """Refuse constraints and limits that no point keeps. Takes up to a second: no transaction.

    Raises:
        InvalidDefinition: as `prepare`, or there is no such point.
    """
    if _kind_of(definition["space"]) is not Kind.PARAMETERS:
        return
    prepared = prepare(definition, _no_facts)
    space = prepared.problem.space
    assert isinstance(space, ParameterSpace)
    try:
        space.check()
    except InvalidSpace as error:
        raise wishes.refusal(error, wishes.limit_fields(prepared.problem)) from error


def _no_facts(name: str) -> Facts:
    raise AssertionError(f"a parameter space has no data, not even {name}")


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
    for field in ("training", "designer_options"):
        complete[field] = dict(complete[field] or {})
    if complete["needs"] is not None:
        complete["needs"] = {**NEEDS_DEFAULTS, **complete["needs"]}
    if complete["confirm"] is not None:
        complete["confirm"] = {**CONFIRM_DEFAULTS, **complete["confirm"]}
    complete["objectives"] = [{**wishes.OBJECTIVE, **each} for each in complete["objectives"]]
    complete["constraints"] = [{**wishes.CONSTRAINT, **each} for each in complete["constraints"]]
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
        stops=complete["stopping"] is not None,
    )


def _problem(complete: dict[str, Any], space: Space, data: Facts | None) -> Problem:
    problem = Problem(
        space,
        wishes.objectives(complete["objectives"], space),
        validation=None if data is None else data["validation"],
        seed=complete["seed"],
        constraints=wishes.constraints(complete["constraints"], space),
        budget=complete["trials"],
        options=complete["designer_options"],
    )
    if data is None:
        return problem
    assert isinstance(space, NetworkSpace)
    classes = _classes(complete, data)
    scales = default_scales(
        space, problem.objectives, complete["device"], classes, data["validation"]
    )
    return problem.with_scales(scales)


def _check_designer(name: str, problem: Problem) -> None:
    if name not in DESIGNERS:
        raise InvalidDefinition(
            "designer", f"designer: need one of {', '.join(DESIGNERS)}, got {name!r}."
        )
    if name in CHECKED_DESIGNERS:
        designer(name).check(problem)
    else:
        check_options(name, problem)


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
