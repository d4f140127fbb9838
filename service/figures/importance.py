"""Which features mattered for each objective."""

from collections.abc import Sequence
from html import escape
from textwrap import wrap
from typing import Any

from service.figures.layout import ACCENT, Figure, figure, trace
from service.importance import Shares

# Features drawn; the rest is one bar.
MOST_BARS = 10
ROW_PX, HEAD_PX = 24, 52
LINE_PX, LINE_CHARACTERS = 18, 44  # of a note in a panel without bars; three panels fit a page
LEAST_SHARE = 0.005
MARGIN = {"l": 8, "r": 16, "t": 8, "b": 8}


def importance(shares: Sequence[Shares]) -> Figure:
    """Draw the shares of the features as bars, one panel an objective, below each other.

    Args:
        shares: per objective; one without features has an empty panel with its note.
    """
    bars = [_bars(each) for each in shares]
    said = [
        [] if names else wrap(each.note, LINE_CHARACTERS)
        for each, (names, _) in zip(shares, bars, strict=True)
    ]
    heights = [
        HEAD_PX + ROW_PX * len(names) + LINE_PX * len(lines)
        for (names, _), lines in zip(bars, said, strict=True)
    ]
    whole = sum(heights) or 1
    layout: dict[str, Any] = {}
    traces, notes, top = [], [], 0
    for place, (each, (names, values), lines, height) in enumerate(
        zip(shares, bars, said, heights, strict=True)
    ):
        number = "" if place == 0 else str(place + 1)
        low, high = 1 - (top + height) / whole, 1 - (top + HEAD_PX - 10) / whole
        top += height
        traces.append(
            trace(
                "share",
                type="bar",
                orientation="h",
                name=each.name,
                x=values,
                y=[escape(name) for name in names],
                marker={"color": ACCENT},
                text=[f"{100 * value:.0f} %" for value in values],
                textposition="outside",
                cliponaxis=False,
                hovertemplate="%{y}: %{x:.1%}<extra></extra>",
                xaxis=f"x{number}",
                yaxis=f"y{number}",
            )
        )
        layout[f"xaxis{number}"] = {
            "range": [0, 1.1],
            "anchor": f"y{number}",
            "visible": False,
            "fixedrange": True,
        }
        layout[f"yaxis{number}"] = {
            "type": "category",
            "autorange": "reversed",
            "dtick": 1,  # a name for each bar, however low the chart
            "anchor": f"x{number}",
            "domain": [max(low, 0.0), high],
            "automargin": True,
            "showgrid": False,
            "ticks": "",
            "fixedrange": True,
            "visible": bool(names),
        }
        # A note stands below its heading, where the bars would be.
        notes.append(_heading("<br>".join([f"<b>{each.name}</b>", *lines]), high if names else low))
    return figure(
        traces,
        "What mattered",
        showlegend=False,
        bargap=0.35,
        height=whole + 16,
        annotations=notes,
        margin=MARGIN,
        meta={
            "margin": MARGIN,
            "objectives": [
                {"name": each.name, "basis": each.basis, "note": each.note} for each in shares
            ],
        },
        uirevision="importance",
        **layout,
    )


def _bars(shares: Shares) -> tuple[list[str], list[float]]:
    """The features with a share worth a bar, and one bar for all others together."""
    large = [pair for pair in shares.features[:MOST_BARS] if pair[1] >= LEAST_SHARE]
    rest = sum(share for _, share in shares.features[len(large) :])
    names, values = [name for name, _ in large], [share for _, share in large]
    if rest >= LEAST_SHARE:
        names.append(f"{len(shares.features) - len(large)} others")
        values.append(rest)
    return names, values


def _heading(words: str, top: float) -> dict[str, Any]:
    return {
        "text": words,
        "showarrow": False,
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": top,
        "xanchor": "left",
        "yanchor": "bottom",
        "align": "left",
    }
