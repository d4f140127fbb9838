"""Values of parameters as people and tables write them, read as the study's space has them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tinyfront.numbers import number


class WrongValue(Exception):
    """A value that is none of its parameter, or of no number; the message names it."""


def point_of(given: Mapping[str, Any], parameters: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A point with a value for each active parameter, from texts or numbers of any package.

    Args:
        given: Values by name; blanks (None, "", NaN) are no values.
        parameters: As the study's definition lists them, each after those it depends on.

    Raises:
        WrongValue: a value is missing, out of range, of another type, or of no parameter.
    """
    values = {str(name): value for name, value in given.items() if not is_blank(value)}
    point: dict[str, Any] = {}
    for parameter in parameters:
        name = str(parameter["name"])
        if not _active(parameter, point):
            if name in values:
                raise WrongValue(f"{name} has no value {_condition(parameter)}")
        elif name not in values:
            raise WrongValue(f"{name} is missing")
        else:
            point[name] = _read(parameter, name, values[name])
    unknown = values.keys() - {str(parameter["name"]) for parameter in parameters}
    if unknown:
        raise WrongValue(f"{', '.join(sorted(unknown))}: no parameter of this study")
    return point


def is_blank(value: Any) -> bool:
    """Whether a table has nothing there."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    return isinstance(value, float) and math.isnan(value)


def number_of(name: str, value: Any) -> float:
    """A finite number.

    Raises:
        WrongValue: it is none.
    """
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise WrongValue(f"{name}: need a number, got {value!r}") from None
    if not math.isfinite(found):
        raise WrongValue(f"{name}: need a finite number, got {value!r}")
    return found


def _active(parameter: Mapping[str, Any], point: Mapping[str, Any]) -> bool:
    when = parameter.get("when") or {}
    return all(point.get(name) in values for name, values in when.items())


def _condition(parameter: Mapping[str, Any]) -> str:
    parts = (
        f"{name} is {' or '.join(map(repr, values))}" for name, values in parameter["when"].items()
    )
    return f"unless {' and '.join(parts)}"


def _read(parameter: Mapping[str, Any], name: str, value: Any) -> Any:
    if parameter["kind"] == "choice":
        return _chosen(name, value, parameter["values"])
    found = number_of(name, value)
    low, high = parameter["low"], parameter["high"]
    if not low <= found <= high:
        raise WrongValue(f"{name}: need {number(low)} to {number(high)}, got {value!r}")
    if parameter["kind"] != "integer":
        return found
    if not found.is_integer():
        raise WrongValue(f"{name}: need a whole number, got {value!r}")
    return int(found)


def _chosen(name: str, value: Any, values: Sequence[Any]) -> Any:
    """The value of the list that is meant: itself, or as a table has written it."""
    item = getattr(value, "item", None)  # of a NumPy scalar
    plain = item() if callable(item) else value
    alike = [each for each in values if each == plain]
    exact = [each for each in alike if type(each) is type(plain)]  # True is no 1
    written = [each for each in values if isinstance(plain, str) and str(each) == plain.strip()]
    for each in (*exact, *alike, *written):
        return each
    raise WrongValue(f"{name}: need one of {', '.join(map(repr, values))}, got {value!r}")
