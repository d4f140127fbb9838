"""What a proposal costs as a study grows: `bayes` beside Optuna's GP sampler and Ax, and `sparse`.

Three objectives (DTLZ2, six parameters), one thread; each row of the table in a process of its own,
so that its memory is its own. At each size the proposals are asked one after the other, each with
the result of the last one, after one that is not counted. Wall seconds of a proposal do not hold
the fit, which is a job of its own. The amortised CPU seconds do: a fit stays in use until the
history has grown by 5 %, so at n results each proposal carries the fit's / (0.05 n); the others fit
for every proposal. Claims are ratios of amortised figures from this run. `sparse` ranks 500
children of a front of networks beside 256 samples. `--quick` runs the smallest size alone and keeps
nothing.
"""

import argparse
import random
import resource
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import fmean

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.black_boxes.boxes import Box, boxes
from benchmarks.black_boxes.ours import GROWTH_OF_FIT, problem_of, refit, scaled
from benchmarks.pools import pool
from benchmarks.record import record
from optimizer.designers import Designer, designer
from optimizer.history import History, Observation
from optimizer.networks.scales import default_scales
from optimizer.networks.space import NetworkSpace
from optimizer.problem import Objective, Problem
from optimizer.space import Point, space_from_json

SIZES = (20, 50, 100, 200, 1_000, 10_000)
PROPOSALS = 20
BATCH = 32
# Where the others still answer within minutes, and how many proposals are asked of them.
PEER_SIZES = {"optuna_gp": ((20, 50, 100, 200), 5), "ax": ((20, 50, 100), 3)}
FIRST = 10
Measure = Callable[[Point], dict[str, float]]
Seconds = list[float]


