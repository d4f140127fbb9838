"""Thompson sampling over a pool: the best of one draw of what the measured scores may be.

The draw is joint: candidates that are alike are better or worse together. Drawn one by one, the
largest of hundreds of independent draws wins by luck alone; that lost to expected improvement.
"""

import numpy as np
import torch
from torch import Tensor

from optimizer.acquisition import Acquisition
from optimizer.ascent import Best
from optimizer.hyperparameters import cholesky
from optimizer.joint import Posterior
from optimizer.pool import Pool

LEAST_VARIANCE = 1e-9


def best_of_draw(pool: Pool, worth: Acquisition, seed: int) -> Best:
    """The candidate that gains most if one joint draw from the models is the truth.

    Where nothing gains in that draw, the one that comes nearest. The chance of a result and that
    of keeping measured constraints count as they are, undrawn.

    Args:
        pool: at least one candidate.
        worth: the models, and what is to be improved on.
        seed: of the draw.
    """
    x, known = torch.from_numpy(pool.x), torch.from_numpy(pool.known)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        judged = worth.as_confirmed(x)
        columns = [joint_draw(surrogate, judged, generator) for surrogate in worth.surrogates]
        drawn = torch.stack(columns, 1)
        name, values = "improvement", worth.gained(x, drawn, known)
        if not bool(values.isfinite().any()):
            name, values = "hope", worth.nearness(x, drawn, known)
    row = int(np.argmax(np.nan_to_num(values.numpy(), nan=-np.inf, neginf=-np.inf)))
    chosen, rest = pool.candidates[row], pool.without({pool.candidates[row].key})
    return Best(chosen, pool.x[row], pool.known[row], name, values[row].item(), rest)


def joint_draw(surrogate: Posterior, x: Tensor, generator: torch.Generator) -> Tensor:
    """One draw of the compressed scores at all points (`n x d`) together, `n`."""
    mean, deviation = surrogate.predict(x)
    normal = torch.randn(len(x), dtype=x.dtype, generator=generator)
    if surrogate.kind == "constant":
        return mean + deviation * normal
    # Beside the data rounding leaves variances below 0.
    joint = surrogate.covariance(x) + LEAST_VARIANCE * torch.eye(len(x), dtype=x.dtype)
    return mean + surrogate.spread * (cholesky(joint) @ normal)
