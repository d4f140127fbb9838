"""A space of named parameters, for black boxes of any kind."""

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from optimizer.errors import InvalidPoint, InvalidSpace
from optimizer.parameters import Choice, Parameter, Real, parameter_from_json
from optimizer.space import Column, Point, work_key

# A local step: wide enough to leave a flat spot, narrow enough to stay in the neighbourhood.
STEP = 0.1


@dataclass(frozen=True)
class ParameterSpace:
    """The box of its parameters; a point names a value for each of them."""

    parameters: tuple[Parameter, ...]

    kind: ClassVar[str] = "parameters"
    known_names: ClassVar[tuple[str, ...]] = ()
    measured_names: ClassVar[tuple[str, ...] | None] = None
    inherits: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.parameters:
            raise InvalidSpace("space.parameters", "need at least one parameter, got none")
        for number, parameter in enumerate(self.parameters):
            if parameter.name in [p.name for p in self.parameters[:number]]:
                raise InvalidSpace(
                    f"space.parameters.{number}.name",
                    f"need each name once, got {parameter.name!r} again",
                )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ParameterSpace":
        """Read `{"kind": "parameters", "parameters": [...]}`; errors carry the field's path."""
        for key in data:
            if key not in ("kind", "parameters"):
                raise InvalidSpace(f"space.{key}", "unknown; a parameter space has parameters")
        listed = data.get("parameters")
        if not isinstance(listed, list | tuple):
            raise InvalidSpace("space.parameters", f"need a list, got {listed!r}")
        return cls(
            tuple(
                parameter_from_json(item, f"space.parameters.{number}")
                for number, item in enumerate(listed)
            )
        )

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """One coordinate per parameter."""
        return tuple(p.column for p in self.parameters)

    @cached_property
    def cardinality(self) -> int | None:
        """How many points there are; None if a parameter is real."""
        counts = [p.count for p in self.parameters]
        return math.prod(c for c in counts if c is not None) if None not in counts else None

    def to_json(self) -> dict[str, Any]:
        """What the user defined, with all defaults filled in."""
        return {"kind": self.kind, "parameters": [p.to_json() for p in self.parameters]}

    def context(self) -> dict[str, Any]:
        """Nothing: the definition says it all."""
        return {}

    def within(self, bounds: Mapping[str, float], limits: Mapping[str, float]) -> "ParameterSpace":
        """The space itself: nothing about its points is known before they are measured."""
        return self

    def sample(self, rng: random.Random) -> Point:
        """Draw each parameter uniformly on its own scale."""
        return self.decode([rng.random() for _ in self.parameters])

    def heir(self, point: Point, key: str, epochs: float) -> Point:
        """The point itself: a black box learns nothing that could be passed on."""
        return point

    def orphan(self, point: Point) -> Point:
        """The point itself."""
        return point

    def morph(self, point: Point, rng: random.Random) -> Point:
        """Move one parameter: a small step on its scale, or another of its unordered values."""
        chosen = rng.choice(self.parameters)
        value = point[chosen.name]
        if isinstance(chosen, Choice) and not chosen.ordered:
            others = [v for v in chosen.values if chosen.encode(v) != chosen.encode(value)]
            return {**point, chosen.name: rng.choice(others)}
        moved = chosen.decode(chosen.encode(value) + rng.gauss(0.0, STEP))
        if moved == value and not isinstance(chosen, Real):  # the step stayed in the cell
            up = rng.random() < 0.5
            moved = chosen.decode(chosen.encode(value) + (1 if up else -1) / (chosen.count or 1))
        return {**point, chosen.name: moved}

    def points(self) -> Iterator[Point]:
        """Every point in a fixed order; only for finite spaces."""
        ranges: list[Sequence[Any]] = []
        for parameter in self.parameters:
            if isinstance(parameter, Real):
                raise InvalidSpace("space.parameters", f"{parameter.name} has no end of values")
            if isinstance(parameter, Choice):
                ranges.append(parameter.values)
            else:
                ranges.append(range(parameter.low, parameter.high + 1))
        names = [p.name for p in self.parameters]
        for values in itertools.product(*ranges):
            yield dict(zip(names, values, strict=True))

    def validate(self, point: Point) -> None:
        """Raise InvalidPoint unless every parameter, and nothing else, has a value in range."""
        if not isinstance(point, dict):
            raise InvalidPoint("parameters", f"need an object, got {point!r}")
        names = [p.name for p in self.parameters]
        for name in point:
            if name not in names:
                raise InvalidPoint(str(name), f"unknown; the parameters are {', '.join(names)}")
        for parameter in self.parameters:
            if parameter.name not in point:
                raise InvalidPoint(parameter.name, "needs a value, got none")
            parameter.check(point[parameter.name])

    def encode(self, point: Point) -> list[float]:
        """One coordinate per parameter: reals, integers and ordered choices in [0, 1]."""
        return [p.encode(point[p.name]) for p in self.parameters]

    def decode(self, coordinates: Sequence[float]) -> Point:
        """The point in whose cell of the unit cube the coordinates lie.

        Equal cells for the values of an integer or a choice (ordered or not), so a uniform draw
        from the cube is a fair draw from the space. Not the inverse of `encode` for unordered
        choices, whose coordinate there is an index.
        """
        pairs = zip(self.parameters, coordinates, strict=True)
        return {p.name: p.decode(coordinate) for p, coordinate in pairs}

    def key(self, point: Point) -> str:
        """The hash of the point's canonical form."""
        return work_key(self.work(point))

    def figures(self, point: Point) -> dict[str, float]:
        """Nothing is known before it is measured."""
        return {}

    def work(self, point: Point) -> dict[str, Any]:
        """What a worker is told: the canonical values by name."""
        values = {p.name: p.canonical(point[p.name]) for p in self.parameters}
        return {"kind": "parameters", "parameters": values}
