"""Data sets that installed packages bring, as entry points of the group `tinyfront.data`.

A request names one; it can never name a module or a function, so it runs nothing that whoever
set up this machine did not install.
"""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points

import numpy as np

from worker.arrays import ARRAYS, Array, check_present
from worker.errors import UnusableData

GROUP = "tinyfront.data"


def names() -> set[str]:
    """The names of all installed sources."""
    return {entry.name for entry in entry_points(group=GROUP)}


def arrays_of(name: str) -> dict[str, Array]:
    """Call an installed source for its four arrays, as they are.

    Raises:
        UnusableData: the source is ambiguous, breaks, or gives no four arrays.
    """
    entry = _entry(name)
    try:
        given = entry.load()()
    except (Exception, SystemExit) as error:  # what a source can raise is its own affair
        text = " ".join(f"{type(error).__name__}: {error}".split())
        raise UnusableData(f"{name}: the source {entry.value} failed: {text}.") from error
    if not isinstance(given, Mapping):
        raise UnusableData(
            f"{name}: the source {entry.value} gave a {type(given).__name__}; "
            f"need a dictionary with {', '.join(ARRAYS)}."
        )
    check_present(given)
    for part in ARRAYS:
        if not isinstance(given[part], np.ndarray):
            raise UnusableData(f"{part} is a {type(given[part]).__name__}; need a NumPy array.")
    return {part: given[part] for part in ARRAYS}


def _entry(name: str) -> EntryPoint:
    found = {entry.value: entry for entry in entry_points(group=GROUP, name=name)}
    if len(found) != 1:
        raise UnusableData(
            f"{name}: {len(found)} installed sources have this name ({', '.join(found)}); need one."
        )
    return next(iter(found.values()))
