"""What was predicted of trials against what came out, and how far the predictions are kept."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from service.figures.axes import Axis
from service.figures.layout import DIM, Figure, figure, markers, scatter_kind, trace

# Of a normal distribution, the shares within one and within two deviations.
EXPECTED = (0.683, 0.954)
FEWEST = 10  # results, before anything is said of the models
# A mean square of (result - mean) / sd outside of these says that deviations are wrong: by a factor
# of 1.4 and more.
SURE, WIDE = 2.0, 0.5
FAR = 2.0  # standard errors that a mean error is noticed at


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A trial with its result, and the mean and the deviation that were predicted of it."""

    trial_id: int
    number: int
    mean: float
    sd: float
    value: float

    @property
    def off(self) -> float | None:
        """By how many deviations the result is above the mean; None if there is no deviation."""
        return (self.value - self.mean) / self.sd if self.sd > 0 else None


def prediction(rows: Sequence[Foreseen], axis: Axis) -> Figure:
    """Draw results over predictions, with a bar of one deviation each, and the line of equals.

    Args:
        rows: by number.
        axis: the objective; its scale holds for both axes.
    """
    means, values = [row.mean for row in rows], [row.value for row in rows]
    both = axis.fitting([*means, *values])
    along = both.layout([*means, *values])
    spec = both.spec
    unit = both.behind
    points = trace(
        "front",
        type=scatter_kind(len(rows)),
        mode="markers",
        name="result",
        marker=markers("front", 7, 0.8),
        x=both.drawn(means),
        y=both.drawn(values),
        error_x={
            "type": "data",
            "array": [row.sd for row in rows],
            "thickness": 1,
            "width": 0,
            "color": DIM,
        },
        customdata=[[row.trial_id, row.number, row.mean, row.sd, row.value] for row in rows],
        hovertemplate=(
            f"trial %{{customdata[1]}}<br>result %{{customdata[4]:{spec}}}{unit}<br>"
            f"predicted %{{customdata[2]:{spec}}} ± %{{customdata[3]:{spec}}}{unit}"
            "<extra></extra>"
        ),
    )
    ends = [value for value in both.drawn([*means, *values]) if value is not None]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    equal = trace(
        "second",
        type=scatter_kind(len(rows)),
        mode="lines",
        name="as predicted",
        x=[low, high],
        y=[low, high],
        line={"width": 1, "dash": "dot", "color": DIM},
        hoverinfo="skip",
    )
    note = words(rows)
    return figure(
        [equal, points],
        f"{axis.name}: result against prediction<br><sub>{note}</sub>",
        meta={"objective": axis.name, "note": note, "log": both.log},
        showlegend=False,
        xaxis=along | {"title": {"text": f"{axis.name}, predicted"}},
        yaxis=along | {"title": {"text": f"{axis.name}, result"}},
        uirevision=f"prediction {axis.name}",
    )


def words(rows: Sequence[Foreseen]) -> str:
    """Say how well the predictions are kept, and what that means."""
    offs = [row.off for row in rows if row.off is not None]
    if not offs:
        return "No trial that was predicted has a result yet."
    n = len(offs)
    results = "result lies" if n == 1 else "results lie"
    within = [sum(abs(off) <= width for off in offs) for width in (1, 2)]
    counted = (
        f"Of {n:,} {results} {within[0]:,} ({within[0] / n:.0%}) within 1 sd of the prediction "
        f"(expected {EXPECTED[0]:.0%}) and {within[1]:,} ({within[1] / n:.0%}) within 2 sd "
        f"(expected {EXPECTED[1]:.0%})"
    )
    if n < FEWEST:
        return f"{counted}: too few to judge."
    return f"{counted}: {_verdict(offs)}"


def _verdict(offs: Sequence[float]) -> str:
    n = len(offs)
    mean = sum(offs) / n
    squares = sum(off * off for off in offs) / n
    if squares > SURE:
        told = f"the model is too sure; its deviations are about {math.sqrt(squares):.1f} times"
        told += " too small."
    elif squares < WIDE:
        told = "the model is too careful; results lie closer than it says."
    else:
        told = "the model knows how much it does not know."
    if abs(mean) > FAR * math.sqrt(max(squares, 1.0) / n):
        side = "higher" if mean > 0 else "lower"
        told += f" Results come out {side} than predicted, by {abs(mean):.1f} sd on average."
    return told
