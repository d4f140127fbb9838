"""When a parameter has a value at all: if parameters before it have one of the named values."""

from collections.abc import Mapping
from typing import Any

from optimizer.errors import InvalidSpace

Scalar = str | int | float | bool
When = Mapping[str, tuple[Scalar, ...]]


def same(a: object, b: object) -> bool:
    """Whether two JSON scalars are the same value; 1.0 is 1, but true is not."""
    return (isinstance(a, bool), a) == (isinstance(b, bool), b)


def checked_when(when: object) -> dict[str, tuple[Scalar, ...]]:
    """A condition with tuples of values.

    Raises:
        InvalidSpace: with the field `when` or `when.NAME`.
    """
    if not isinstance(when, Mapping):
        raise InvalidSpace("when", f"need an object of lists of values, got {when!r}")
    for name, values in when.items():
        if not isinstance(name, str):
            raise InvalidSpace("when", f"need names of parameters, got {name!r}")
        if not (isinstance(values, list | tuple) and values):
            raise InvalidSpace(f"when.{name}", f"need a list of values, got {values!r}")
    return {name: tuple(values) for name, values in when.items()}


def is_active(when: When, point: Mapping[str, Any]) -> bool:
    """Whether a parameter with this condition belongs to a point.

    Args:
        when: values by the name of a parameter that must have one of them.
        point: the values of the active parameters before it.
    """
    return not when or all(
        name in point and any(same(point[name], value) for value in values)
        for name, values in when.items()
    )


def unmet(when: When, point: Mapping[str, Any]) -> str:
    """Say which part of a condition a point does not meet."""
    for name, values in when.items():
        if not is_active({name: values}, point):
            is_now = f"is {point[name]!r}" if name in point else "is inactive"
            return f"{name} {is_now}, not {' or '.join(map(repr, values))}"
    return "nothing is unmet"
