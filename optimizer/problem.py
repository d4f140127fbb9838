"""A problem: what is searched, and what is asked of it."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from optimizer.errors import InvalidProblem
from optimizer.scale import MOST_QUANTILE, GivenScale, Goal, Scale
from optimizer.space import NETWORK_KINDS, Space, space_from_json

Role = Literal["measured", "known"]
MOST_OBJECTIVES, MOST_CONSTRAINTS = 8, 16
_CONSTRAINT = re.compile(r"\s*(?P<name>[^\s<>=!]+)\s*(?P<sign>[<>]=)\s*(?P<limit>[^\s<>=!]+)\s*")


@dataclass(frozen=True, slots=True)
class Objective:
    """One figure to make small or large.

    A `measured` figure comes from a worker, a `known` one is computed exactly from the point.
    A `bound` is a wish; a point that breaks a `limit` on a known figure is never proposed.
    `scale` is None while a black box's initial design runs; `given` is what the user fixed of it.
    """

    name: str
    role: Role = "measured"
    goal: Goal = "minimize"
    bound: float | None = None
    limit: float | None = None
    scale: Scale | None = None
    given: GivenScale = field(default_factory=GivenScale)

    def __post_init__(self) -> None:
        if not self.name:
            raise InvalidProblem("name", "need a name, got an empty text")
        if self.role not in ("measured", "known"):
            raise InvalidProblem("role", f"need measured or known, got {self.role!r}")
        if self.goal not in ("minimize", "maximize"):
            raise InvalidProblem("goal", f"need minimize or maximize, got {self.goal!r}")
        given = {"ideal": self.given.ideal, "reference": self.given.reference}
        for name, value in {"bound": self.bound, "limit": self.limit, **given}.items():
            if value is not None and not abs(value) <= MOST_QUANTILE:
                need = f"need a number from {-MOST_QUANTILE} to {MOST_QUANTILE}"
                raise InvalidProblem(name, f"{need}, got {value}")
        if self.scale is not None and self.scale.goal != self.goal:
            better = "below" if self.goal == "minimize" else "above"
            raise InvalidProblem(
                "scale",
                f"to {self.goal} {self.name} needs an ideal {better} the reference, "
                f"got {self.scale.ideal} and {self.scale.reference}",
            )

    def keeps_limit(self, value: float) -> bool:
        """Whether a value, in the objective's own unit, is within the limit."""
        return self.limit is None or _within(self.limit, self.goal, value)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, read by `from_json`."""
        return {
            "name": self.name,
            "role": self.role,
            "goal": self.goal,
            "bound": self.bound,
            "limit": self.limit,
            "scale": None if self.scale is None else self.scale.to_json(),
            "given": self.given.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Objective":
        """Read what `to_json` wrote."""
        scale = data.get("scale")
        return cls(
            name=data["name"],
            role=data.get("role", "measured"),
            goal=data.get("goal", "minimize"),
            bound=data.get("bound"),
            limit=data.get("limit"),
            scale=None if scale is None else Scale.from_json(scale),
            given=GivenScale(**(data.get("given") or {})),
        )


@dataclass(frozen=True, slots=True)
class Constraint:
    """A figure that is reported beside the objectives and must keep a limit; nothing is optimised.

    To `minimize` means at most the limit, to `maximize` at least the limit.
    """

    name: str
    limit: float
    goal: Goal = "minimize"

    def __post_init__(self) -> None:
        if not self.name:
            raise InvalidProblem("name", "need a name, got an empty text")
        if self.goal not in ("minimize", "maximize"):
            raise InvalidProblem("goal", f"need minimize or maximize, got {self.goal!r}")
        if not math.isfinite(self.limit):
            raise InvalidProblem("limit", f"need a finite number, got {self.limit}")

    @classmethod
    def read(cls, text: str) -> "Constraint":
        """Read a text such as `temperature <= 80`.

        Raises:
            InvalidProblem: it has another form.
        """
        match = _CONSTRAINT.fullmatch(text)
        try:
            limit = math.nan if match is None else float(match["limit"])
        except ValueError:
            limit = math.nan
        if match is None or not math.isfinite(limit):
            raise InvalidProblem("", f"need a name, <= or >= and a number, got {text!r}")
        return cls(match["name"], limit, "minimize" if match["sign"] == "<=" else "maximize")

    def keeps_limit(self, value: float) -> bool:
        """Whether a value is within the limit."""
        return _within(self.limit, self.goal, value)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; the names are the fields."""
        return {"name": self.name, "limit": self.limit, "goal": self.goal}


def _within(limit: float, goal: Goal, value: float) -> bool:
    return value <= limit if goal == "minimize" else value >= limit


