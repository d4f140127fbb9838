"""All pictures by name; each is `docs/images/NAME.svg`."""

from collections.abc import Callable

from docs.pictures import (
    architecture,
    arena,
    conventions,
    importance,
    inheritance,
    pruning,
    scalarisation,
)

PICTURES: dict[str, Callable[[], str]] = {
    "architecture": architecture.draw,
    "importance": importance.draw,
    "inheritance": inheritance.draw,
    "memory-arena": arena.draw,
    "memory-conventions": conventions.draw,
    "pruning-cut": pruning.cut,
    "pruning-methods": pruning.methods,
    "scalarisation-levels": scalarisation.levels,
    "scalarisation-rays": scalarisation.rays,
}
