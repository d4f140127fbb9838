"""What a study may choose of the random scalarisation of `bayes`; checked without torch."""

from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from optimizer.errors import InvalidProblem
from optimizer.problem import Problem

Prior = Literal["sphere", "simplex", "box", "munas"]
Function = Literal["hypervolume", "tchebyshev", "augmented", "linear"]
Judgement = Literal["improvement", "thompson", "ucb"]

# One ray per proposal is random scalarisation, the mean over many the expected hypervolume
# improvement. Measured: ADR 3 for the rays, ADR 8 for all the rest.
MOST_RAYS = 512


@dataclass(frozen=True, slots=True)
class Scalarising:
    """How many objectives become one number.

    `prior` is what the weights are drawn from, `function` what they weigh, `rays` how many are
    drawn per proposal, `acquisition` what a candidate is worth along them.
    """

    prior: Prior = "sphere"
    function: Function = "hypervolume"
    rays: int = MOST_RAYS
    acquisition: Judgement = "improvement"

    @classmethod
    def of(cls, problem: Problem) -> "Scalarising":
        """Read these of the designer's options; others are another's.

        Raises:
            InvalidProblem: with the path of the option that is wrong.
        """
        told = {f.name: problem.options[f.name] for f in fields(cls) if f.name in problem.options}
        words = {"prior": Prior, "function": Function, "acquisition": Judgement}
        for name, values in words.items():
            if name in told:
                _check_word(name, told[name], get_args(values))
        rays = told.get("rays", MOST_RAYS)
        if type(rays) is not int or not 1 <= rays <= MOST_RAYS:
            raise InvalidProblem(
                "designer_options.rays", f"need a whole number from 1 to {MOST_RAYS}, got {rays!r}"
            )
        return cls(**told)


def _check_word(name: str, word: Any, possible: tuple[str, ...]) -> None:
    if word not in possible:
        need = f"need one of {', '.join(possible)}, got {word!r}"
        raise InvalidProblem(f"designer_options.{name}", need)
