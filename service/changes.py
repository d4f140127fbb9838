"""What a morph changed: two points of a network space, told apart in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from optimizer.space import Point

THINGS = {"b": "block", "l": "layer", "d": "dense layer"}
# Whose weights it inherits is no part of a network; the rest of the gene says where a line began.
NOT_THE_NETWORK = ("parent",)
TIMES = "\u00d7"
NOTHING = "none"  # of a gene that is left out where it says nothing


def changes(before: Point, after: Point) -> list[str]:
    """Say what differs, additions first; empty if only the weights do.

    Blocks and layers keep their ids through morphs, so what has a new id is new.
    """
    old, new = _parts(before), _parts(after)
    said = [f"{_thing(part)} added{_about(new[part])}" for part in new if _whole(part, old, new)]
    said += [f"{_thing(part)} removed" for part in old if _whole(part, new, old)]
    for part, genes in new.items():
        if part in old:
            said += _differences(part, old[part], genes)
    return said


def _parts(point: Point) -> dict[tuple[str, ...], dict[str, Any]]:
    """The plain genes of each part of a point; a part is named by the ids that lead to it."""
    parts: dict[tuple[str, ...], dict[str, Any]] = {}
    own = {name: gene for name, gene in point.items() if name not in NOT_THE_NETWORK}
    for part, name, value in _genes((), own, ""):
        parts.setdefault(part, {})[name] = value
    return parts


def _genes(
    part: tuple[str, ...], gene: Mapping[str, Any], above: str
) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    for name, value in gene.items():
        told = f"{above} {name}".strip().replace("_", " ")
        if isinstance(value, Mapping):
            yield from _genes(part, value, told)
        elif isinstance(value, list) and all(isinstance(each, Mapping) for each in value):
            for each in value:
                yield from _genes((*part, str(each["id"])), each, "")
        else:
            yield part, told, value


def _whole(part: tuple[str, ...], others: Mapping[Any, Any], own: Mapping[Any, Any]) -> bool:
    """Whether a part is missing elsewhere, and not only because what holds it is."""
    if not part or part in others:
        return False
    return part[:-1] in others or part[:-1] not in own


def _thing(part: tuple[str, ...]) -> str:
    return f"{THINGS.get(part[-1][:1], 'part')} {part[-1]}"


def _about(genes: Mapping[str, Any]) -> str:
    told = [str(genes[name]) for name in ("kind", "filters", "units") if name in genes]
    return f" ({', '.join(told)})" if told else ""


def _differences(
    part: tuple[str, ...], old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[str]:
    where = f"{part[-1]} " if part else ""
    for name in dict.fromkeys((*old, *new)):
        before, after = _word(old.get(name)), _word(new.get(name))
        if before != after:
            yield f"{where}{name} {before} → {after}"


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return TIMES.join(str(each) for each in value)
    return NOTHING if value is None else str(value)
