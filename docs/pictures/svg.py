"""Plain SVG: a sheet of paper with a scale, and the few shapes that the pictures are made of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

INK, FAINT, PAPER = "#22303c", "#c9d2da", "#ffffff"
BLUE, ORANGE, GREEN, RED, GREY = "#2456b3", "#c4590f", "#1d7a46", "#b3261e", "#7b8794"
TINTS = ("#cfe0fb", "#fbdcc4", "#cdeeda", "#e4d7f5", "#fdf0b8", "#d6eef2", "#f6d3de", "#e3e7ea")

Place = tuple[float, float]


@dataclass
class Sheet:
    """A picture in the making; coordinates are pixels, from the top left."""

    width: int
    height: int
    title: str
    parts: list[str] = field(default_factory=list)

    def line(self, a: Place, b: Place, colour: str = INK, width: float = 1, dash: str = "") -> None:
        """A straight line."""
        self.path([a, b], colour, width, dash)

    def path(
        self, places: Sequence[Place], colour: str = INK, width: float = 1.5, dash: str = ""
    ) -> None:
        """A line through several places."""
        told = " ".join(f"{_n(x)},{_n(y)}" for x, y in places)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<polyline points="{told}" fill="none" stroke="{colour}" '
            f'stroke-width="{_n(width)}"{dashed}/>'
        )

    def area(self, places: Sequence[Place], fill: str, opacity: float = 1) -> None:
        """A filled polygon."""
        told = " ".join(f"{_n(x)},{_n(y)}" for x, y in places)
        self.parts.append(f'<polygon points="{told}" fill="{fill}" fill-opacity="{_n(opacity)}"/>')

    def box(self, at: Place, size: Place, fill: str, edge: str = INK, round_: float = 3) -> None:
        """A rectangle by its upper left corner and its size."""
        self.parts.append(
            f'<rect x="{_n(at[0])}" y="{_n(at[1])}" width="{_n(size[0])}" height="{_n(size[1])}" '
            f'rx="{_n(round_)}" fill="{fill}" stroke="{edge}"/>'
        )

    def dot(self, at: Place, radius: float, fill: str, edge: str = "none") -> None:
        """A circle."""
        self.parts.append(
            f'<circle cx="{_n(at[0])}" cy="{_n(at[1])}" r="{_n(radius)}" '
            f'fill="{fill}" stroke="{edge}"/>'
        )

    def arrow(self, a: Place, b: Place, colour: str = INK, width: float = 1.5) -> None:
        """A line with a head at `b`."""
        length = ((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2) ** 0.5
        dx, dy = (b[0] - a[0]) / length, (b[1] - a[1]) / length
        foot = (b[0] - 8 * dx, b[1] - 8 * dy)
        self.line(a, foot, colour, width)
        side = (-3.5 * dy, 3.5 * dx)
        self.area(
            [b, (foot[0] + side[0], foot[1] + side[1]), (foot[0] - side[0], foot[1] - side[1])],
            colour,
        )

    def text(
        self,
        at: Place,
        words: str,
        colour: str = INK,
        *,
        anchor: str = "start",
        size: int = 13,
        bold: bool = False,
    ) -> None:
        """One line of text; `at` is the left, middle or right end of its base line."""
        weight = ' font-weight="600"' if bold else ""
        self.parts.append(
            f'<text x="{_n(at[0])}" y="{_n(at[1])}" fill="{colour}" font-size="{size}" '
            f'text-anchor="{anchor}"{weight}>{escape(words)}</text>'
        )

    def svg(self) -> str:
        """The picture as a file, a shape a line."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'font-family="system-ui, sans-serif" role="img">'
        )
        paper = f'<rect width="{self.width}" height="{self.height}" rx="6" fill="{PAPER}"/>'
        title = f"<title>{escape(self.title)}</title>"
        return "\n".join([head, title, paper, *self.parts, "</svg>", ""])


@dataclass(frozen=True, slots=True)
class Frame:
    """Where numbers lie on a sheet: `x` and `y` from `low` to `high` fill the box."""

    left: float
    top: float
    width: float
    height: float
    x: Place
    y: Place

    def at(self, x: float, y: float) -> Place:
        """The place of a pair of numbers; up is larger."""
        right = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return self.left + right * self.width, self.top + (1 - up) * self.height

    def axes(self, sheet: Sheet, across: str, up: str) -> None:
        """Two axes with their names."""
        corner = (self.left, self.top + self.height)
        sheet.arrow(corner, (self.left, self.top - 12), INK, 1)
        sheet.arrow(corner, (self.left + self.width + 12, corner[1]), INK, 1)
        sheet.text((self.left + self.width, corner[1] + 18), across, anchor="end")
        sheet.text((self.left - 4, self.top - 18), up)


def _n(value: float) -> str:
    """A number with one decimal at most: what differs below that would only make noise."""
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"
