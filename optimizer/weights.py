"""The weights of a proposal: drawn from one of four priors, over the whole front or a part of it.

Whoever wants a part says so by bounds. Paria et al. 2018, section 4, draw a wanted point u from the
box of all that would do and weigh with its reciprocals: then the largest `weight_k z_k` is smallest
where the front meets the ray from the ideal through u.
"""

import numpy as np
import numpy.typing as npt

from optimizer.designers.scalarising import Scalarising
from optimizer.problem import Objective, Problem
from optimizer.scalarisation import (
    SMALLEST_WEIGHT,
    on_the_sphere,
    simplex_weights,
    sphere_weights,
    uniform_draws,
)
from optimizer.scale import Scale

Floats = npt.NDArray[np.float64]


def draw_weights(choice: Scalarising, problem: Problem, reference: Floats, seed: int) -> Floats:
    """Draw a proposal's weights.

    Args:
        choice: what prior, how many, and what function they are for.
        problem: with all scales fixed; its bounds make the box.
        reference: `m` scores, in the order of the returned columns: what is worse than it counts
            nothing where hypervolume is sought.
        seed: decides all.

    Returns:
        `l x m`, positive; the measured objectives first, then the known ones.
    """
    count, m = choice.rays, len(problem.names)
    if choice.prior == "sphere":
        return sphere_weights(count, m, seed)
    if choice.prior == "simplex":
        return simplex_weights(count, m, seed)
    ordered = [*problem.measured, *(o for o in problem.objectives if o.role == "known")]
    scales = [o.scale for o in ordered if o.scale is not None]
    ends = np.array([_end(o, s) for o, s in zip(ordered, scales, strict=True)])
    if choice.function == "hypervolume":
        ends = np.minimum(ends, 1.0 - reference)
    wanted = uniform_draws(count, m, seed) * ends
    if choice.prior == "munas":
        wanted = np.stack(
            [_in_own_unit(*told) for told in zip(scales, ends, wanted.T, strict=True)], axis=1
        )
    if choice.function == "hypervolume":  # measured from the reference: rays from there to u
        return on_the_sphere(1.0 - reference - wanted)
    reciprocals = 1.0 / np.maximum(wanted, SMALLEST_WEIGHT)
    return np.asarray(reciprocals / reciprocals.sum(axis=1, keepdims=True))


def _end(objective: Objective, scale: Scale) -> float:
    """How far from the ideal the box ends: at the bound, or where none is worse than the ideal,
    at the reference.
    """
    bound = 0.0 if objective.bound is None else float(scale.z(objective.bound))
    return bound if bound > 0 else 1.0


def _in_own_unit(scale: Scale, end: float, distances: Floats) -> Floats:
    """Distances as if the values, not they, had been drawn uniformly from the ideal to the end.

    So μNAS draws them: 1 / weight is uniform from 0 (here the ideal) to the bound. On a linear
    scale that is no difference.
    """
    if not scale.log:
        return distances
    worst = scale.ideal * (scale.reference / scale.ideal) ** end
    return scale.z(scale.ideal + distances / end * (worst - scale.ideal))
