"""How the hypervolume of a study grew."""

from collections.abc import Sequence

from optimizer.problem import Objective
from service.figures.layout import COLOUR, Figure, figure, trace


def hypervolume(
    rows: Sequence[tuple[int, float, int]], finished: int, objectives: Sequence[Objective]
) -> Figure:
    """Draw the hypervolume over the finished trials.

    Args:
        rows: (finish_no, value, front size) wherever the front changed, in that order.
        finished: how many trials have finished; the last value holds until there.
        objectives: of the study; without their scales the number would mean nothing.
    """
    steps = list(rows)
    if steps and steps[-1][0] < finished:
        steps.append((finished, *steps[-1][1:]))
    curve = trace(
        "line",
        type="scatter",
        mode="lines",
        name="hypervolume",
        x=[finish_no for finish_no, _, _ in steps],
        y=[value for _, value, _ in steps],
        customdata=[size for _, _, size in steps],
        hovertemplate="after %{x} trials<br>hypervolume %{y:.4f}<br>front of %{customdata}"
        "<extra></extra>",
        line={"shape": "hv", "width": 2, "color": COLOUR["line"]},
    )
    return figure(
        [curve],
        f"Hypervolume<br><sub>{scale_text(objectives)}</sub>",
        showlegend=False,
        xaxis={"title": {"text": "finished trials"}, "rangemode": "tozero", "zeroline": False},
        yaxis={"title": {"text": "hypervolume"}, "rangemode": "tozero", "zeroline": False},
        meta={"scale": scale_text(objectives)},
        uirevision="hypervolume",
    )


def scale_text(objectives: Sequence[Objective]) -> str:
    """Say from where to where each objective counts."""
    parts = []
    for objective in objectives:
        scale = objective.scale
        if scale is None:
            return "The scale is fixed after the first trials."
        log = ", log" if scale.log else ""
        parts.append(f"{objective.name} {scale.reference:g} to {scale.ideal:g}{log}")
    return "Reference to ideal: " + "; ".join(parts)
