"""Values that are almost right: what a program with one mistake, or a hostile one, would send."""

import copy
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# The same values each time, so that nobody is told of another's mistake; a value that is found to
# break something becomes a test of its own. The deadline is far more than any needs: no hang.
FUZZ = settings(
    max_examples=300,
    deadline=10_000,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

NUMBERS = st.one_of(
    st.integers(-3, 70),
    st.sampled_from([2**31, 2**63, 2**64, -(2**63), 10**40, 1e308, -1e308, 5e-324]),
    st.floats(),
)
TEXTS = st.one_of(st.text(max_size=12), st.sampled_from(["", "x", "none", "a" * 3000, "\0", "é"]))
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)

# A space with a parameter of each kind, a known figure and a constraint.
BLACK_BOX = {
    "kind": "parameters",
    "parameters": [
        {"name": "x", "kind": "real", "low": 0.001, "high": 1.0, "log": True},
        {"name": "k", "kind": "choice", "values": ["a", "b"], "ordered": True},
        {"name": "n", "kind": "integer", "low": 1, "high": 9, "when": {"k": ["a"]}},
    ],
    "known": {"size": "2*x + 1"},
    "constraints": ["x <= 0.9"],
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every path into a JSON value."""
    if path:
        yield path
    pairs: Any = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for name, item in pairs:
        yield from places(item, (*path, name))


@st.composite
def spoiled(draw: st.DrawFn, sound: Any) -> Any:
    """A sound JSON value after one to three changes: something else, nothing, or twice."""
    value = copy.deepcopy(sound)
    for _ in range(draw(st.integers(1, 3))):
        paths = list(places(value))
        if not paths:
            break
        *above, last = draw(st.sampled_from(paths))
        holder = value
        for step in above:
            holder = holder[step]
        kind = draw(st.sampled_from(["replace", "remove", "add"]))
        if kind == "remove":
            del holder[last]
        elif kind == "add" and isinstance(holder, list):
            holder.insert(last, copy.deepcopy(holder[last]))
        elif kind == "add":
            holder[draw(TEXTS)] = draw(ANYTHING)
        else:
            holder[last] = draw(ANYTHING)
    return value


@contextmanager
def at_most(size_bytes: int) -> Iterator[None]:
    """Fail if the block ever holds more memory than this."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= size_bytes, f"{peak:,} bytes were held"


def check_told(error: Exception) -> None:
    """Fail if a refusal says nothing."""
    assert str(error)
