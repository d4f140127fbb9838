"""A space of named parameters, for black boxes of any kind."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Self

from optimizer import listing
from optimizer.conditions import is_active, unmet
from optimizer.errors import InvalidPoint, InvalidSpace
from optimizer.parameters import Choice, Parameter, Real, check_condition, parameter_from_json
from optimizer.region import Region
from optimizer.rules import Constraint, Figure, Limit, Rules, to_json
from optimizer.space import INACTIVE, NO_LIMITS, Column, Figures, Point, work_key

# A local step: wide enough to leave a flat spot, narrow enough to stay in the neighbourhood.
STEP = 0.1
# So many steps that break a constraint, before one is made that cannot.
MOST_STEPS = 32
# With constraints, points are counted by looking at each; without, a point costs hardly more than
# to write it down. Not beyond so many.
MOST_COUNTED, MOST_LISTED = 10_000, 100_000
FIELDS = ("kind", "parameters", "constraints", "known")


@dataclass(frozen=True)
class ParameterSpace:
    """The box of its parameters, less what conditions and constraints leave out.

    A point names a value for each parameter that is active in it. `constraints` are expressions
    over the parameters that every point keeps, `known` figures computed from the parameters: both
    as texts, or in this process as functions of the point. `limits` are what these figures must
    keep in a problem.
    """

    parameters: tuple[Parameter, ...]
    constraints: tuple[Constraint, ...] = ()
    known: Mapping[str, Figure] = field(default_factory=dict, hash=False)
    limits: tuple[Limit, ...] = ()

    kind: ClassVar[str] = "parameters"
    measured_names: ClassVar[tuple[str, ...] | None] = None
    inherits: ClassVar[bool] = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "constraints", tuple(self.constraints))
        object.__setattr__(self, "known", dict(self.known))
        if not self.parameters:
            raise InvalidSpace("space.parameters", "need at least one parameter, got none")
        for number, parameter in enumerate(self.parameters):
            path = f"space.parameters.{number}"
            if parameter.name in [p.name for p in self.parameters[:number]]:
                raise InvalidSpace(
                    f"{path}.name", f"need each name once, got {parameter.name!r} again"
                )
            check_condition(parameter, self.parameters[:number], path)
        _ = self.rules  # read once, so that what is wrong is refused now

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ParameterSpace":
        """Read a space of kind `parameters`; errors carry the field's path.

        `parameters` is a list, `constraints` a list of expressions, `known` expressions by name;
        the last two may be missing.
        """
        for key in data:
            if key not in FIELDS:
                raise InvalidSpace(f"space.{key}", f"unknown; need one of {', '.join(FIELDS)}")
        listed = data.get("parameters")
        if not isinstance(listed, list | tuple):
            raise InvalidSpace("space.parameters", f"need a list, got {listed!r}")
        constraints, known = data.get("constraints", ()), data.get("known", {})
        if not isinstance(constraints, list | tuple):
            raise InvalidSpace("space.constraints", f"need a list, got {constraints!r}")
        if not isinstance(known, Mapping):
            raise InvalidSpace("space.known", f"need an object, got {known!r}")
        parameters = tuple(
            parameter_from_json(item, f"space.parameters.{number}")
            for number, item in enumerate(listed)
        )
        return cls(parameters, tuple(constraints), known)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """One coordinate per parameter."""
        return tuple(p.column for p in self.parameters)

    @property
    def known_names(self) -> tuple[str, ...]:
        """The figures that are computed from the parameters."""
        return tuple(self.known)

    @property
    def constrained(self) -> bool:
        """Whether there may be points of the box that no proposal may be."""
        return bool(self.constraints or self.known)

    @cached_property
    def size(self) -> int | None:
        """How many points there would be without constraints; None where a parameter is real."""
        return listing.count(self.parameters)

    @cached_property
    def cardinality(self) -> int | None:
        """How many points there are; None for infinitely many or too many to look at each."""
        if self.size is None or not self.constrained:
            return self.size
        return sum(1 for _ in self.points()) if self.listable else None

    @property
    def listable(self) -> bool:
        """Whether every point can be looked at."""
        most = MOST_COUNTED if self.constrained else MOST_LISTED
        return self.size is not None and self.size <= most

    def to_json(self) -> dict[str, Any]:
        """What the user defined, with all defaults filled in.

        Raises:
            InvalidSpace: a constraint or a figure is a function.
        """
        rules = to_json({"constraints": self.constraints, "known": self.known})
        return {"kind": self.kind, "parameters": [p.to_json() for p in self.parameters], **rules}

    def context(self) -> dict[str, Any]:
        """Nothing: the definition says it all."""
        return {}

    def within(self, bounds: Figures, limits: Figures, least: Figures = NO_LIMITS) -> Self:
        """The same space, sampled and morphed only where known figures keep these limits."""
        told = [Limit(*each) for each in limits.items()]
        told += [Limit(*each, sign=-1.0) for each in least.items()]
        return replace(self, limits=tuple(sorted(told, key=lambda limit: limit.name)))

    def asked(self, names: Iterable[str]) -> Self:
        """The same space: what is computed from parameters is always known."""
        return self

    def check(self) -> None:
        """Raise InvalidSpace where no point can be found that keeps constraints and limits."""
        self.sample(random.Random(0))

    def sample(self, rng: random.Random) -> Point:
        """Draw each parameter uniformly on its own scale, within the constraints.

        Raises:
            InvalidSpace: no point can be found that keeps them.
        """
        if self.constrained:
            return self.region.draw(rng)
        return self.decode([rng.random() for _ in self.parameters])

    @property
    def confirmed(self) -> Mapping[int, float]:
        """Nothing: no trial is trained less than another."""
        return {}

    def observed(self, point: Point, key: str, epochs: float | None) -> list[float]:
        """The coordinates of the point: nothing is trained, nothing worth keeping."""
        return self.encode(point)

    def samples(self, count: int, rng: random.Random) -> Iterator[Point]:
        """So many draws. Where constraints leave little room, cheaper than one by one, less varied.

        Raises:
            InvalidSpace: as `sample`.
        """
        if self.constrained:
            return self.region.draws(count, rng)
        return (self.sample(rng) for _ in range(count))

    def heir(self, point: Point, key: str, epochs: float) -> Point:
        """The point itself: a black box learns nothing that could be passed on."""
        return point

    def orphan(self, point: Point) -> Point:
        """The point itself."""
        return point

    def morph(self, point: Point, rng: random.Random) -> Point:
        """Move one parameter: a small step on its scale, or another of its unordered values.

        What becomes active by that is drawn, what becomes inactive is dropped. Where hardly a step
        keeps the constraints, several parameters move together.
        """
        for _ in range(MOST_STEPS):
            moved = self._moved(point, rng)
            if moved != point and self.allows(moved):
                return moved
        return self.region.near(point, STEP, rng)

    def _moved(self, point: Point, rng: random.Random) -> Point:
        chosen = rng.choice([p for p in self.parameters if p.name in point])
        value = point[chosen.name]
        if isinstance(chosen, Choice) and not chosen.ordered:
            others = [v for v in chosen.values if chosen.encode(v) != chosen.encode(value)]
            return self._settled({**point, chosen.name: rng.choice(others)}, rng)
        moved = chosen.decode(chosen.encode(value) + rng.gauss(0.0, STEP))
        if moved == value and not isinstance(chosen, Real):  # the step stayed in the cell
            up = rng.random() < 0.5
            moved = chosen.decode(chosen.encode(value) + (1 if up else -1) / (chosen.count or 1))
        return self._settled({**point, chosen.name: moved}, rng)

    def _settled(self, point: Point, rng: random.Random) -> Point:
        """A point with the parameters that are active in it: new ones drawn, others dropped."""
        settled: Point = {}
        for p in self.parameters:
            if is_active(p.when, settled):
                settled[p.name] = point[p.name] if p.name in point else p.decode(rng.random())
        return settled

    def points(self) -> Iterator[Point]:
        """Every point in a fixed order; only for finite spaces."""
        return (point for point in listing.points(self.parameters) if self.allows(point))

    def allows(self, point: Point) -> bool:
        """Whether a point of the box keeps the constraints, and the limits of known figures."""
        return self.rules.allows(point)

    def validate(self, point: Point) -> None:
        """Raise InvalidPoint unless the active parameters, and nothing else, have allowed values.

        Limits of known figures are not judged: who has such a result may tell it.
        """
        if not isinstance(point, dict):
            raise InvalidPoint("parameters", f"need an object, got {point!r}")
        names = [p.name for p in self.parameters]
        for name in point:
            if name not in names:
                raise InvalidPoint(str(name), f"unknown; the parameters are {', '.join(names)}")
        for parameter in self.parameters:
            name = parameter.name
            if not is_active(parameter.when, point):
                if name in point:
                    raise InvalidPoint(
                        name, f"needs no value, since {unmet(parameter.when, point)}"
                    )
                continue
            if name not in point:
                raise InvalidPoint(name, "needs a value, got none")
            parameter.check(point[name])
        self.rules.check(point)

    def encode(self, point: Point) -> list[float]:
        """One coordinate per parameter: reals, integers and ordered choices in [0, 1].

        `INACTIVE` for a parameter that the point does not have.
        """
        return [p.encode(point[p.name]) if p.name in point else INACTIVE for p in self.parameters]

    def decode(self, coordinates: Sequence[float]) -> Point:
        """The point in whose cell of the unit cube the coordinates lie.

        Equal cells for the values of an integer or a choice (ordered or not), so a uniform draw
        from the cube is a fair draw from the box. Coordinates of inactive parameters are not read,
        constraints not asked. Not the inverse of `encode` for unordered choices, whose coordinate
        there is an index.
        """
        point: Point = {}
        for p, coordinate in zip(self.parameters, coordinates, strict=True):
            if is_active(p.when, point):
                point[p.name] = p.decode(coordinate)
        return point

    def place(self, point: Point, rng: random.Random) -> list[float]:
        """Coordinates whose `decode` is the point; those of inactive parameters are drawn."""
        return [
            p.place(point[p.name]) if p.name in point else rng.random() for p in self.parameters
        ]

    def key(self, point: Point) -> str:
        """The hash of the point's canonical form."""
        return work_key(self.work(point))

    def figures(self, point: Point) -> dict[str, float]:
        """The known figures of a point.

        Raises:
            InvalidPoint: one has no finite value there; no such point is valid.
        """
        return self.rules.figures(point)

    def work(self, point: Point) -> dict[str, Any]:
        """What a worker is told: the canonical values of the active parameters by name."""
        told: dict[str, Any] = {}
        for p in self.parameters:
            if is_active(p.when, told):
                told[p.name] = p.canonical(point[p.name])
        return {"kind": "parameters", "parameters": told}

    @cached_property
    def rules(self) -> Rules:
        """Constraints and known figures, ready to be asked."""
        return Rules(self.parameters, self.constraints, self.known, self.limits)

    @cached_property
    def region(self) -> Region:
        """Where the points lie that keep the constraints."""
        return Region(self)
