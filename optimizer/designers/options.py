"""What the user may set of each designer; here, since a server checks names without torch."""

from collections.abc import Mapping
from dataclasses import fields

from optimizer.designers.scalarising import Scalarising
from optimizer.designers.stages import Stages
from optimizer.errors import InvalidProblem
from optimizer.problem import Problem

OPTIONS: Mapping[str, frozenset[str]] = {
    "ageing-evolution": frozenset(),
    "bayes": frozenset(field.name for field in fields(Scalarising)),
    "nehvi": frozenset(),
    "random": frozenset(),
    "sobol": frozenset(),
    "sparse": frozenset(field.name for field in fields(Stages)),
}


def check_options(designer: str, problem: Problem) -> None:
    """Refuse options that this designer does not know, or whose values are wrong.

    Raises:
        InvalidProblem: with the field `designer_options.NAME`.
    """
    known = OPTIONS[designer]
    for name in problem.options:
        if name not in known:
            listed = ", ".join(sorted(known)) or "none"
            raise InvalidProblem(
                f"designer_options.{name}", f"unknown; {designer} has these options: {listed}"
            )
    if designer == "sparse":
        Stages.of(problem)
    if designer == "bayes":
        Scalarising.of(problem)
