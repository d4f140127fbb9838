"""What a proposal costs as a study grows: `bayes` beside Optuna's GP sampler and Ax, and `sparse`.

Three objectives (DTLZ2, six parameters), one process, one thread. At each size the proposals are
asked one after the other, each with the result of the last one. Wall seconds of a proposal do not
hold the fit, which is a job of its own; the amortised CPU seconds hold everything. Claims are
ratios of amortised figures from this run. `sparse` ranks 500 children of a front of networks.
"""

import random
import resource
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.black_boxes.boxes import Box, boxes
from benchmarks.black_boxes.ours import problem_of, refit, scaled
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


def ours(asked: Designer, problem: Problem, history: History, measure: Measure) -> dict[str, Any]:
    """Wall seconds of proposals, and the amortised CPU seconds with their fits."""
    rng, walls, cpu = random.Random(0), [], 0.0
    # The first fit belongs to the size before: a study that grew to here has fitted long ago.
    fitted = refit(asked, problem, history, None)
    asked.suggest(problem, history, [], fitted, 1, 1)
    for _ in range(PROPOSALS):
        begun = time.process_time()
        fitted = refit(asked, problem, history, fitted)
        wall = time.perf_counter()
        (chosen,) = asked.suggest(problem, history, [], fitted, 1, rng.getrandbits(32))
        walls.append(time.perf_counter() - wall)
        cpu += time.process_time() - begun
        values = {**chosen.known, **measure(chosen.point)}
        number = history.version + 1
        found = Observation(chosen.point, values, number, key=chosen.key)
        history = History((*history.observations, found))
    wall = time.perf_counter()
    asked.suggest(problem, history, [], fitted, BATCH, 7)
    batch = time.perf_counter() - wall
    return {"walls": walls, "cpu": cpu / PROPOSALS, "batch": batch / float(np.median(walls))}


def optuna_gp(box: Box, points: list[Point], count: int) -> tuple[Seconds, float]:
    """Wall seconds of each proposal of Optuna's GP sampler, and their mean CPU seconds."""
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
    walls: Seconds = []
    begun = time.process_time()
    for _ in range(count):
        wall = time.perf_counter()
        trial = study.ask(names)
        walls.append(time.perf_counter() - wall)
        study.tell(trial, list(box(trial.params).values()))
    return walls, (time.process_time() - begun) / count


def ax(box: Box, points: list[Point], count: int) -> tuple[Seconds, float]:
    """The same of Ax."""
    from benchmarks.black_boxes.peers import ax_client

    client = ax_client(box, 0)
    for point in points:
        client.complete_trial(client.attach_trial(parameters=point), raw_data=box(point))
    walls: Seconds = []
    begun = time.process_time()
    for _ in range(count):
        wall = time.perf_counter()
        ((index, asked),) = client.get_next_trials(max_trials=1).items()
        walls.append(time.perf_counter() - wall)
        client.complete_trial(index, raw_data=box(dict(asked)))
    return walls, (time.process_time() - begun) / count


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


def told(name: str, walls: Seconds, cpu: float) -> dict[str, float]:
    """The figures of one table row, printed too."""
    p50, p95 = np.quantile(walls, [0.5, 0.95]).tolist()
    row = {"p50_s": p50, "p95_s": p95, "max_s": max(walls), "cpu_s": cpu}
    print(name, {key: round(value, 3) for key, value in row.items()}, flush=True)
    return {f"{name}_{key}": value for key, value in row.items()}


@threadpool_limits.wrap(limits=1)
def main() -> None:
    """Measure every size, record ratios."""
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    figures: dict[str, float] = {}
    for size in SIZES:
        problem, history, box = black_box(size)
        found = ours(designer("bayes"), problem, history, box)
        figures |= told(f"bayes_{size}", found["walls"], found["cpu"])
        figures[f"bayes_{size}_batch_of_{BATCH}_ratio"] = found["batch"]
    figures["memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for size in SIZES:
        problem, history, measure = networks(size)
        found = ours(designer("sparse"), problem, history, measure)
        figures |= told(f"sparse_{size}", found["walls"], found["cpu"])
    box = boxes()["dtlz2"]
    for name, run in (("optuna_gp", optuna_gp), ("ax", ax)):
        sizes, count = PEER_SIZES[name]
        for size in sizes:
            walls, cpu = run(box, box.sobol(0, size), count)
            figures |= told(f"{name}_{size}", walls, cpu)
            figures[f"ratio_bayes_to_{name}_{size}"] = figures[f"bayes_{size}_cpu_s"] / cpu
    meets = {
        "amortised CPU at 100: at most 1/5 of Optuna-GP": figures["ratio_bayes_to_optuna_gp_100"]
        <= 1 / 5,
        "amortised CPU at 100: at most 1/20 of Ax": figures["ratio_bayes_to_ax_100"] <= 1 / 20,
        "p95 at 1,000 at most 0.3 s": figures["bayes_1000_p95_s"] <= 0.3,
        "p95 at 10,000 at most 1 s": figures["bayes_10000_p95_s"] <= 1.0,
        "maximum at 10,000 at most 3 s": figures["bayes_10000_max_s"] <= 3.0,
        "memory at 10,000 under 2 GB": figures["memory_mib"] < 2_000,
        "a batch of 32 in at most 5 times one": all(
            figures[f"bayes_{size}_batch_of_{BATCH}_ratio"] <= 5 for size in SIZES
        ),
    }
    record("suggest", figures, meets)


if __name__ == "__main__":
    main()
