"""Eight synthetic problems: all objectives are minimised, the reference points are BoTorch's.

A box describes its parameters as plain JSON of a parameter space, so that our designers and other
optimisers are asked the same. Inactive parameters are left out of a point.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from botorch.test_functions import multi_objective
from moocore import hypervolume
from scipy.stats import qmc

Point = dict[str, Any]
Json = dict[str, Any]


@dataclass(frozen=True)
class Box:
    """A black box: its parameters, its function (point to m values) and its reference point."""

    name: str
    parameters: tuple[Json, ...]
    function: Callable[[Point], list[float]]
    reference: tuple[float, ...]

    @property
    def objectives(self) -> tuple[str, ...]:
        """Names of the values, in order."""
        return tuple(f"f{number}" for number in range(len(self.reference)))

    def __call__(self, point: Mapping[str, Any]) -> dict[str, float]:
        """The values of a point by name."""
        return dict(zip(self.objectives, self.function(dict(point)), strict=True))

    def active(self, point: Mapping[str, Any]) -> Point:
        """The point without the parameters that its choices leave unused."""
        kept: Point = {}
        for parameter in self.parameters:
            when = parameter.get("when")
            if when is None or all(kept.get(name) in values for name, values in when.items()):
                kept[parameter["name"]] = point[parameter["name"]]
        return kept

    def sobol(self, seed: int, count: int) -> list[Point]:
        """The first points of a scrambled Sobol sequence."""
        engine = qmc.Sobol(len(self.parameters), scramble=True, rng=seed)
        cube = engine.random_base2(math.ceil(math.log2(count)))[:count]
        return [self.active(self._decoded(row)) for row in cube.tolist()]

    def _decoded(self, row: Sequence[float]) -> Point:
        point: Point = {}
        for parameter, at in zip(self.parameters, row, strict=True):
            if parameter["kind"] == "choice":
                values = parameter["values"]
                point[parameter["name"]] = values[min(int(at * len(values)), len(values) - 1)]
            else:
                low, high = parameter["low"], parameter["high"]
                point[parameter["name"]] = low + at * (high - low)
        return point

    def volumes(self, values: Sequence[Mapping[str, float]], after: Sequence[int]) -> list[float]:
        """Hypervolume of the first so many results."""
        rows = np.array([[row[name] for name in self.objectives] for row in values])
        return [float(hypervolume(rows[:count], ref=np.array(self.reference))) for count in after]


def _reals(bounds: Sequence[tuple[float, float]]) -> tuple[Json, ...]:
    return tuple(
        {"name": f"x{number}", "kind": "real", "low": low, "high": high}
        for number, (low, high) in enumerate(bounds, 1)
    )


def _smooth(name: str, function: Any) -> Box:
    """A problem of BoTorch's whose parameters are all real."""
    bounds = [(float(low), float(high)) for low, high in function.bounds.T.tolist()]
    parameters = _reals(bounds)

    def evaluate(point: Point) -> list[float]:
        row = [point[parameter["name"]] for parameter in parameters]
        return [float(v) for v in function(torch.tensor([row], dtype=torch.float64))[0].tolist()]

    return Box(name, parameters, evaluate, tuple(float(v) for v in function.ref_point.tolist()))


def _mixed() -> Box:
    """DTLZ2 with two real parameters and four unordered choices under a fixed shuffle."""
    function = multi_objective.DTLZ2(dim=6, num_objectives=2).double()
    words = ("a", "b", "c", "d", "e")
    shuffles = np.random.default_rng(2019)
    meaning: dict[str, dict[str, float]] = {}
    parameters = [*_reals([(0.0, 1.0)] * 2)]
    for number in range(3, 7):
        levels: npt.NDArray[np.float64] = shuffles.permutation([0.0, 0.25, 0.5, 0.75, 1.0])
        meaning[f"x{number}"] = dict(zip(words, levels.tolist(), strict=True))
        parameters.append({"name": f"x{number}", "kind": "choice", "values": list(words)})

    def evaluate(point: Point) -> list[float]:
        row = [point["x1"], point["x2"], *(meaning[n][point[n]] for n in sorted(meaning))]
        return [float(v) for v in function(torch.tensor([row], dtype=torch.float64))[0].tolist()]

    return Box("mixed_dtlz2", tuple(parameters), evaluate, (1.1, 1.1))


def _conditional() -> Box:
    """Three kinds of network, so to speak: each has parameters of its own, one has no good ones."""
    function = multi_objective.BraninCurrin().double()
    uses = {"a": ("x1", "x2"), "b": ("x1", "x3"), "c": ("x4",)}
    parameters: list[Json] = [{"name": "kind", "kind": "choice", "values": ["a", "b", "c"]}]
    for name in ("x1", "x2", "x3", "x4"):
        kinds = [kind for kind, names in uses.items() if name in names]
        real = {"name": name, "kind": "real", "low": 0.0, "high": 1.0, "when": {"kind": kinds}}
        parameters.append(real)

    def evaluate(point: Point) -> list[float]:
        if point["kind"] == "c":
            return [40 + 60 * point["x4"], 4 + 4 * point["x4"]]
        mirrored = point["kind"] == "b"
        row = [1 - point["x1"], point["x3"]] if mirrored else [point["x1"], point["x2"]]
        first, second = function(torch.tensor([row], dtype=torch.float64))[0].tolist()
        return [first + 5, second + 0.5] if mirrored else [first, second]

    return Box("conditional", tuple(parameters), evaluate, (18.0, 6.0))


def boxes() -> dict[str, Box]:
    """All eight by name."""
    smooth = {
        "branin_currin": multi_objective.BraninCurrin(),
        "dtlz2": multi_objective.DTLZ2(dim=6, num_objectives=3),
        "zdt1": multi_objective.ZDT1(dim=10, num_objectives=2),
        "vehicle_safety": multi_objective.VehicleSafety(),
        "car_side_impact": multi_objective.CarSideImpact(),
        "penicillin": multi_objective.Penicillin(),
    }
    found = [_smooth(name, function.double()) for name, function in smooth.items()]
    return {box.name: box for box in (*found, _mixed(), _conditional())}
