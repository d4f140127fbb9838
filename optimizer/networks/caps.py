"""What the bounds and limits of a study say of the networks that are worth drawing."""

import math
from dataclasses import dataclass
from functools import cached_property

MODEL_SIZE = "model_size:"
DEFAULT_SIZE = "model_size:deployed"
# A microcontroller's networks are smaller; who wants larger ones gives a bound or a limit.
LARGEST_TARGET_BYTES = 64 * 1024
BOUNDS_SAMPLED = 4.0
WORKING_MEMORY = "working_memory:"
# The one convention of working memory that may be below the size of the input.
WITHOUT_INPUT = "working_memory:munas"

Wishes = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Caps:
    """Caps from the bounds and limits of the known figures."""

    bounds: Wishes
    limits: Wishes

    @cached_property
    def sizes(self) -> dict[str, float]:
        """The largest model size of interest, in bytes, by convention."""
        caps = {name: BOUNDS_SAMPLED * value for name, value in self.bounds}
        for name, value in self.limits:
            caps[name] = min(value, caps.get(name, value))
        return {name: value for name, value in caps.items() if name.startswith(MODEL_SIZE)}

    @property
    def size_figure(self) -> str:
        """The convention of model size with the least cap: the one in which the prior counts."""
        return min(self.sizes, key=lambda name: self.sizes[name], default=DEFAULT_SIZE)

    @property
    def size_bytes(self) -> float:
        """The largest target of the prior: the least of limit, four times the bound and 64 kB."""
        return min([LARGEST_TARGET_BYTES, *self.sizes.values()])

    @property
    def input_bytes(self) -> float:
        """The largest input that no limit forbids: working memory holds it."""
        held = (limit for name, limit in self.limits if _holds_input(name))
        return min(held, default=math.inf)


def _holds_input(figure: str) -> bool:
    return figure.startswith(WORKING_MEMORY) and figure != WITHOUT_INPUT
