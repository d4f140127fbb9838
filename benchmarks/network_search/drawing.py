"""A front of accuracies against sizes beside published points, as SVG for light and dark pages."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT, LEFT, TOP, GAP = 400, 300, 60, 30, 70
TICKS_BYTES = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000)
LINE_HEIGHT = 20
STYLE = """<style>
svg{--ink:#333;--grid:#ddd;--search:#888;--confirmed:#0b62c4;--tested:#12742f;--published:#a3320b}
@media(prefers-color-scheme:dark){svg{--ink:#ddd;--grid:#444;--search:#999;--confirmed:#6fb1ff;
--tested:#62d37f;--published:#ff9a6b}}
text{fill:var(--ink);font:13px sans-serif}.tick{text-anchor:end}.mid{text-anchor:middle}
path{fill:none}.grid{stroke:var(--grid)}.search{fill:var(--search)}.confirmed{fill:var(--confirmed)}
.tested{fill:var(--tested)}.published{fill:var(--published)}
</style>"""
RADIUS = {"search": 2, "confirmed": 4, "tested": 6, "published": 5}


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of the figure.

    `kind` is search, confirmed, tested or published; `bytes` holds its sizes by figure, each with
    its convention; `label` is written beside it.
    """

    kind: str
    accuracy: float
    bytes: Mapping[str, float]
    label: str = ""


def svg(
    marks: Sequence[Mark], axes: Sequence[Sequence[str]], legend: Mapping[str, str], bottom: float
) -> str:
    """One panel for each axis.

    Args:
        marks: what is drawn; in a panel those that have one of its figures.
        axes: for each panel the figures that share its axis, the first one preferred.
        legend: what each kind of mark means, its data set and its convention.
        bottom: the accuracy at the bottom; what is below is left out.
    """
    shown = [mark for mark in marks if mark.accuracy >= bottom]
    panels = "".join(
        _panel(shown, names, LEFT + number * (WIDTH + GAP), bottom)
        for number, names in enumerate(axes)
    )
    lines = ""
    for number, (kind, text) in enumerate(legend.items()):
        y = TOP + HEIGHT + 50 + number * LINE_HEIGHT
        lines += f'<circle class="{kind}" cx="{LEFT + 6}" cy="{y - 4}" r="{RADIUS[kind]}"/>'
        lines += f'<text x="{LEFT + 18}" y="{y}">{escape(text)}</text>'
    height = TOP + HEIGHT + 50 + len(legend) * LINE_HEIGHT
    size = f'viewBox="0 0 {LEFT + len(axes) * (WIDTH + GAP)} {height}"'
    title = "<title>Accuracy against size and memory, beside published points</title>"
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{title}{STYLE}{panels}{lines}</svg>\n'


def _panel(marks: Sequence[Mark], names: Sequence[str], left: int, bottom: float) -> str:
    placed = [(mark, size) for mark in marks if (size := _size(mark, names)) is not None]
    sizes = [size for _, size in placed] or [TICKS_BYTES[0]]
    low, high = math.log10(min(sizes) / 1.3), math.log10(max(sizes) * 1.3)

    def x_of(size: float) -> float:
        return left + (math.log10(size) - low) / (high - low) * WIDTH

    def y_of(accuracy: float) -> float:
        return TOP + (1 - accuracy) / (1 - bottom) * HEIGHT

    title = f"accuracy, % / {' or '.join(names)}, B"
    drawn = f'<text x="{left}" y="18">{escape(title)}</text>'
    for number in range(6):
        accuracy = bottom + (1 - bottom) * number / 5
        drawn += f'<path class="grid" d="M{left},{y_of(accuracy):.1f}h{WIDTH}"/>'
        y = y_of(accuracy) + 4
        drawn += f'<text class="tick" x="{left - 6}" y="{y:.1f}">{100 * accuracy:.1f}</text>'
    for size in TICKS_BYTES:
        if low <= math.log10(size) <= high:
            drawn += f'<path class="grid" d="M{x_of(size):.1f},{TOP}v{HEIGHT}"/>'
            y = TOP + HEIGHT + 18
            drawn += f'<text class="mid" x="{x_of(size):.1f}" y="{y}">{size:,}</text>'
    for mark, size in sorted(placed, key=lambda pair: list(RADIUS).index(pair[0].kind)):
        x, y = x_of(size), y_of(mark.accuracy)
        drawn += f'<circle class="{mark.kind}" cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS[mark.kind]}"/>'
        if mark.label:
            drawn += f'<text x="{x + 8:.1f}" y="{y + 4:.1f}">{escape(mark.label)}</text>'
    return drawn


def _size(mark: Mark, names: Sequence[str]) -> float | None:
    return next((mark.bytes[name] for name in names if name in mark.bytes), None)
