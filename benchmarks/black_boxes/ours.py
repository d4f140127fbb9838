"""Our designers on a black box, in process, as a study would ask them."""

import random
import time
from collections.abc import Iterator

from benchmarks.black_boxes.boxes import Box
from benchmarks.black_boxes.peers import INITIAL, Step
from optimizer.designers import designer
from optimizer.designers.designer import Designer, Fitted
from optimizer.history import History, Observation
from optimizer.problem import Objective, Problem
from optimizer.scale import GivenScale, scales_from
from optimizer.space import space_from_json

# As in the planner: a fit stays in use until the history has grown by this share.
GROWTH_OF_FIT = 0.05


def problem_of(box: Box, given: bool, trials: int, seed: int) -> Problem:
    """A box as a study; only where `given` is its reference point told."""
    space = space_from_json({"kind": "parameters", "parameters": list(box.parameters)})
    scales = [GivenScale(reference=value if given else None) for value in box.reference]
    objectives = tuple(
        Objective(name, given=scale) for name, scale in zip(box.objectives, scales, strict=True)
    )
    return Problem(space, objectives, seed=seed, budget=trials)


def scaled(problem: Problem, history: History) -> Problem:
    """The problem with its scales fixed from the initial design, as the ledger fixes them."""
    columns = history.values(problem.names).T
    return problem.with_scales(
        {
            objective.name: scales_from(column.tolist(), objective.goal, objective.given)
            for objective, column in zip(problem.objectives, columns, strict=True)
        }
    )


class Search:
    """One study of one designer; `thought_s` holds the CPU seconds of each model's proposal."""

    def __init__(self, box: Box, name: str, given: bool = False) -> None:
        self._box, self._name, self._given = box, name, given
        self.thought_s: list[float] = []

    def run(self, seed: int, trials: int) -> Iterator[Step]:
        """Begin with the points that every method begins with, then ask."""
        problem = problem_of(self._box, self._given, trials, seed)
        asked: Designer = designer(self._name)
        history, fitted, rng = History(), None, random.Random(seed)
        first = self._box.sobol(seed, INITIAL)
        for number in range(1, trials + 1):
            if number <= INITIAL:
                point = first[number - 1]
            else:
                if not problem.scaled:
                    problem = scaled(problem, history)
                begun = time.process_time()
                fitted = refit(asked, problem, history, fitted)
                (chosen,) = asked.suggest(problem, history, [], fitted, 1, rng.getrandbits(32))
                self.thought_s.append(time.process_time() - begun)
                point = chosen.point
            values = self._box(point)
            history = History((*history.observations, Observation(point, values, number)))
            yield point, values


def refit(
    asked: Designer, problem: Problem, history: History, fitted: Fitted | None
) -> Fitted | None:
    """The fit that a planner would use now."""
    if fitted is None or history.version > fitted.history_version * (1 + GROWTH_OF_FIT):
        return asked.fit(problem, history, 0) or fitted
    return fitted
