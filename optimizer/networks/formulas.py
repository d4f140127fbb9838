"""The formulas by which a space counts instructions: those that its study asks for, no others."""

from collections.abc import Iterable, Mapping
from typing import Any

from optimizer.errors import InvalidSpace
from optimizer.networks.recipe import Recipe
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
COUNTED_BITS = 8  # of the weights of the networks that the formulas were fitted to


def asked_of(names: Iterable[str], kept: Formulas, recipe: Recipe) -> Formulas:
    """The formulas of the figures that are named, in the order of the cores' names.

    Args:
        names: full names of figures; those that count no instructions are left alone.
        kept: formulas that the study began with; another fit has come since, perhaps.
        recipe: of the study's networks.

    Raises:
        InvalidSpace: it asks for weights that no kernel was counted with.
    """
    own = {formula.figure: formula for formula in kept}
    wanted = sorted({name for name in names if is_instructions(name)})
    if wanted and recipe.weight_bits != COUNTED_BITS:
        raise InvalidSpace(
            "training.weight_bits",
            f"need {COUNTED_BITS} where {wanted[0]} is asked for, which was counted with such "
            f"weights, got {recipe.weight_bits}",
        )
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
