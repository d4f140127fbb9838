"""A black box of three parameters, for the tests against the real service."""

from collections.abc import Mapping
from typing import Any

from tinyfront import Choice, Client, Integer, Parameters, Real, Study, maximize, minimize

SPACE = Parameters(Real("x", 0.001, 1.0, log=True), Integer("n", 1, 9), Choice("kind", ["a", "b"]))
COST = minimize("cost", ideal=0.0, reference=10.0)
GAIN = maximize("gain", ideal=10.0, reference=0.0)


def toy(client: Client, name: str, trials: int = 4, **more: Any) -> Study:
    return client.create_study(
        name, space=SPACE, objectives=[COST, GAIN], trials=trials, designer="random", **more
    )


def evaluated(parameters: Mapping[str, Any]) -> dict[str, float]:
    return {"cost": parameters["x"] * 5, "gain": parameters["n"] * parameters["x"]}


def finished(study: Study) -> Study:
    for trial in study.ask():
        with trial:
            trial.complete(evaluated(trial.parameters))
    return study
