"""Pruning by size: small weights matter least (Han et al. 2015; Li et al. 2017 for filters)."""

from torch import Tensor

from worker.pruning.method import Method


class Magnitude(Method):
    """Plain descent, then what is small goes at once."""

    def worth(self) -> Tensor:
        """The size of each part's weights."""
        return self.parts.magnitude()
