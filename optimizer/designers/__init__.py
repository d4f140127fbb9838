"""The designers by name. Only the chosen one is imported: `bayes` needs torch."""

from collections.abc import Callable, Mapping

from optimizer.designers.designer import Designer, Fitted
from optimizer.errors import InvalidProblem

__all__ = ["DESIGNERS", "Designer", "Fitted", "designer"]


def _random() -> Designer:
    from optimizer.designers.random import RandomDesigner

    return RandomDesigner()


def _sobol() -> Designer:
    from optimizer.designers.sobol import SobolDesigner

    return SobolDesigner()


def _bayes() -> Designer:
    from optimizer.designers.bayes import BayesDesigner

    return BayesDesigner()


DESIGNERS: Mapping[str, Callable[[], Designer]] = {
    "bayes": _bayes,
    "random": _random,
    "sobol": _sobol,
}


def designer(name: str) -> Designer:
    """The designer of that name.

    Raises:
        InvalidProblem: for a name that is not in `DESIGNERS`.
    """
    if name not in DESIGNERS:
        raise InvalidProblem("designer", f"need one of {', '.join(DESIGNERS)}, got {name!r}")
    return DESIGNERS[name]()
