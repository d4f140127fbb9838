"""The stages of `sparse` as shares of a study's trials."""

from dataclasses import dataclass
from typing import Literal

from optimizer.errors import InvalidProblem
from optimizer.parameters import is_number
from optimizer.problem import Problem

Stage = Literal["explore", "morph", "prune"]

# Pruning is in a stage of its own since a pruned child says little of what its parent could become.
EXPLORE, MORPH = 0.15, 0.3


@dataclass(frozen=True, slots=True)
class Stages:
    """When the stages end, as shares of the budget, and whether children inherit weights."""

    explore: float = EXPLORE
    morph: float = MORPH
    inherit: bool = True

    @classmethod
    def of(cls, problem: Problem) -> "Stages":
        """Read the designer's options.

        Raises:
            InvalidProblem: with the path of the option that is wrong.
        """
        options = cls(**problem.options)
        for name in ("explore", "morph"):
            share = getattr(options, name)
            if not (is_number(share) and 0 <= share <= 1):
                path = f"designer_options.{name}"
                raise InvalidProblem(path, f"need a share of the trials, 0 to 1, got {share!r}")
        if options.explore > options.morph:
            raise InvalidProblem(
                "designer_options.morph",
                f"need the end of morphing after that of exploring ({options.explore}), "
                f"got {options.morph}",
            )
        if type(problem.options.get("inherit", True)) is not bool:
            path = "designer_options.inherit"
            raise InvalidProblem(path, f"need true or false, got {options.inherit!r}")
        return options

    def stage(self, number: int, budget: int) -> Stage:
        """The stage of the proposal that follows `number` others."""
        if number < self.explore * budget:
            return "explore"
        return "morph" if number < self.morph * budget else "prune"
