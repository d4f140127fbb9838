"""What lies in memory while a network runs, operator by operator."""

from collections.abc import Sequence

from service.figures.axes import NEAR_LINEAR, Budget
from service.figures.layout import ACCENT, DIM, Figure, figure, line_across, trace

ROW_PX = 26
# Beyond so many operators rows become narrower, down to what a label needs.
ROOMY = 24
LEAST_ROW_PX = 13
AROUND_PX = 120


def memory(timeline: Sequence[tuple[str, int]], budget: Budget | None) -> Figure:
    """Draw the live bytes of each operator, the first at the top.

    Args:
        timeline: (node, live bytes) in the order in which they run.
        budget: the SRAM of a device; drawn if it is near the peak.
    """
    peak_bytes = max((size for _, size in timeline), default=0)
    bars = trace(
        "bars",
        type="bar",
        orientation="h",
        # Ids are unique, so each is a row of its own.
        y=[node for node, _ in timeline],
        x=[size for _, size in timeline],
        marker={"color": [ACCENT if size == peak_bytes else DIM for _, size in timeline]},
        # The node first: who clicks on a bar asks for it.
        customdata=[[node, "peak" if size == peak_bytes else "other"] for node, size in timeline],
        hovertemplate="%{y}<br>%{x:,d} B live<extra></extra>",
    )
    near = budget is not None and budget.size_bytes <= NEAR_LINEAR * peak_bytes
    lines = []
    if near and budget is not None:
        text = f"{budget.title} {budget.size_bytes:,} B"
        lines.append(line_across("budget", "x", budget.size_bytes, text))
    over = budget is not None and peak_bytes > budget.size_bytes
    room = " It does not fit." if over else ""
    share = _share(peak_bytes, budget)
    note = f"Peak {peak_bytes:,} B{share}.{room} Tensors only, no kernel scratch."
    return figure(
        [bars],
        f"Memory over time<br><sub>{note}</sub>",
        meta={"note": note, "over": over},
        showlegend=False,
        shapes=lines,
        height=AROUND_PX + _rows_px(len(timeline)),
        margin={"l": 16, "r": 16, "t": 48, "b": 48},
        xaxis={"title": {"text": "live bytes"}, "tickformat": "~s", "ticksuffix": " B"},
        # A category by force: ids that look like numbers would become positions.
        yaxis={"type": "category", "autorange": "reversed", "automargin": True},
        bargap=0.25,
        uirevision="memory",
    )


def _rows_px(count: int) -> int:
    return max(ROW_PX * min(count, ROOMY), LEAST_ROW_PX * count)


def _share(peak_bytes: int, budget: Budget | None) -> str:
    if budget is None:
        return ""
    percent = 100 * peak_bytes / budget.size_bytes
    return f", {percent:.3g} % of {budget.size_bytes:,} B ({budget.title})"
