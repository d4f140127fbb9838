"""What a trial asks of a worker beyond release 0.1.0: words on the wire, bits in the database.

A claim says what its worker can. So a worker of an older release gets only trials that it can do.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from optimizer.networks.recipe import ALWAYS
from service.states import CONFIRM

# Bits may be added, never moved: they are in the database.
BITS: Mapping[str, int] = MappingProxyType(
    {
        "pruning": 1,
        "parent": 2,
        "binary": 4,
        "training": 8,
        "confirm": 16,
        "int8": 32,
        "instructions": 64,
        "int4": 128,
    }
)
PRUNING = BITS["pruning"]
CONFIRMING = BITS["confirm"]
# All that a column of 31 bits can hold, bits of later releases included.
ALL = 2**31 - 1

# The training recipe that workers of release 0.1.0 can follow: its fields, and their words.
FIRST_FIELDS = frozenset(ALWAYS)
# What they know as little, and what only those must follow that give the errors of integers.
INT8_FIELDS = ("quantisation", "aware_share", "weight_bits")
FIRST_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "schedule": frozenset({"one_cycle"}),
        "optimizer": frozenset({"adamw"}),
        "augment": frozenset({"none", "shift1", "shift2"}),
    }
)


def of(work: Mapping[str, Any]) -> int:
    """Return the bits of all that a worker must be able to do for this work."""
    needed = [
        name
        for name in ("pruning", "parent", "binary", "instructions")
        if work.get(name) is not None
    ]
    recipe = dict(work.get("training", {}))
    if recipe.get("quantisation", "none") != "none":
        needed.append("int8")
    if recipe.get("weight_bits", 8) == 4:
        needed.append("int4")
    for field in INT8_FIELDS:
        recipe.pop(field, None)
    if not _is_first(recipe):
        needed.append("training")
    if work.get("purpose") == CONFIRM:
        needed.append("confirm")
    return sum(BITS[name] for name in needed)


def _is_first(recipe: Mapping[str, Any]) -> bool:
    """Whether a training recipe says nothing that release 0.1.0 did not know."""
    return FIRST_FIELDS.issuperset(recipe) and all(
        recipe[field] in words for field, words in FIRST_WORDS.items() if field in recipe
    )


def met_by(words: Iterable[str]) -> int:
    """Return the bits that a worker meets; words of a later release are ignored."""
    return sum(BITS.get(word, 0) for word in set(words))


def words(bits: int) -> list[str]:
    """Return what these bits are called; those of a later release have no name here."""
    return [word for word, bit in BITS.items() if bits & bit]


def unmet(can: int) -> int:
    """Return the bits that no trial for a worker with these abilities may have."""
    return ALL & ~can
