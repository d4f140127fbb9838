"""Any black box in ten lines: the front of Branin and Currin, two functions that disagree.

Start `tinyfront-server serve` in another terminal, then run this file.
"""

from math import cos, exp, pi

from tinyfront import Client, Parameters, Real


def branin_currin(x1: float, x2: float) -> dict[str, float]:
    """Both functions on the unit square (Belakaria et al. 2019); less is better in each."""
    u, v = 15 * x1 - 5, 15 * x2
    branin = (v - 5.1 * (u / (2 * pi)) ** 2 + 5 * u / pi - 6) ** 2
    branin += 10 * (1 - 1 / (8 * pi)) * cos(u) + 10
    ratio = (2300 * x1**3 + 1900 * x1**2 + 2092 * x1 + 60) / (
        100 * x1**3 + 500 * x1**2 + 4 * x1 + 20
    )
    return {"branin": branin, "currin": ratio * (1 - exp(-1 / (2 * x2)) if x2 > 0 else 1)}


study = Client().create_study(
    "branin-currin",
    space=Parameters(Real("x1", 0, 1), Real("x2", 0, 1)),
    objectives=["branin", "currin"],
    trials=40,
)
for trial in study.ask():
    with trial:
        trial.complete(branin_currin(**trial.parameters))
print(study.front())