@dataclass(frozen=True)
class Problem:
    """A space, one to eight objectives and what else must hold; all that a designer is asked.

    The space is told what is asked of it, for some figures are counted only then, and the bounds
    and limits of the known figures, since its prior depends on them.
    `validation` is the number of validation images behind a measured `error`, `budget` the number
    of trials of the study, `options` what the user set of the designer.
    """

    space: Space
    objectives: tuple[Objective, ...]
    validation: int | None = None
    seed: int = 0
    constraints: tuple[Constraint, ...] = ()
    budget: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", dict(self.options))  # its own
        if self.budget is not None and self.budget < 1:
            raise InvalidProblem("budget", f"need at least 1, got {self.budget}")
        if not 1 <= len(self.objectives) <= MOST_OBJECTIVES:
            raise InvalidProblem(
                "objectives", f"need 1 to {MOST_OBJECTIVES}, got {len(self.objectives)}"
            )
        names = [judge.name for judge in self.judges]
        object.__setattr__(self, "space", self.space.asked(names))
        for number, objective in enumerate(self.objectives):
            self._check(number, objective)
        if not self.measured:
            need = ", ".join(self.space.measured_names or ()) or "of any name"
            raise InvalidProblem("objectives", f"need at least one measured objective ({need})")
        self._check_constraints()
        known = [judge for judge in self.judges if judge.name in self.space.known_names]
        bounds = {
            o.name: o.bound for o in known if isinstance(o, Objective) and o.bound is not None
        }
        most, least = (
            {k.name: k.limit for k in known if k.goal == goal and k.limit is not None}
            for goal in ("minimize", "maximize")
        )
        object.__setattr__(self, "space", self.space.within(bounds, most, least))

    def _check(self, number: int, objective: Objective) -> None:
        """Refuse a name twice, or one that nobody measures or knows."""
        path = f"objectives.{number}.name"
        if objective.name in [o.name for o in self.objectives[:number]]:
            raise InvalidProblem(path, f"need each name once, got {objective.name!r} again")
        if objective.role == "measured" and objective.name in self.space.known_names:
            raise InvalidProblem(
                f"objectives.{number}.role",
                f"{objective.name} is known in this space, not measured",
            )
        names = self.space.known_names if objective.role == "known" else self.space.measured_names
        if names is not None and objective.name not in names:
            possible = ", ".join(names) or "none in this space"
            raise InvalidProblem(
                path, f"need a {objective.role} figure ({possible}), got {objective.name!r}"
            )

    def _check_constraints(self) -> None:
        """Refuse a constraint twice, on an objective, or on what nobody measures or knows."""
        if len(self.constraints) > MOST_CONSTRAINTS:
            raise InvalidProblem(
                "constraints", f"need at most {MOST_CONSTRAINTS}, got {len(self.constraints)}"
            )
        names, measured = [c.name for c in self.constraints], self.space.measured_names
        for number, name in enumerate(names):
            path = f"constraints.{number}.name"
            if name in names[:number]:
                raise InvalidProblem(path, f"need each name once, got {name!r} again")
            if name in self.names:
                raise InvalidProblem(path, f"{name!r} is an objective; give that a limit instead")
            if measured is not None and name not in (*measured, *self.space.known_names):
                possible = ", ".join((*measured, *self.space.known_names))
                raise InvalidProblem(path, f"need one of {possible}, got {name!r}")

    @property
    def measured(self) -> tuple[Objective, ...]:
        """The objectives that need a model, in order."""
        return tuple(o for o in self.objectives if o.role == "measured")

    @property
    def names(self) -> tuple[str, ...]:
        """The objectives' names, in order: the columns of `History.scores`."""
        return tuple(o.name for o in self.objectives)

    @property
    def judges(self) -> tuple[Objective | Constraint, ...]:
        """All that may have a limit: objectives, then constraints."""
        return (*self.objectives, *self.constraints)

    @property
    def measured_constraints(self) -> tuple[Constraint, ...]:
        """The constraints on what only a worker can tell, in order."""
        return tuple(c for c in self.constraints if c.name not in self.space.known_names)

    @property
    def reported(self) -> tuple[str, ...]:
        """What a worker must report: the measured objectives, then the measured constraints."""
        names = [objective.name for objective in self.measured]
        return (*names, *(constraint.name for constraint in self.measured_constraints))

    @property
    def scaled(self) -> bool:
        """Whether every scale is fixed; until then designers propose the initial design."""
        return all(o.scale is not None for o in self.objectives)

    def keeps_limits(self, values: Mapping[str, float]) -> bool:
        """Whether no given value breaks a limit; names that are missing are not judged."""
        return all(
            each.keeps_limit(values[each.name]) for each in self.judges if each.name in values
        )

    def with_scales(self, scales: Mapping[str, Scale]) -> "Problem":
        """The same problem with these scales, by objective name."""
        objectives = tuple(
            replace(o, scale=scales[o.name]) if o.name in scales else o for o in self.objectives
        )
        return replace(self, objectives=objectives)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, read by `from_json`: what a planner process is sent."""
        return {
            "space": self.space.to_json(),
            "context": self.space.context(),
            "objectives": [o.to_json() for o in self.objectives],
            "validation": self.validation,
            "seed": self.seed,
            "constraints": [c.to_json() for c in self.constraints],
            "budget": self.budget,
            "options": dict(self.options),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Problem":
        """Read what `to_json` wrote, also that of earlier releases."""
        return cls(
            space=space_from_json(data["space"], **data["context"]),
            objectives=tuple(Objective.from_json(o) for o in data["objectives"]),
            validation=data["validation"],
            seed=data["seed"],
            constraints=tuple(Constraint(**c) for c in data.get("constraints", ())),
            budget=data.get("budget"),
            options=data.get("options", {}),
        )


# A model needs a few points per direction to see a slope, but what it proposes when it knows little
# is spread as well as a design. Networks have about 20 columns, most of them dependent: ten samples
# of a prior that follows the size already order them.
NETWORK_INITIAL = 10
LEAST_INITIAL, MOST_INITIAL = 6, 10


def initial_count(problem: Problem) -> int:
    """How many space-filling proposals come before the first model."""
    if problem.space.kind in NETWORK_KINDS:
        return NETWORK_INITIAL
    wanted = min(max(2 * (len(problem.space.columns) + 1), LEAST_INITIAL), MOST_INITIAL)
    return min(wanted, problem.space.cardinality or wanted)
