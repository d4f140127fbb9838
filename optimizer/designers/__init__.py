"""The designers by name. Only the chosen one is imported: some need torch."""

from collections.abc import Callable, Mapping

from optimizer.designers.designer import Designer, Fitted
from optimizer.errors import InvalidProblem

__all__ = ["BLIND", "DESIGNERS", "LEARN", "NEED_TORCH", "Designer", "Fitted", "designer"]


def _ageing_evolution() -> Designer:
    from optimizer.designers.ageing_evolution import AgeingEvolutionDesigner

    return AgeingEvolutionDesigner()


def _random() -> Designer:
    from optimizer.designers.random import RandomDesigner

    return RandomDesigner()


def _sobol() -> Designer:
    from optimizer.designers.sobol import SobolDesigner

    return SobolDesigner()


def _bayes() -> Designer:
    from optimizer.designers.bayes import BayesDesigner

    return BayesDesigner()


def _nehvi() -> Designer:
    from optimizer.designers.nehvi import NehviDesigner

    return NehviDesigner()


def _sparse() -> Designer:
    from optimizer.designers.sparse import SparseDesigner

    return SparseDesigner()


DESIGNERS: Mapping[str, Callable[[], Designer]] = {
    "ageing-evolution": _ageing_evolution,
    "bayes": _bayes,
    "nehvi": _nehvi,
    "random": _random,
    "sobol": _sobol,
    "sparse": _sparse,
}
# These work on every problem, so nobody needs to load torch to ask them.
NEED_TORCH = frozenset({"bayes", "nehvi", "sparse"})
# Only these have something to fit; to ask the others costs a look at the whole history.
LEARN = frozenset({"bayes", "sparse"})
# What came of earlier proposals changes nothing for these.
BLIND = frozenset({"random", "sobol"})


def designer(name: str) -> Designer:
    """The designer of that name.

    Raises:
        InvalidProblem: for a name that is not in `DESIGNERS`.
    """
    if name not in DESIGNERS:
        raise InvalidProblem("designer", f"need one of {', '.join(DESIGNERS)}, got {name!r}")
    return DESIGNERS[name]()
