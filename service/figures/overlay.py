"""How the hypervolumes of several studies grew, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from optimizer.problem import Objective
from service.figures.hypervolume import scale_text
from service.figures.layout import Figure, figure, trace

By = Literal["trials", "time"]

# As the page's, in the light: told apart by those who see fewer colours, too, with the dashes.
SERIES = (
    "#0a7580",
    "#b3541e",
    "#6a4fb3",
    "#2f6f2f",
    "#a03070",
    "#8a6d00",
    "#3f5b9e",
    "#182023",
)
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid", "dash")
MINUTE_S, HOUR_S = 60.0, 3600.0
PANEL_PX, REST_PX, GAP = 300, 90, 0.12


@dataclass(frozen=True, slots=True)
class Step:
    """The hypervolume after a finished trial, and how long that was after the study's start."""

    finish_no: int
    value: float
    front_size: int
    after_s: float


@dataclass(frozen=True, slots=True)
class Growth:
    """How the hypervolume of one study grew; its last value holds on."""

    study_id: int
    study: str
    objectives: tuple[Objective, ...]
    steps: tuple[Step, ...]
    finished: int
    lasted_s: float

    @property
    def scale(self) -> tuple[Any, ...] | None:
        """What the number is measured in; None while that is not fixed."""
        if any(each.scale is None for each in self.objectives):
            return None
        return tuple(sorted((each.name, repr(each.scale)) for each in self.objectives))


def overlay(growths: Sequence[Growth], by: By) -> Figure:
    """Draw the hypervolumes of studies; each scale has a panel of its own.

    Numbers on different scales, of other objectives above all, must not be compared, so they never
    share an axis.

    Args:
        growths: of up to eight studies.
        by: finished trials, or the time since each study's first attempt.
    """
    scales = list(dict.fromkeys(each.scale for each in growths if each.scale is not None))
    unit, unit_s = _unit(growths)
    traces = []
    for place, growth in enumerate(growths):
        if growth.scale is None:
            continue
        panel = scales.index(growth.scale)
        traces.append(_curve(growth, place, panel, by, unit_s, unit))
    across = "finished trials" if by == "trials" else f"{unit} since the first attempt"
    layout: dict[str, Any] = {}
    height = 1 / max(1, len(scales))
    for panel in range(max(1, len(scales))):
        number = "" if panel == 0 else str(panel + 1)
        high = 1 - panel * height
        name = "hypervolume" if len(scales) < 2 else f"on scale {chr(ord('A') + panel)}"
        layout[f"yaxis{number}"] = {
            "title": {"text": name},
            "rangemode": "tozero",
            "zeroline": False,
            "domain": [high - height + (GAP * height if len(scales) > 1 else 0.0), high],
            "anchor": f"x{number}",
        }
        layout[f"xaxis{number}"] = {
            "title": {"text": across if panel == len(scales) - 1 or not scales else ""},
            "rangemode": "tozero",
            "zeroline": False,
            "anchor": f"y{number}",
            **({} if panel == 0 else {"matches": "x"}),
        }
    return figure(
        traces,
        "Hypervolume of studies",
        height=REST_PX + PANEL_PX * max(1, len(scales)),
        showlegend=True,
        meta={
            "by": by,
            "comparable": len(scales) < 2,
            "studies": [_about(growth, scales) for growth in growths],
            "note": _note(len(scales)),
        },
        # Not what is shown: zoom stays when a study is added.
        uirevision=by,
        **layout,
    )


def _curve(
    growth: Growth, place: int, panel: int, by: By, unit_s: float, unit: str
) -> dict[str, Any]:
    steps = list(growth.steps)
    if steps:
        last = steps[-1]
        until = Step(
            max(last.finish_no, growth.finished),
            last.value,
            last.front_size,
            max(last.after_s, growth.lasted_s),
        )
        steps.append(until)
    number = "" if panel == 0 else str(panel + 1)
    x = [each.finish_no if by == "trials" else each.after_s / unit_s for each in steps]
    told = "after %{x} trials" if by == "trials" else f"after %{{x:.3~g}} {unit}"
    curve = trace(
        "study",
        type="scatter",
        mode="lines",
        name=growth.study,
        x=x,
        y=[each.value for each in steps],
        customdata=[[None, each.front_size] for each in steps],
        hovertemplate=f"{told}<br>hypervolume %{{y:.4f}}<br>front of %{{customdata[1]}}"
        f"<extra>{growth.study}</extra>",
        line={"shape": "hv", "width": 2, "color": SERIES[place], "dash": DASHES[place]},
        xaxis=f"x{number}",
        yaxis=f"y{number}",
        showlegend=True,
    )
    curve["meta"]["place"] = place
    return curve


def _unit(growths: Sequence[Growth]) -> tuple[str, float]:
    longest = max((each.lasted_s for each in growths), default=0.0)
    if longest < 2 * MINUTE_S:
        return "seconds", 1.0
    return ("minutes", MINUTE_S) if longest < 2 * HOUR_S else ("hours", HOUR_S)


def _about(growth: Growth, scales: Sequence[Any]) -> dict[str, Any]:
    scale = None if growth.scale is None else chr(ord("A") + scales.index(growth.scale))
    return {
        "id": growth.study_id,
        "study": growth.study,
        "scale": scale,
        "scale_text": scale_text(growth.objectives),
        "finished": growth.finished,
        "hypervolume": growth.steps[-1].value if growth.steps else None,
        "front_size": growth.steps[-1].front_size if growth.steps else 0,
        "lasted_s": growth.lasted_s,
    }


def _note(scales: int) -> str:
    if scales < 2:
        return ""
    return (
        f"These studies are measured on {scales} scales: other objectives, references or ideals. "
        "Their hypervolumes are different quantities and cannot be compared."
    )
