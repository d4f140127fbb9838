"""The designers without a server: which scalarisation `bayes` should use, and what it costs.

BraninCurrin (two measured objectives, the scale given or fixed after the initial design) and a
synthetic network problem (one measured error with the chance of 300 images, two known figures):
40 trials each, paired seeds. `one_ray` draws one weight vector per proposal, `bayes` takes the
mean over many.
"""

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.black_boxes.ours import scaled
from benchmarks.record import record
from optimizer.designers import Designer, designer
from optimizer.designers.bayes import BayesDesigner  # first: it silences a warning of GPyTorch
from optimizer.designers.scalarising import Scalarising
from optimizer.history import History, Observation
from optimizer.networks.scales import default_scales
from optimizer.networks.space import NetworkSpace
from optimizer.pareto import hypervolume
from optimizer.problem import Objective, Problem, initial_count
from optimizer.scale import Scale
from optimizer.space import Point, space_from_json

TRIALS = 40
SEEDS, NETWORK_SEEDS = range(10), range(5)
REFERENCE = (18.0, 6.0)
IMAGES = 300
DESIGNERS: dict[str, Designer] = {
    "random": designer("random"),
    "sobol": designer("sobol"),
    "one_ray": BayesDesigner(Scalarising(rays=1)),
    "bayes": BayesDesigner(),
}
SQUARE = space_from_json(
    {
        "kind": "parameters",
        "parameters": [{"name": n, "kind": "real", "low": 0.0, "high": 1.0} for n in "xy"],
    }
)
DIGITS = space_from_json({"kind": "tiny"}, input_shape=(8, 8, 1), classes=10)


@dataclass(frozen=True)
class Case:
    """A problem, its measurement and how a finished history is judged."""

    problem: Problem
    measure: Callable[[Point], dict[str, float]]
    judge: Callable[[History], float]


def branin_currin(seed: int, given: bool) -> Case:
    """Judged by the raw hypervolume over BoTorch's reference point."""
    from botorch.test_functions.multi_objective import BraninCurrin

    function = BraninCurrin().double()
    scales = (Scale(0.4, 18.0), Scale(1.2, 6.0)) if given else (None, None)

    def measure(point: Point) -> dict[str, float]:
        place = torch.tensor([[point["x"], point["y"]]], dtype=torch.float64)
        return dict(zip("ab", function(place)[0].tolist(), strict=True))

    objectives = tuple(Objective(n, scale=s) for n, s in zip("ab", scales, strict=True))
    return Case(
        Problem(SQUARE, objectives, seed=seed),
        measure,
        lambda history: hypervolume(np.array(REFERENCE) - history.values("ab")),
    )


def true_error(point: Point) -> float:
    """Smooth in the features, falling with operations and weights; no real network behind it."""
    at = dict(zip((c.name for c in DIGITS.columns), DIGITS.encode(point), strict=True))
    known = DIGITS.figures(point)
    log = math.log(0.8) - 0.62 * math.log1p(known["macs"] / 400)
    log += -0.25 * math.log1p(known["model_size:munas"] / 300) + 1.5 * (at["side"] - 0.8) ** 2
    log += 0.5 * at["share_depthwise"] - 0.4 * at["global_pool"] * at["log_depth"]
    log += 5 * (at["log_learning_rate"] - 0.6) ** 2 - 0.35 * at["batch_norm"] - 0.3 * at["relu"]
    log += 2 * max(0.0, 0.35 - at["log_bottleneck"])
    return min(max(math.exp(log), 0.004), 0.9)


def networks(seed: int) -> Case:
    """Judged by the hypervolume of the true errors, on the study's scale."""
    objectives = (
        Objective("error"),
        Objective("model_size:deployed", "known"),
        Objective("working_memory:arena", "known"),
    )
    assert isinstance(DIGITS, NetworkSpace)
    problem = Problem(DIGITS, objectives, validation=IMAGES, seed=seed).with_scales(
        default_scales(DIGITS, objectives, "stm32f446re", 10, IMAGES)
    )
    chance = np.random.default_rng(seed)

    def measure(point: Point) -> dict[str, float]:
        error = min(true_error(point) * math.exp(0.15 * chance.standard_normal()), 0.95)
        return {"error": chance.binomial(IMAGES, error) / IMAGES}

    def judge(history: History) -> float:
        true = [
            Observation(o.point, {**o.values, "error": true_error(o.point)}, o.finish_no)
            for o in history.observations
        ]
        return hypervolume(History(tuple(true)).scores(problem))

    return Case(problem, measure, judge)


def run(case: Case, tested: Designer, seed: int) -> tuple[float, float]:
    """The judgement after all trials, and the mean CPU seconds of a model's proposal and fit."""
    problem, history, thinking_s = case.problem, History(), []
    rng = random.Random(seed)
    for number in range(1, TRIALS + 1):
        if not problem.scaled and len(history) == initial_count(problem):
            problem = scaled(problem, history)
        start_s = time.process_time()
        (chosen,) = tested.suggest(problem, history, [], None, 1, rng.getrandbits(32))
        if chosen.origin == "model":
            thinking_s.append(time.process_time() - start_s)
        values = {**chosen.known, **case.measure(chosen.point)}
        history = History((*history.observations, Observation(chosen.point, values, number)))
    return case.judge(history), sum(thinking_s) / max(len(thinking_s), 1)


def main() -> None:
    """Run every designer on every case and record them."""
    torch.set_num_threads(1)
    figures: dict[str, float] = {}
    volumes: dict[tuple[str, str], list[float]] = {}
    cases: dict[str, tuple[range, Callable[[int], Case]]] = {
        "given_scale": (SEEDS, lambda seed: branin_currin(seed, True)),
        "own_scale": (SEEDS, lambda seed: branin_currin(seed, False)),
        "networks": (NETWORK_SEEDS, networks),
    }
    for name, (seeds, build) in cases.items():
        for word, tested in DESIGNERS.items():
            if (name, word) == ("networks", "sobol"):
                continue
            pairs = [run(build(seed), tested, seed) for seed in seeds]
            volumes[name, word] = [volume for volume, _ in pairs]
            figures[f"hypervolume_mean_{name}_{word}"] = float(np.mean(volumes[name, word]))
            figures[f"hypervolume_least_{name}_{word}"] = min(volumes[name, word])
            if word in ("one_ray", "bayes"):
                figures[f"proposal_cpu_s_{name}_{word}"] = float(np.mean([s for _, s in pairs]))

    def ahead(name: str, better: str, worse: str) -> bool:
        return all(b > w for b, w in zip(volumes[name, better], volumes[name, worse], strict=True))

    meets = {
        "bayes is ahead of sobol in each seed, scale given": ahead("given_scale", "bayes", "sobol"),
        "bayes is ahead of sobol in each seed, own scale": ahead("own_scale", "bayes", "sobol"),
        "bayes is ahead of random in each seed, networks": ahead("networks", "bayes", "random"),
        "many rays are ahead of one on average": all(
            figures[f"hypervolume_mean_{name}_bayes"] > figures[f"hypervolume_mean_{name}_one_ray"]
            for name in cases
        ),
    }
    record("branin_currin_inprocess", figures, meets)


if __name__ == "__main__":
    main()
