"""Who worked on what, and when: the attempts of a study as bars along time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from service.figures.layout import ACCENT, DIM, DIMMER, WARN, Figure, figure, trace

BAD = "#b3261e"
# How an attempt ended, as a reader is told it; of these the first in the legend first.
COLOUR = {
    "completed": ACCENT,
    "stopped": DIM,
    "running": ACCENT,
    "infeasible": WARN,
    "failed": BAD,
    "expired": WARN,
    "released": DIMMER,
    "cancelled": DIMMER,
    "superseded": DIMMER,
}
# Beside the colour, for those who do not tell these colours apart.
PATTERN = {"running": "/", "failed": "x", "expired": "+", "infeasible": "\\", "cancelled": "-"}
MOST_LANES = 60
LANE_PX, REST_PX = 26, 90
# A bar is at least so wide; what took a second among hours would else not be seen.
LEAST_WIDTH = 1 / 300
MOST_REASON = 120
FACTS = 8  # fields of `customdata` before the figures


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt; `ended_at` is None while it runs."""

    attempt_id: int
    trial_id: int
    number: int  # of the trial
    attempt: int  # of the trial, from 1
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    reason: str | None
    figures: tuple[float | None, ...] = ()  # of the trial, as they were asked for


def timeline(
    runs: Sequence[Run],
    now: datetime,
    older: int | None = None,
    reaches_now: bool = True,
    columns: Sequence[str] = (),
) -> Figure:
    """Draw attempts, a lane for each worker, and more where it has several at a time.

    Args:
        runs: in any order.
        now: where bars of running attempts end.
        older: where a page of older attempts goes on; None if there are none.
        reaches_now: whether these are the newest.
        columns: the names of `Run.figures`.
    """
    lanes = _lanes(runs, now)
    shown = [run for run in runs if run.attempt_id in lanes]
    names = sorted(set(lanes.values()), key=_natural)
    ends = [run.ended_at or now for run in shown]
    first = min((run.started_at for run in shown), default=now)
    span_s = (max(ends, default=now) - first).total_seconds()
    traces = []
    for outcome, colour in COLOUR.items():
        group = [run for run in shown if run.outcome == outcome]
        if not group:
            continue
        lasted = [((run.ended_at or now) - run.started_at).total_seconds() for run in group]
        traces.append(
            trace(
                outcome,
                type="bar",
                orientation="h",
                name=outcome,
                base=[run.started_at.isoformat() for run in group],
                x=[1000 * max(seconds, span_s * LEAST_WIDTH) for seconds in lasted],
                y=[lanes[run.attempt_id] for run in group],
                marker={
                    "color": colour,
                    "pattern": _pattern(outcome),
                },
                customdata=[_facts(run, s) for run, s in zip(group, lasted, strict=True)],
                hovertemplate="<b>Trial %{customdata[1]}</b>, attempt %{customdata[2]}<br>"
                "%{customdata[3]}: %{customdata[4]}, %{customdata[6]}<br>"
                "%{customdata[7]}<extra></extra>",
            )
        )
    hidden = len(runs) - len(shown)
    return figure(
        traces,
        "Attempts over time",
        barmode="overlay",
        bargap=0.3,
        height=REST_PX + LANE_PX * max(2, len(names)),
        xaxis={"type": "date", "zeroline": False},
        yaxis={
            "type": "category",
            "categoryorder": "array",
            "categoryarray": names,
            "autorange": "reversed",
            "automargin": True,
            "fixedrange": True,
        },
        meta={
            "count": len(shown),
            "lanes": len(names),
            "next": older,
            "columns": [*[None] * FACTS, *columns],
            "note": f"{hidden:,} attempts of further workers are not drawn." if hidden else "",
        },
        uirevision="timeline" if reaches_now else f"timeline {first.isoformat()}",
    )


def _pattern(outcome: str) -> dict[str, Any]:
    """Strokes over the colour; what still runs is strokes alone."""
    mode = "replace" if outcome == "running" else "overlay"
    shape = PATTERN.get(outcome, "")
    return {"shape": shape, "fillmode": mode, "size": 6, "solidity": 0.4}


def _lanes(runs: Sequence[Run], now: datetime) -> dict[int, str]:
    """The lane of each attempt, by its id; those of the latest workers, if there are too many."""
    free: dict[str, list[datetime]] = {}
    lanes: dict[int, str] = {}
    last: dict[str, datetime] = {}
    for run in sorted(runs, key=lambda each: (each.started_at, each.attempt_id)):
        until = free.setdefault(run.worker, [])
        place = next((at for at, end in enumerate(until) if end <= run.started_at), None)
        if place is None:
            place = len(until)
            until.append(run.started_at)
        until[place] = run.ended_at or now
        lanes[run.attempt_id] = run.worker if place == 0 else f"{run.worker} · {place + 1}"
        last[lanes[run.attempt_id]] = until[place]
    latest = set(sorted(last, key=lambda lane: last[lane], reverse=True)[:MOST_LANES])
    return {attempt_id: lane for attempt_id, lane in lanes.items() if lane in latest}


def _natural(name: str) -> list[str | int]:
    """A key that puts worker-9 before worker-10: words and numbers in turn."""
    parts = re.split(r"([0-9]+)", name)
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]


def _facts(run: Run, seconds: float) -> list[int | float | str | None]:
    reason = run.reason or ""
    short = reason if len(reason) <= MOST_REASON else f"{reason[:MOST_REASON]} …"
    who = (run.trial_id, run.number, run.attempt, run.worker, run.outcome)
    told = (run.started_at.isoformat(), _duration(seconds), escape(short))
    return [*who, *told, *run.figures]


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
