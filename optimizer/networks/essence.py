"""What makes two genotypes the same proposal."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from optimizer.networks.genotype import Gene
from optimizer.networks.step import Step


class Essence(NamedTuple):
    """All that is trained; genes beside it say nothing."""

    steps: Sequence[Step]
    input: Gene
    training: Mapping[str, Any]
    pruning: Gene | None
