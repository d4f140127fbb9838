"""A study's definition from the options of `tinyfront study create`."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import typer

OBJECTIVE = re.compile(
    r"(?:(?P<goal>min|max)\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_:.@-]*)\s*(?P<wishes>(?:[<>]=.*)?)"
)
WISH = re.compile(r"(?P<sign>[<>]=)\s*(?P<number>[^<>=!\s]+)\s*(?P<hard>!?)\s*")
GOAL = {"min": "minimize", "max": "maximize", "<=": "minimize", ">=": "maximize"}

OBJECTIVE_HELP = (
    "`error`; `model_size:deployed<=16000` with a bound (a wish), `<=16000!` with a limit (hard); "
    "`max accuracy` or `accuracy>=0.9` when more is better. Repeat it for each objective."
)


def objective(text: str) -> dict[str, Any]:
    """Read one objective, such as `model_size:deployed<=16000`."""
    match = OBJECTIVE.fullmatch(text.strip())
    if match is None:
        raise _wrong_objective(text, "need NAME, NAME<=NUMBER or NAME>=NUMBER")
    wishes = list(WISH.finditer(match["wishes"]))
    if "".join(wish[0] for wish in wishes) != match["wishes"]:
        raise _wrong_objective(text, "need a number after <= or >=, with ! if it is a limit")
    goals = {GOAL[match["goal"]]} if match["goal"] else set()
    goals |= {GOAL[wish["sign"]] for wish in wishes}
    if len(goals) > 1:
        raise _wrong_objective(text, "it cannot be minimised and maximised")
    read: dict[str, Any] = {"name": match["name"], "goal": goals.pop() if goals else "minimize"}
    for wish in wishes:
        field = "limit" if wish["hard"] else "bound"
        if field in read:
            raise _wrong_objective(text, f"it has two {field}s")
        read[field] = _number(text, wish["number"])
    return read


def space(text: str) -> dict[str, Any]:
    """Read a space: the name of a kind, or a JSON file."""
    if text.endswith(".json") or Path(text).is_file():
        return json_file(text, "--space")
    return {"kind": text}


def json_file(name: str, option: str) -> dict[str, Any]:
    """Read an object from a JSON file."""
    try:
        content = json.loads(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise typer.BadParameter(f"{name}: {error.strerror}.", param_hint=option) from None
    except ValueError as error:
        raise typer.BadParameter(f"{name} is no JSON: {error}.", param_hint=option) from None
    if not isinstance(content, dict):
        raise typer.BadParameter(f"{name} must hold a JSON object.", param_hint=option)
    return content


def put(definition: dict[str, Any], setting: str) -> None:
    """Put one `key=value` into a definition; `training.epochs=3` and `objectives.0.log=true`."""
    path, equals, text = setting.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise typer.BadParameter(f"need key=value, got {setting!r}.", param_hint="--set")
    place: Any = definition
    try:
        for key in keys[:-1]:
            place = place.setdefault(key, {}) if isinstance(place, dict) else place[int(key)]
        if isinstance(place, list):
            place[int(keys[-1])] = _value(text)
        else:
            place[keys[-1]] = _value(text)
    except (IndexError, TypeError, ValueError):
        raise typer.BadParameter(f"there is no {path} to set.", param_hint="--set") from None


def pair(setting: str, option: str) -> tuple[str, Any]:
    """Read one `name=value`; the name may hold dots."""
    name, equals, text = setting.partition("=")
    if not equals or not name.strip():
        raise typer.BadParameter(f"need name=value, got {setting!r}.", param_hint=option)
    return name.strip(), _value(text)


def _value(text: str) -> Any:
    """JSON where it is JSON, else the text itself, so that names need no quotes."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _number(text: str, number: str) -> float:
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _wrong_objective(text, f"{number!r} is no number")
    return value


def _wrong_objective(text: str, why: str) -> typer.BadParameter:
    return typer.BadParameter(f"{text!r}: {why}.", param_hint="--objective")
