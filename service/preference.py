"""What a proposal cared for: the weights that were drawn for it, as shares of the objectives."""

from collections.abc import Mapping
from typing import Any

from optimizer.problem import Objective

DRAWN_FROM_A_SEED = ("sphere", "simplex")


def preference(
    objectives: tuple[Objective, ...], details: Mapping[str, Any]
) -> dict[str, float] | None:
    """Return the share of each objective in the one direction that a proposal sought.

    None of a proposal that weighed nothing, or all directions at once; and of priors that depend
    on the scale and the bounds as they stood, which only a replay brings back.
    """
    prior, seed = details.get("prior"), details.get("weights_seed")
    if prior not in DRAWN_FROM_A_SEED or details.get("rays") != 1 or type(seed) is not int:
        return None
    # Late, since it brings scipy's statistics along, which few requests need.
    from optimizer.scalarisation import simplex_weights, sphere_weights

    draw = sphere_weights if prior == "sphere" else simplex_weights
    weighed = [each for each in objectives if each.role == "measured"]
    weighed += [each for each in objectives if each.role != "measured"]
    (weights,) = draw(1, len(weighed), seed).tolist()
    shares = {each.name: w / sum(weights) for each, w in zip(weighed, weights, strict=True)}
    return {each.name: shares[each.name] for each in objectives}
