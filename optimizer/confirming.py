"""Which members of a front are worth a second training: those that make most of its hypervolume."""

import heapq

import numpy as np
import numpy.typing as npt

from optimizer.pareto import hypervolume


def most_contributing(scores: npt.ArrayLike, count: int) -> list[int]:
    """Choose rows one after the other, each the one that adds most hypervolume to those before it.

    The greedy choice reaches at least 1 - 1/e of the best subset's hypervolume (Nemhauser, Wolsey
    and Fisher 1978), since what a row adds only shrinks as others are chosen. That also spares
    most of the work: a row is measured again only when its last measure is the largest left.

    Args:
        scores: `n x m`; n points, m objectives, larger is better, reference 0. Rows that hold NaN
            or do not exceed the reference in every objective add nothing, so they come last.
        count: how many to choose; all rows if there are fewer.

    Returns:
        Row numbers in the order in which they were chosen; among equals the lowest goes first.
    """
    rows = np.asarray(scores, dtype=np.float64)
    # What a row adds, negative since a heap has its least on top; its number; when it was measured.
    waiting = [(-hypervolume(rows[[row]]), row, 0) for row in range(len(rows))]
    heapq.heapify(waiting)
    chosen: list[int] = []
    reached = 0.0
    while waiting and len(chosen) < count:
        loss, row, measured = heapq.heappop(waiting)
        if measured == len(chosen):
            chosen.append(row)
            reached -= loss
            continue
        gain = max(0.0, hypervolume(rows[[*chosen, row]]) - reached)
        heapq.heappush(waiting, (-gain, row, len(chosen)))
    return chosen
