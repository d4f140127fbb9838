"""Other optimisers, each by its own public interface and with its own defaults.

Every run begins with the same points as ours. `pip install -c constraints.txt -e '.[bench]'`
installs them.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from benchmarks.black_boxes.boxes import Box, Point

INITIAL = 10
Step = tuple[Point, dict[str, float]]


def sobol(box: Box, seed: int, trials: int) -> Iterator[Step]:
    """The sequence that all runs begin with, and no more."""
    for point in box.sobol(seed, trials):
        yield point, box(point)


def _optuna(sampler_of: Callable[[Any, int], Any]) -> Callable[[Box, int, int], Iterator[Step]]:
    def run(box: Box, seed: int, trials: int) -> Iterator[Step]:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.filterwarnings("ignore")
        sampler = sampler_of(optuna.samplers, seed)
        study = optuna.create_study(directions=["minimize"] * len(box.reference), sampler=sampler)
        for point in box.sobol(seed, INITIAL):
            study.enqueue_trial(point)
        for _ in range(trials):
            trial = study.ask()
            point = _asked(box, trial)
            values = box(point)
            study.tell(trial, list(values.values()))
            yield point, values

    return run


def _asked(box: Box, trial: Any) -> Point:
    """What Optuna suggests; a parameter that is not active is not asked for."""
    point: Point = {}
    for parameter in box.parameters:
        when = parameter.get("when")
        if when is not None and any(point.get(n) not in values for n, values in when.items()):
            continue
        name = parameter["name"]
        if parameter["kind"] == "choice":
            point[name] = trial.suggest_categorical(name, parameter["values"])
        else:
            point[name] = trial.suggest_float(name, parameter["low"], parameter["high"])
    return point


def ax_client(box: Box, seed: int) -> Any:
    """Ax's client for a box, with the box's reference point as thresholds."""
    import logging

    from ax.api.client import Client

    logging.disable(logging.INFO)  # Ax tells of every trial
    warnings.filterwarnings("ignore")
    client = Client(random_seed=seed)
    client.configure_experiment(parameters=_ax_parameters(box))
    names = box.objectives
    client.configure_optimization(
        objective=", ".join(f"-{name}" for name in names),
        outcome_constraints=[
            f"{name} <= {limit}" for name, limit in zip(names, box.reference, strict=True)
        ],
    )
    client.configure_generation_strategy(
        method="fast", initialization_budget=INITIAL, initialize_with_center=False
    )
    return client


def ax(box: Box, seed: int, trials: int) -> Iterator[Step]:
    """Ax, which is told the thresholds."""
    client = ax_client(box, seed)
    for point in box.sobol(seed, INITIAL):
        index = client.attach_trial(parameters=_with_suffix(box, point))
        values = box(point)
        client.complete_trial(index, raw_data=values)
        yield point, values
    for _ in range(trials - INITIAL):
        ((index, asked),) = client.get_next_trials(max_trials=1).items()
        point = _without_suffix(asked)
        values = box(point)
        client.complete_trial(index, raw_data=values)
        yield point, values


def _ax_parameters(box: Box) -> list[Any]:
    """A tree, as Ax wants it: a parameter that several values need is there once for each."""
    from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

    found: list[Any] = []
    for parameter in box.parameters:
        name = parameter["name"]
        if parameter["kind"] == "real":
            ends = (parameter["low"], parameter["high"])
            found += [RangeParameterConfig(n, ends, "float") for n in _ax_names(parameter)]
            continue
        children = {
            value: [f"{p['name']}@{value}" for p in box.parameters if _needs(p, name, value)]
            for value in parameter["values"]
        }
        found.append(
            ChoiceParameterConfig(
                name,
                parameter["values"],
                "str",
                is_ordered=False,
                dependent_parameters=children if any(children.values()) else None,
            )
        )
    return found


def _ax_names(parameter: dict[str, Any]) -> list[str]:
    needed = [value for values in parameter.get("when", {}).values() for value in values]
    return [f"{parameter['name']}@{value}" for value in needed] or [parameter["name"]]


def _needs(parameter: dict[str, Any], name: str, value: object) -> bool:
    return value in parameter.get("when", {}).get(name, ())


def _with_suffix(box: Box, point: Point) -> Point:
    named = {}
    for parameter in box.parameters:
        name = parameter["name"]
        if name in point:
            deciding = next(iter(parameter.get("when", {})), None)
            named[name if deciding is None else f"{name}@{point[deciding]}"] = point[name]
    return named


def _without_suffix(asked: Mapping[str, Any]) -> Point:
    return {name.partition("@")[0]: value for name, value in asked.items()}


PEERS: dict[str, Callable[[Box, int, int], Iterator[Step]]] = {
    "sobol": sobol,
    "optuna_nsga2": _optuna(lambda s, seed: s.NSGAIISampler(population_size=20, seed=seed)),
    "optuna_tpe": _optuna(lambda s, seed: s.TPESampler(multivariate=True, group=True, seed=seed)),
    "optuna_gp": _optuna(lambda s, seed: s.GPSampler(deterministic_objective=True, seed=seed)),
    "ax": ax,
}