@dataclass
class Row:
    """One row of the table: wall and CPU seconds of each proposal, those of fits, and a batch."""

    walls: Seconds = field(default_factory=list)
    cpu: Seconds = field(default_factory=list)
    fits_cpu: Seconds = field(default_factory=list)
    batch_wall_s: float | None = None

    def figures(self, size: int) -> dict[str, float]:
        """The columns, each with its unit."""
        p50, p95 = np.quantile(self.walls, [0.5, 0.95]).tolist()
        found = {"p50_s": p50, "p95_s": p95, "max_s": max(self.walls)}
        found["cpu_s"] = fmean(self.cpu)
        if self.fits_cpu:
            found["fit_cpu_s"] = fmean(self.fits_cpu)
            found["cpu_s"] += found["fit_cpu_s"] / (GROWTH_OF_FIT * size)
        if self.batch_wall_s is not None:
            found[f"batch_of_{BATCH}_ratio"] = self.batch_wall_s / p50
        found["memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return found


class Taken:
    """Wall and CPU seconds of a block."""

    def __enter__(self) -> "Taken":
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall_s = time.perf_counter() - self._wall
        self.cpu_s = time.process_time() - self._cpu


def ours(asked: Designer, problem: Problem, history: History, measure: Measure) -> Row:
    """Proposals of one of our designers, its fits apart from them."""
    rng, row, fitted = random.Random(0), Row(), None
    # What is loaded once does not belong to any row.
    asked.suggest(problem, history, [], asked.fit(problem, history, 0), 1, 1)
    for _ in range(PROPOSALS):
        with Taken() as fit:
            before, fitted = fitted, refit(asked, problem, history, fitted)
        if fitted is not before:
            row.fits_cpu.append(fit.cpu_s)
        with Taken() as proposal:
            (chosen,) = asked.suggest(problem, history, [], fitted, 1, rng.getrandbits(32))
        row.walls.append(proposal.wall_s)
        row.cpu.append(proposal.cpu_s)
        values = {**chosen.known, **measure(chosen.point)}
        number = history.version + 1
        found = Observation(chosen.point, values, number, key=chosen.key)
        history = History((*history.observations, found))
    with Taken() as batch:
        asked.suggest(problem, history, [], fitted, BATCH, 7)
    row.batch_wall_s = batch.wall_s
    return row


def optuna_gp(box: Box, points: list[Point], count: int) -> Row:
    """Proposals of Optuna's GP sampler, which fits for each."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.GPSampler(deterministic_objective=True, seed=0)
    study = optuna.create_study(directions=["minimize"] * len(box.reference), sampler=sampler)
    names = {
        p["name"]: optuna.distributions.FloatDistribution(p["low"], p["high"])
        for p in box.parameters
    }
    for point in points:
        values = list(box(point).values())
        study.add_trial(optuna.trial.create_trial(params=point, distributions=names, values=values))

    def step() -> Taken:
        with Taken() as taken:
            trial = study.ask(names)
        study.tell(trial, list(box(trial.params).values()))
        return taken

    return steps(step, count)


def steps(step: Callable[[], Taken], count: int) -> Row:
    """So many steps after one that is not counted, as with ours."""
    row = Row()
    step()
    for _ in range(count):
        taken = step()
        row.walls.append(taken.wall_s)
        row.cpu.append(taken.cpu_s)
    return row


def ax(box: Box, points: list[Point], count: int) -> Row:
    """The same of Ax."""
    from benchmarks.black_boxes.peers import ax_client

    client = ax_client(box, 0)
    for point in points:
        client.complete_trial(client.attach_trial(parameters=point), raw_data=box(point))

    def step() -> Taken:
        with Taken() as taken:
            ((index, asked),) = client.get_next_trials(max_trials=1).items()
        client.complete_trial(index, raw_data=box(dict(asked)))
        return taken

    return steps(step, count)


def black_box(size: int) -> tuple[Problem, History, Box]:
    """A study of so many results, its scales fixed from the first."""
    box = boxes()["dtlz2"]
    problem = problem_of(box, given=False, trials=size + PROPOSALS, seed=0)
    observations = tuple(
        Observation(point, box(point), number, key=problem.space.key(point))
        for number, point in enumerate(box.sobol(0, size), 1)
    )
    return scaled(problem, History(observations[:FIRST])), History(observations), box


def networks(size: int) -> tuple[Problem, History, Measure]:
    """A study of networks on digits with an error that falls with operations and weights."""
    space = space_from_json({"kind": "tiny"}, input_shape=(8, 8, 1), classes=10, train_images=897)
    assert isinstance(space, NetworkSpace)
    objectives = (
        Objective("error"),
        Objective("model_size:deployed", "known"),
        Objective("working_memory:arena", "known"),
    )
    problem = Problem(space, objectives, validation=300, budget=2 * size).with_scales(
        default_scales(space, objectives, "stm32f446re", 10, 300)
    )

    def measure(point: Point) -> dict[str, float]:
        known = space.figures(point)
        error = 0.9 * (1 + known["macs"] / 400) ** -0.5 * (1 + known["model_size:munas"]) ** -0.1
        return {"error": max(error, 1 / 300)}

    def observations() -> Iterator[Observation]:
        rng = random.Random(0)
        for number in range(1, size + 1):
            point = space.sample(rng)
            values = {**space.figures(point), **measure(point)}
            yield Observation(point, values, number, key=space.key(point), epochs=30.0)

    return problem, History(tuple(observations())), measure


@threadpool_limits.wrap(limits=1)
def row_of(name: str, size: int) -> dict[str, float]:
    """The figures of one row, in the process that measures nothing else."""
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    if name == "bayes":
        problem, history, box = black_box(size)
        row = ours(designer("bayes"), problem, history, box)
    elif name == "sparse":
        row = ours(designer("sparse"), *networks(size))
    else:
        box, run = boxes()["dtlz2"], {"optuna_gp": optuna_gp, "ax": ax}[name]
        row = run(box, box.sobol(0, size), PEER_SIZES[name][1])
    return row.figures(size)


def measured(sizes: Sequence[int]) -> dict[str, float]:
    """All rows, one after the other, and ratios of amortised figures; printed too."""
    rows = [(name, size) for name in ("bayes", "sparse") for size in sizes]
    rows += [(name, s) for name, (some, _) in PEER_SIZES.items() for s in some if s in sizes]
    figures: dict[str, float] = {}
    for name, size in rows:
        with pool(1) as alone:
            row = alone.submit(row_of, name, size).result()
        print(f"{name}_{size}", {key: round(value, 3) for key, value in row.items()}, flush=True)
        figures |= {f"{name}_{size}_{key}": value for key, value in row.items()}
        if name in PEER_SIZES:
            ratio = figures[f"bayes_{size}_cpu_s"] / row["cpu_s"]
            figures[f"ratio_bayes_to_{name}_{size}"] = ratio
    return figures


def claims(figures: dict[str, float]) -> dict[str, bool]:
    """What is required of `bayes`; the table of `sparse` is printed."""
    return {
        "amortised CPU at 100: at most 1/5 of Optuna-GP": figures["ratio_bayes_to_optuna_gp_100"]
        <= 1 / 5,
        "amortised CPU at 100: at most 1/20 of Ax": figures["ratio_bayes_to_ax_100"] <= 1 / 20,
        "p95 at 1,000 at most 0.3 s": figures["bayes_1000_p95_s"] <= 0.3,
        "p95 at 10,000 at most 1 s": figures["bayes_10000_p95_s"] <= 1.0,
        "maximum at 10,000 at most 3 s": figures["bayes_10000_max_s"] <= 3.0,
        "memory at 10,000 under 2 GB": figures["bayes_10000_memory_mib"] < 2_000,
        "a batch of 32 in at most 5 times one": all(
            figures[f"bayes_{size}_batch_of_{BATCH}_ratio"] <= 5 for size in SIZES
        ),
    }


def main() -> None:
    """Measure every size, record ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the smallest size, keep nothing")
    if parser.parse_args().quick:
        measured(SIZES[:1])
        return
    figures = measured(SIZES)
    record("suggest", figures, claims(figures))


if __name__ == "__main__":
    main()
