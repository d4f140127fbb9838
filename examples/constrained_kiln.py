"""Conditions, constraints and a known objective: a kiln that burns gas or wood.

Start `tinyfront-server serve` in another terminal, then run this file.
"""

from math import exp

from tinyfront import Choice, Client, Integer, Parameters, Real, maximize, minimize


def fire(fuel: str, hours: int, heat: float, draught: float | None = None) -> dict[str, float]:
    """What comes out of the kiln; wood needs the right draught, gas needs none."""
    spread = 0.1 if draught is None else 0.1 + abs(draught - 0.3)
    strength = (1 - exp(-hours / 4)) * heat / 1300 * (1 - spread)
    cracks = (heat / 900) ** 3 * (6 / hours) * (0.5 + spread)
    return {"strength": strength, "cracks": cracks}


study = Client().create_study(
    "constrained-kiln",
    space=Parameters(
        Choice("fuel", ["gas", "wood"]),
        Integer("hours", 2, 12),
        Real("heat", 600, 1300),
        Real("draught", 0, 1, when={"fuel": ["wood"]}),  # has no value for gas
        constraints=["heat * hours <= 9000"],  # kept by every proposal
    ),
    objectives=[
        minimize("cost", expression="hours * (2 if fuel == 'wood' else 3) + heat / 200"),
        maximize("strength"),
    ],
    constraints=["cracks <= 3"],  # measured with each result, not optimised
    trials=40,
)
for trial in study.ask():
    with trial:
        trial.complete(fire(**trial.parameters))
print(study.front())
