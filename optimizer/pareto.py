"""Fronts and their hypervolume, on scores: larger is better, 0 is the reference."""

import moocore
import numpy as np
import numpy.typing as npt


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
            reference in every objective add nothing. Values above 1 count in full.

    Returns:
        0 for no row.
    """
    rows = _matrix(scores)
    rows = rows[np.isfinite(rows).all(axis=1)]
    if len(rows) == 0:
        return 0.0
    # Rows that do not exceed the reference are left out by moocore itself.
    return float(moocore.hypervolume(rows, ref=np.zeros(rows.shape[1]), maximise=True))


def _matrix(scores: npt.ArrayLike) -> npt.NDArray[np.float64]:
    rows = np.asarray(scores, dtype=np.float64)
    return rows if rows.ndim == 2 else rows.reshape(len(rows), -1)
