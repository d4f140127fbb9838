"""What all charts share: colours, margins, and how lines across a chart look."""

from typing import Any

Figure = dict[str, Any]

ACCENT = "#0a7580"
DIM = "#8a979c"
DIMMER = "#c3cacd"
WARN = "#a85b00"

# Each SVG point is an element, and 10,000 of them make every redraw take a second: the graphics
# card draws more than these. Fewer are elements, which are sharper in print.
MANY = 2000

# Colours for a reader without the page's theme, by role.
COLOUR = {"front": ACCENT, "dominated": DIM, "infeasible": DIMMER, "line": ACCENT, "second": DIM}


def trace(role: str, **fields: Any) -> dict[str, Any]:
    """Return a trace that says what it stands for."""
    return {"meta": {"role": role}, **fields}


def scatter_kind(count: int) -> str:
    """Return which of Plotly's two scatters draws so many points.

    One for all traces of a chart: what the graphics card draws would lie above all elements.
    """
    return "scattergl" if count > MANY else "scatter"


def markers(role: str, size: int, opacity: float) -> dict[str, Any]:
    """Return how the points of a role look."""
    return {"size": size, "color": COLOUR[role], "opacity": opacity}


def figure(traces: list[dict[str, Any]], title: str, **layout: Any) -> Figure:
    """Return a chart in our manner.

    Args:
        traces: what is drawn.
        title: what the chart shows; the page has headings of its own and leaves it out.
        layout: more of the layout, and what replaces ours.
    """
    ours = {
        "title": {"text": title},
        "margin": {"l": 64, "r": 16, "t": 48, "b": 48},
        "hovermode": "closest",
        "showlegend": True,
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
        },
    }
    return {"data": traces, "layout": {**ours, **layout}}


def line_across(
    name: str, across: str, at: float, text: str, anchor: str = "left"
) -> dict[str, Any]:
    """Return a line through the whole chart.

    Args:
        name: what it stands for: bound, limit or budget.
        across: the axis on which `at` lies, x or y.
        at: where it crosses that axis, in the axis's own unit; also on log axes.
        text: written at the end of the line.
        anchor: of the text beside an upright line: `left` puts it to the right of the line.
    """
    upright = across == "x"
    ends = (
        {"x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1}
        if upright
        else {"y0": at, "y1": at, "xref": "paper", "x0": 0, "x1": 1}
    )
    return {
        "type": "line",
        "name": name,
        **ends,
        "line": {
            "dash": "dash" if name == "bound" else "dot",
            "width": 1,
            "color": WARN if name == "limit" else DIM,
        },
        "label": {
            "text": text,
            # Beside the line and inside the chart: above it, the text would run into the legend.
            "textposition": "end",
            "textangle": 0,
            "xanchor": anchor if upright else "right",
            "yanchor": "top" if upright else "bottom",
            "font": {"size": 11, "color": WARN if name == "limit" else DIM},
        },
    }
