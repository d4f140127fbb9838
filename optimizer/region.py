"""Where the points of a constrained space lie, and how to draw from there however small it is."""

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from optimizer.errors import InvalidPoint, InvalidSpace
from optimizer.interior import interior
from optimizer.space import Point

if TYPE_CHECKING:
    from optimizer.parameter_space import ParameterSpace

Row = list[float]

# Of so many draws so many must keep the constraints for drawing alone to do.
TRIED, ROOMY = 256, 8
MOST_DRAWS = 4_000
# A space of so few points is looked through.
MOST_LISTED = 20_000
# Beginnings of walks: how many are looked for, from how many places, by how many steps each.
STARTS, ATTEMPTS, DESCENT = 16, 24, 400
# A walk takes two steps per parameter, but at least and at most so many; each step halves its reach
# until it ends within, at most so often.
LEAST_STEPS, MOST_STEPS = 8, 32
HALVINGS = 64
# Between two points that are drawn in one go.
STEPS_BETWEEN = 3


class Region:
    """The part of the unit cube whose points keep the constraints.

    Where it is large, draws from the cube are thrown away until one falls into it. Where it is
    small, a walk goes through it: hit and run, along coordinates and pairs of them, in random
    directions and along the lines between points already found. Both are uniform in the cube, so
    the prior is the space's own.

    Nothing here depends on a clock, and every search has an end.
    """

    def __init__(self, space: "ParameterSpace") -> None:
        """Look for points within.

        Raises:
            InvalidSpace: none was found.
        """
        self._space = space
        self._listed: list[Point] = []
        self._starts: list[Row] = []
        rng = random.Random(0)
        draws = [self._drawn(rng) for _ in range(TRIED)]
        kept = [row for row in draws if self._within(row)]
        self.roomy = len(kept) >= ROOMY
        if self.roomy:
            self._starts = kept[:STARTS]
        elif space.size is not None and space.size <= MOST_LISTED:
            self._listed = list(space.points())
            if not self._listed:
                raise self._refusal(draws)
        else:
            self._starts = self._found(kept, draws, rng)
            if not self._starts:
                raise self._refusal(draws)
            self._starts = [self._walked(row, self._length, rng) for row in self._starts]

    def draw(self, rng: random.Random) -> Point:
        """A point within."""
        if self._listed:
            return dict(rng.choice(self._listed))
        for _ in range(MOST_DRAWS if self.roomy else 0):
            row = self._drawn(rng)
            if self._within(row):
                return self._space.decode(row)
        start = rng.choice(self._starts)
        return self._space.decode(self._walked(start, self._length, rng))

    def draws(self, count: int, rng: random.Random) -> Iterator[Point]:
        """So many points within, for much less than `draw` takes where the region is small.

        Then they lie along walks, so each resembles some others.
        """
        rows = list(self._starts)
        rng.shuffle(rows)
        for number in range(count):
            if self.roomy or self._listed:
                yield self.draw(rng)
                continue
            place = number % len(rows)
            rows[place] = self._walked(rows[place], STEPS_BETWEEN, rng)
            yield self._space.decode(rows[place])

    def near(self, point: Point, reach: float, rng: random.Random) -> Point:
        """A point within, not far from another one where that is possible.

        Args:
            point: a point of the space, also of what is outside of the region.
            reach: how far to go, in units of the cube.
            rng: draws the direction.
        """
        key, row = self._space.key(point), self._space.place(point, rng)
        if self._listed:
            others = [each for each in self._listed if self._space.key(each) != key]
            return dict(rng.choice(others or self._listed))
        if self._within(row):
            moved = self._space.decode(self._step(row, rng, reach))
            if self._space.key(moved) != key:
                return moved
        return self.draw(rng)

    def _drawn(self, rng: random.Random) -> Row:
        return [rng.random() for _ in self._space.parameters]

    def _within(self, row: Row) -> bool:
        return self._space.allows(self._space.decode(row))

    @property
    def _length(self) -> int:
        """How many steps a walk takes."""
        return min(max(2 * len(self._space.parameters), LEAST_STEPS), MOST_STEPS)

    def _walked(self, row: Row, steps: int, rng: random.Random) -> Row:
        for _ in range(steps):
            row = self._step(row, rng)
        return row

    def _step(self, row: Row, rng: random.Random, reach: float = 1.0) -> Row:
        """One step of hit and run: uniform on a line through a row, as far as that is within."""
        direction = self._direction(rng, len(row))
        ends = [
            sorted(((0.0 - at) / d, (1.0 - at) / d))
            for at, d in zip(row, direction, strict=True)
            if abs(d) > 1e-12
        ]
        if not ends:
            return row
        longest = max(abs(d) for d in direction)
        low = max(max(end[0] for end in ends), -reach / longest)
        high = min(min(end[1] for end in ends), reach / longest)
        for _ in range(HALVINGS):
            t = rng.uniform(low, high)
            moved = [min(max(at + t * d, 0.0), 1.0) for at, d in zip(row, direction, strict=True)]
            if self._within(moved):
                return moved
            low, high = (t, high) if t < 0 else (low, t)
        return row

    def _direction(self, rng: random.Random, dimensions: int) -> Row:
        kind = rng.randrange(4)
        if kind == 0 and len(self._starts) > 1:
            one, other = rng.sample(self._starts, 2)
            return [a - b for a, b in zip(one, other, strict=True)]
        if kind == 1:
            return [rng.gauss(0.0, 1.0) for _ in range(dimensions)]
        direction = [0.0] * dimensions
        direction[rng.randrange(dimensions)] = 1.0
        if kind == 2:  # what a sum forbids to one, it allows to two
            direction[rng.randrange(dimensions)] = rng.choice((1.0, -1.0))
        return direction

    def _found(self, kept: Sequence[Row], draws: Sequence[Row], rng: random.Random) -> list[Row]:
        """Rows within: those that were drawn, then inside linear constraints, then downhill."""
        found = list(kept)
        for row in draws[:ATTEMPTS]:
            point = self._space.decode(row)
            parameters, forms = self._space.parameters, self._space.rules.inequalities
            inner = [self._space.place(p, rng) for p in interior(parameters, forms, point, rng)]
            good = [each for each in inner if self._within(each)]
            if not good:
                good = [self._descended(inner[0] if inner else row, rng)]
            found += [each for each in good if self._within(each)]
            if len(found) >= STARTS:
                break
        last = [] if found else [self._nearest(draws)]
        return found + [each for each in last if self._within(each)]

    def _descended(self, row: Row, rng: random.Random) -> Row:
        """Go where less is broken: an evolution strategy of one, with the one-fifth rule."""
        least, width = self._excess(row), 0.3
        for _ in range(DESCENT):
            if least == 0.0:
                break
            moved = [min(max(at + rng.gauss(0.0, width), 0.0), 1.0) for at in row]
            excess = self._excess(moved)
            if excess < least:
                row, least, width = moved, excess, min(width * 1.5, 0.5)
            else:
                width = max(width * 0.9, 1e-9)
        return row

    def _excess(self, row: Row) -> float:
        return self._space.rules.excess(self._space.decode(row))

    def _nearest(self, draws: Sequence[Row]) -> Row:
        """Down from the best of these rows."""
        return self._descended(min(draws, key=self._excess), random.Random(0))

    def _refusal(self, draws: Sequence[Row]) -> InvalidSpace:
        """Say which rule stands in the way of the point that comes nearest."""
        point = self._space.decode(self._nearest(draws))
        try:
            self._space.validate(point)
        except InvalidPoint as error:
            return InvalidSpace(
                "space.constraints",
                "no point was found that keeps all constraints; "
                f"the nearest point that was found is refused: {error}",
            )
        limit = self._space.rules.broken(point)
        assert limit is not None  # what keeps constraints and limits would have been a start
        return InvalidSpace(
            f"space.known.{limit.name}",
            f"no point was found that keeps the limit {limit}; "
            f"the nearest one has {self._space.figures(point)[limit.name]:g}",
        )
