"""The table of proposals: what an amortised figure holds, and what is left out."""

from typing import Any

import pytest

from benchmarks.suggest import BATCH, PROPOSALS, Row, Taken, ours, steps
from optimizer.designers import Fitted
from optimizer.history import History, Observation
from optimizer.problem import Problem
from optimizer.proposal import Proposal


class Counting:
    """A designer that counts what it is asked."""

    name = "counting"

    def __init__(self) -> None:
        self.fitted: list[int] = []
        self.asked: list[int] = []

    def check(self, problem: Problem) -> None:
        pass

    def fit(self, problem: Problem, history: History, seed: int) -> Fitted:
        self.fitted.append(len(history))
        return Fitted(1, {}, history.version, len(history))

    def suggest(
        self, problem: Problem, history: History, pending: Any, fitted: Any, count: int, seed: int
    ) -> list[Proposal]:
        self.asked.append(count)
        return [Proposal({"x": seed}, str(seed), {}, "counting", "model")] * count


@pytest.mark.parametrize(("size", "fits"), [(1_000, [1_000]), (200, [200, 211])])
def test_fits_are_taken_apart_and_the_first_proposal_is_not_counted(
    size: int, fits: list[int]
) -> None:
    asked = Counting()
    history = History(tuple(Observation({}, {}, n, key=str(n)) for n in range(1, size + 1)))
    row = ours(asked, None, history, lambda point: {})  # type: ignore[arg-type]
    assert asked.fitted == [size, *fits]  # the first warms up
    assert len(row.fits_cpu) == len(fits)
    assert len(row.walls) == len(row.cpu) == PROPOSALS
    assert asked.asked == [1] * (PROPOSALS + 1) + [BATCH]


def test_a_proposal_carries_its_share_of_a_fit() -> None:
    row = Row(walls=[0.1, 0.3], cpu=[0.5, 0.7], fits_cpu=[2.0, 4.0], batch_wall_s=1.0)
    figures = row.figures(1_000)
    assert figures["cpu_s"] == pytest.approx(0.6 + 3.0 / 50)
    assert figures["fit_cpu_s"] == pytest.approx(3.0)
    assert figures["batch_of_32_ratio"] == pytest.approx(5.0)
    assert figures["memory_mib"] > 1
    assert Row(walls=[0.1], cpu=[0.5]).figures(20)["cpu_s"] == 0.5  # fits for each, by itself


def test_the_first_step_of_another_optimiser_is_not_counted() -> None:
    made: list[Taken] = []

    def step() -> Taken:
        with Taken() as taken:
            made.append(taken)
        return taken

    row = steps(step, 3)
    assert [taken.wall_s for taken in made[1:]] == row.walls
    assert len(made) == 4
