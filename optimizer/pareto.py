"""Fronts and their hypervolume, on scores: larger is better, 0 is the reference."""

import moocore
import numpy as np
import numpy.typing as npt

# The exact volume of 200 points takes 0.03 s with six objectives and 12 s with eight, and the
# effort grows without bound. The approximation takes 0.1 s and is within half a percent.
MOST_EXACT = 6
# Keeps volumes finite.
MOST_SCORE = 1e30


def non_dominated(scores: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Mark the rows that no other row dominates.

    Row b dominates row a if b is at least as good everywhere and better somewhere.

    Args:
        scores: `n x m`; n points, m objectives, larger is better in each.

    Returns:
        `n`, boolean. A row that holds NaN is never marked and dominates nothing.
        Equal rows are all marked.
    """
    rows = _matrix(scores)
    marked: npt.NDArray[np.bool_] = ~np.asarray(np.isnan(rows).any(axis=1))
    if marked.any():
        # keep_weakly keeps copies of a front row, nothing else (compared with the definition in
        # the tests); rows with NaN must not get there, it has no rule for them.
        marked[marked] = moocore.is_nondominated(rows[marked], maximise=True, keep_weakly=True)
    return marked


def hypervolume(scores: npt.ArrayLike) -> float:
    """The volume between the reference and the front; 1 for the ideal alone.

    Args:
        scores: `n x m`, larger is better, reference 0. Rows that hold NaN or do not exceed the
            reference in every objective add nothing. Values above 1 count in full, up to 1e30.

    Returns:
        0 for no row. Up to six objectives exact; for more, the mean over the same many directions
        for any rows, so that more rows never have less volume.
    """
    rows = _matrix(scores)
    rows = np.minimum(rows[(np.isfinite(rows) & (rows > 0)).all(axis=1)], MOST_SCORE)
    if len(rows) == 0:
        return 0.0
    volume = moocore.hypervolume if rows.shape[1] <= MOST_EXACT else moocore.hv_approx
    return float(volume(rows, ref=np.zeros(rows.shape[1]), maximise=True))


def _matrix(scores: npt.ArrayLike) -> npt.NDArray[np.float64]:
    rows = np.asarray(scores, dtype=np.float64)
    return rows if rows.ndim == 2 else rows.reshape(len(rows), -1)
