"""How many points parameters make, and which: conditions leave some parameters out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from optimizer.conditions import is_active, same
from optimizer.errors import InvalidSpace
from optimizer.parameters import Choice, Parameter, Real
from optimizer.space import Point


def count(parameters: Sequence[Parameter]) -> int | None:
    """How many points there are; None if in some of them a real parameter is active."""
    naming = {name for p in parameters for name in p.when}
    memory: dict[tuple[Any, ...], int | None] = {}

    def rest(at: int, told: Mapping[str, Any]) -> int | None:
        """How many ways there are to go on, given the values that conditions name."""
        ways = 1
        for place in range(at, len(parameters)):
            parameter = parameters[place]
            if not is_active(parameter.when, told):
                continue
            if parameter.count is None:
                return None
            if parameter.name in naming:
                inner = parted(place, parameter.count, told)
                return None if inner is None else ways * inner
            ways *= parameter.count
        return ways

    def parted(at: int, values: int, told: Mapping[str, Any]) -> int | None:
        """The same from a parameter on that later conditions name, value by value."""
        parameter, later = parameters[at], parameters[at + 1 :]
        matters = {name: told[name] for p in later for name in p.when if name in told}
        key = (at, *sorted((name, repr(value)) for name, value in matters.items()))
        if key not in memory:
            parts = [
                (ways, rest(at + 1, {**matters, parameter.name: value}))
                for value, ways in _classes(parameter, later, values)
            ]
            memory[key] = _sum(parts)
        return memory[key]

    return rest(0, {})


def _sum(parts: Sequence[tuple[int, int | None]]) -> int | None:
    """The sum of products; None if a factor is."""
    known = [ways * after for ways, after in parts if after is not None]
    return sum(known) if len(known) == len(parts) else None


def _classes(
    parameter: Parameter, later: Sequence[Parameter], values: int
) -> Iterator[tuple[Any, int]]:
    """The values of a parameter that later conditions name, and one for all the others."""
    named: list[Any] = []
    for other in later:
        for value in other.when.get(parameter.name, ()):
            if not any(same(value, known) for known in named):
                named.append(value)
    yield from ((value, 1) for value in named)
    if len(named) < values:
        yield None, values - len(named)  # no condition names it


def points(parameters: Sequence[Parameter]) -> Iterator[Point]:
    """Every point in a fixed order.

    Raises:
        InvalidSpace: a real parameter has no end of values.
    """

    def completed(at: int, point: Point) -> Iterator[Point]:
        while at < len(parameters) and not is_active(parameters[at].when, point):
            at += 1
        if at == len(parameters):
            yield point
            return
        parameter = parameters[at]
        for value in _values(parameter):
            yield from completed(at + 1, {**point, parameter.name: value})

    yield from completed(0, {})


def _values(parameter: Parameter) -> Sequence[Any]:
    if isinstance(parameter, Real):
        raise InvalidSpace("space.parameters", f"{parameter.name} has no end of values")
    if isinstance(parameter, Choice):
        return parameter.values
    return range(parameter.low, parameter.high + 1)
