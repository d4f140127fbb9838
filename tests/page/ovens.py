"""A black box with parameters of every kind, for the views of what mattered."""

import math
import random
from typing import Any

from tests.api.conftest import Served, wait_until

OVEN: dict[str, Any] = {
    "name": "kiln",
    "space": {
        "kind": "parameters",
        "parameters": [
            {"name": "heat", "kind": "real", "low": 100.0, "high": 300.0},
            {"name": "rate", "kind": "real", "low": 1e-4, "high": 1.0, "log": True},
            {"name": "trays", "kind": "integer", "low": 1, "high": 6},
            {"name": "fan", "kind": "choice", "values": ["off", "slow", "fast"]},
            {
                "name": "swirl",
                "kind": "real",
                "low": 0.0,
                "high": 1.0,
                "when": {"fan": ["slow", "fast"]},
            },
            {"name": "<b>door</b>", "kind": "choice", "values": [True, False]},
        ],
    },
    "objectives": [
        {"name": "cost", "ideal": 0.01, "reference": 100.0, "log": True},
        {"name": "gain", "goal": "maximize", "ideal": 10.0, "reference": 0.0},
    ],
    "trials": 1000,
    "designer": "random",
}


def point(rng: random.Random) -> dict[str, Any]:
    """Draw a point of the oven."""
    fan = rng.choice(["off", "slow", "fast"])
    drawn: dict[str, Any] = {
        "heat": rng.uniform(100, 300),
        "rate": 10 ** rng.uniform(-4, 0),
        "trays": rng.randint(1, 6),
        "fan": fan,
        "<b>door</b>": rng.random() < 0.5,
    }
    return drawn if fan == "off" else {**drawn, "swirl": rng.random()}


def values(point: dict[str, Any]) -> dict[str, float]:
    """What the oven makes of it: the cost goes by the heat above all, the gain by the fan."""
    cost = math.exp((point["heat"] - 200) / 40 + math.log10(point["rate"]) / 4)
    fan = {"off": 1.0, "slow": 5.0, "fast": 8.0}[point["fan"]]
    return {"cost": cost, "gain": fan + point.get("swirl", 0.0) + 0.3 * point["trays"]}


def oven(served: Served, finished: int, **changes: Any) -> dict[str, Any]:
    """Create a study of an oven and add so many results."""
    answer = served.ask("POST", "/studies", OVEN | changes)
    assert answer.status_code == 201, answer.text
    study: dict[str, Any] = answer.json()
    rng = random.Random(5)
    for _ in range(finished):
        drawn = point(rng)
        body = {"parameters": drawn, "values": values(drawn)}
        added = served.ask("POST", f"/studies/{study['name']}/trials", body)
        assert added.status_code == 201, added.text
    wait_until(lambda: bool(served.get(f"/studies/{study['name']}")["finished"] == finished))
    return study
