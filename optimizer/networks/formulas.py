"""The formulas by which a space counts instructions: those that its study asks for, no others."""

from collections.abc import Iterable, Mapping
from typing import Any

from optimizer.errors import InvalidSpace
from resource_models.errors import InvalidFormula, UnknownCore
from resource_models.instructions import (
    AT,
    Formula,
    core_of,
    formulas_from_json,
    formulas_to_json,
    is_instructions,
)

Formulas = tuple[Formula, ...]


def asked_of(names: Iterable[str], kept: Formulas) -> Formulas:
    """The formulas of the figures that are named, in the order of the cores' names.

    Args:
        names: full names of figures; those that count no instructions are left alone.
        kept: formulas that the study began with; another fit has come since, perhaps.
    """
    own = {formula.figure: formula for formula in kept}
    wanted = sorted({name for name in names if is_instructions(name)})
    return tuple(own.get(name) or Formula.fitted(core_of(name.partition(AT)[2])) for name in wanted)


def read_formulas(told: Mapping[str, Any] | None) -> Formulas:
    """The formulas of a stored study; one without any asks for none."""
    try:
        return formulas_from_json({} if told is None else told)
    except InvalidFormula as error:
        raise InvalidSpace(error.field, error.message) from error
    except UnknownCore as error:
        raise InvalidSpace("instructions", str(error)) from error


def written(formulas: Formulas) -> dict[str, Any]:
    """The field that `read_formulas` reads; nothing where no instructions are asked for."""
    return {"instructions": formulas_to_json(formulas)} if formulas else {}
