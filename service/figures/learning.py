"""The learning curves of a trial."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from service.figures.layout import ACCENT, DIM, Figure, figure, trace

# Beyond the objectives: what a worker reports beside them, told apart by their stroke.
DASHES = ("dash", "dot", "dashdot", "longdash")


def learning(
    reports: Sequence[tuple[int, Mapping[str, float]]], objectives: Collection[str]
) -> Figure:
    """Draw each reported metric over the steps.

    Errors and objectives share the left axis. Whatever else was reported, a loss above all, has
    another size and goes to the right.

    Args:
        reports: (step, metrics), by rising step.
        objectives: names of the study's objectives.
    """
    names = list(dict.fromkeys(name for _, metrics in reports for name in metrics))
    names.sort(key=lambda name: name not in objectives)
    left = [name for name in names if name in objectives or name.endswith("error")]
    right = [name for name in names if name not in left] if left else []
    traces = []
    for place, name in enumerate(names):
        known = [(step, metrics[name]) for step, metrics in reports if name in metrics]
        main = name in objectives
        traces.append(
            trace(
                "front" if main else "second",
                type="scatter",
                mode="lines+markers" if len(known) < 60 else "lines",
                name=f"{name} (right)" if name in right else name,
                x=[step for step, _ in known],
                y=[value for _, value in known],
                line={
                    "width": 2 if main else 1.5,
                    "color": ACCENT if main else DIM,
                    "dash": "solid" if main else DASHES[place % len(DASHES)],
                },
                marker={"size": 5 if main else 4},
                hovertemplate=f"{name} %{{y:.5~g}}<extra>step %{{x}}</extra>",
                **({"yaxis": "y2"} if name in right else {}),
            )
        )
    layout: dict[str, Any] = {"xaxis": {"title": {"text": "step"}, "zeroline": False}}
    layout["yaxis"] = _axis(left or names)
    if right:
        # Ticks of its own: aligned with the left ones they would fall on crooked numbers.
        own = {"overlaying": "y", "side": "right", "showgrid": False, "tickmode": "auto"}
        layout["yaxis2"] = _axis(right) | own
    return figure(traces, "Learning curve", uirevision="learning", **layout)


def _axis(names: Sequence[str]) -> dict[str, Any]:
    return {"title": {"text": ", ".join(names)}, "rangemode": "tozero", "zeroline": False}
