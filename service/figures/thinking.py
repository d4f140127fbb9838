"""How long the proposals of a study took."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.figures.layout import Figure, figure, markers, scatter_kind, trace

NAMES = {"front": "proposed in time", "dominated": "another designer stepped in"}


@dataclass(frozen=True, slots=True)
class Thought:
    """A proposal and how long it took; `fallback` says why another designer stepped in."""

    trial_id: int
    number: int
    think_s: float
    fallback: str | None


def thinking(thoughts: Sequence[Thought]) -> Figure:
    """Draw the seconds from the wish to the proposal over the trials.

    Args:
        thoughts: by rising number; of a batch, each has the seconds of the whole batch.
    """
    groups = {
        "front": [each for each in thoughts if each.fallback is None],
        "dominated": [each for each in thoughts if each.fallback is not None],
    }
    traces = [
        trace(
            role,
            type=scatter_kind(len(thoughts)),
            mode="markers",
            name=NAMES[role],
            marker=markers(role, 6, 0.8),
            x=[each.number for each in group],
            y=[each.think_s for each in group],
            customdata=[[each.trial_id, each.fallback or ""] for each in group],
            hovertemplate="trial %{x}: %{y:.3~g} s<br>%{customdata[1]}<extra></extra>",
            showlegend=bool(groups["dominated"]),
        )
        for role, group in groups.items()
    ]
    return figure(
        traces,
        "Seconds per proposal",
        xaxis={"title": {"text": "trial"}, "zeroline": False},
        yaxis={"title": {"text": "seconds"}, "rangemode": "tozero", "zeroline": False},
        uirevision="thinking",
    )
