"""The gene `parent`: whose weights a network starts with, and how long they were trained.

    "parent": {"key": "3f9c…", "epochs": 33.0, "ids": 7}

`key` is that of a completed trial of the study, `epochs` counts all of its own lineage, and `ids`
is the highest number in the parent's ids: what a morph adds gets a higher one, since the id of a
layer that was removed would bring its weights along. A morph keeps the gene: it is trained once,
with the weights of the trial that its line began with.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from optimizer.errors import InvalidPoint
from optimizer.networks.genotype import highest_id
from optimizer.parameters import is_number, is_whole
from optimizer.space import Point

PARENT = "parent"
INHERITS, EPOCHS = "inherits", "log_epochs"
MOST_EPOCHS = 1_000  # what counts as 1
MOST_ID = 10**8  # an id has nine digits
_KEY = re.compile(r"[0-9a-f]{64}")


def heir(point: Point, key: str, epochs: float) -> Point:
    """The same network, begun with the weights of a trial instead of its own parent's."""
    return {**point, PARENT: {"key": key, "epochs": float(epochs), "ids": highest_id(point)}}


def orphan(point: Point) -> Point:
    """The same network from scratch."""
    return {name: gene for name, gene in point.items() if name != PARENT}


def check_parent(point: Point) -> None:
    """Raise InvalidPoint unless the gene, if it is there, names a trial."""
    if PARENT not in point:
        return
    gene = point[PARENT]
    if not isinstance(gene, Mapping) or set(gene) | {"ids"} != {"key", "epochs", "ids"}:
        raise InvalidPoint(PARENT, f"need an object of key, epochs and perhaps ids, got {gene!r}")
    if not (isinstance(gene["key"], str) and _KEY.fullmatch(gene["key"])):
        raise InvalidPoint(f"{PARENT}.key", f"need the key of a trial, got {gene['key']!r}")
    if not (is_number(gene["epochs"]) and gene["epochs"] >= 0):
        raise InvalidPoint(f"{PARENT}.epochs", f"need a number from 0, got {gene['epochs']!r}")
    if not (is_whole(gene.get("ids", 0)) and 0 <= gene.get("ids", 0) < MOST_ID):
        raise InvalidPoint(f"{PARENT}.ids", f"need a whole number from 0, got {gene['ids']!r}")


def names(inherits: bool, stops: bool) -> tuple[str, ...]:
    """The coordinates of `lineage` in a space: last the epochs, where trials differ in them.

    Args:
        inherits: whether morphs do.
        stops: whether trials may be stopped.
    """
    if inherits:
        return (INHERITS, EPOCHS)
    return (EPOCHS,) if stops else ()


def lineage(point: Point, recipe: Mapping[str, Any], wanted: Sequence[str]) -> list[float]:
    """These coordinates: whether it inherits, and the epochs of all its line."""
    inherited = point[PARENT]["epochs"] if PARENT in point else 0.0
    epochs = log_epochs(recipe["epochs"] + inherited)
    told = {INHERITS: float(PARENT in point), EPOCHS: epochs}
    return [told[name] for name in wanted]


def log_epochs(total: float) -> float:
    """The coordinate of the epochs of a whole line; fewer than one count as one."""
    return math.log(max(total, 1.0)) / math.log(MOST_EPOCHS)
