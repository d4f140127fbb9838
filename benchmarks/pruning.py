"""Four methods of pruning on one trained MNIST network: accuracy against size, at many targets.

The network is trained once; each run starts from a copy of it, is pruned in the first part of a few
epochs and trained on in the rest. Accuracy is that of the validation images: nothing is selected by
it, and the test set stays unread. A figure is drawn beside the record.

`--quick` runs two targets on few images, to see that all works, and keeps nothing.
"""

import argparse
import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from benchmarks.record import RESULTS, record
from resource_models.devices import device
from resource_models.footprint import footprint
from resource_models.graph import Graph
from resource_models.nodes import Add, Conv2d, Dense, Flatten, Input
from worker.course import Course
from worker.data import load
from worker.network import Network
from worker.pruning.methods import CLASSES
from worker.pruning.recipe import METHODS, Pruning
from worker.recipe import Recipe
from worker.regime import Regime
from worker.tensors import Tensors, tensors
from worker.train import pruned, untrained
from worker.work import Work

ROOT = Path(__file__).parents[1]
SEED = 1
IMAGES, VALIDATION = 15_000, 6_000  # of the 54,000 and 6,000 of the split
TARGETS = (0.3, 0.5, 0.65, 0.8, 0.9, 0.95)
SCOPES = ("channels", "weights")
BOARD = device("stm32f446re")
GRAPH = Graph(
    (
        Input("image", (28, 28, 1)),
        Conv2d("c1", ("image",), 16, (5, 5), (2, 2), activation="relu", batch_norm=True),
        Conv2d("c2", ("c1",), 24, (3, 3), (2, 2), activation="relu", batch_norm=True),
        Conv2d("c3", ("c2",), 24, (3, 3), batch_norm=True),
        Add("sum", ("c2", "c3"), "relu"),
        Flatten("flat", ("sum",)),
        Dense("d1", ("flat",), 32, activation="relu"),
        Dense("classes", ("d1",), 10),
    )
)
RECIPE = Recipe(epochs=6, batch_size=64, learning_rate=0.01, weight_decay=0.01)


# Of a panel of the figure, in pixels; accuracies below the bottom lie on it.
WIDTH, HEIGHT, TOP, BOTTOM = 400, 300, 1.0, 0.7
SCALE = HEIGHT / (TOP - BOTTOM)
STYLE = """<style>
svg{--ink:#333;--grid:#ddd;--magnitude:#666;--feedback:#0b62c4;--variational:#a3320b;--bayesian:#12742f}
@media(prefers-color-scheme:dark){svg{--ink:#ddd;--grid:#444;--magnitude:#aaa;--feedback:#6fb1ff;
--variational:#ff9a6b;--bayesian:#62d37f}}
text{fill:var(--ink);font:13px sans-serif}.tick{text-anchor:end}.mid{text-anchor:middle}
path{fill:none}.grid{stroke:var(--grid)}.line{stroke-width:2}.weights{stroke-dasharray:6 3}
.line.magnitude,.ring.magnitude{stroke:var(--magnitude)}.dot.magnitude{fill:var(--magnitude)}
.line.feedback,.ring.feedback{stroke:var(--feedback)}.dot.feedback{fill:var(--feedback)}
.line.variational,.ring.variational{stroke:var(--variational)}.dot.variational{fill:var(--variational)}
.line.bayesian,.ring.bayesian{stroke:var(--bayesian)}.dot.bayesian{fill:var(--bayesian)}
.ring{fill:none;stroke-width:2}
</style>"""


@dataclass(frozen=True, slots=True)
class Point:
    """What one pruned network reaches, and what it takes."""

    scope: str
    method: str
    target: float | None
    reached: float
    accuracy: float
    size_bytes: Mapping[str, int]  # by convention

    @property
    def name(self) -> str:
        """As it stands in the record."""
        target = "threshold" if self.target is None else f"{self.target:.2f}"
        return f"{self.scope}_{self.method}_{target}"


class Bench:
    """One trained network, and what becomes of its copies."""

    def __init__(self, data: Tensors, recipe: Recipe) -> None:
        self._data, self._recipe = data, recipe
        network = self._network()
        course = self._course(network)
        course.run(network, recipe.epochs, lambda *_: False, Regime())
        self._weights = network.state_dict()
        self.dense = Point("all", "dense", 0.0, 0.0, 1 - course.error, sizes(network.graph, {}))

    def prune(self, pruning: Pruning) -> Point:
        """Prune a copy and train on."""
        network = self._network()
        network.load_state_dict(self._weights)
        work = Work(GRAPH, self._recipe, "", "", "", SEED, pruning)
        left, error = pruned(network, work, self._data, self._course(network), lambda *_: False)
        size_bytes = sizes(left.network.graph, left.non_zeros)
        scope, method, reached = pruning.scope, pruning.method, left.details["reached"]
        return Point(scope, method, pruning.target, reached, 1 - error, size_bytes)

    def _network(self) -> Network:
        return untrained(GRAPH, self._data, SEED)

    def _course(self, network: Network) -> Course:
        return Course(self._recipe, self._data, network.sensor, SEED)


def sizes(graph: Graph, non_zeros: Mapping[str, int]) -> dict[str, int]:
    """The size of a network by both conventions; `deployed` pays for indices and bit masks."""
    figures = footprint(graph, BOARD, non_zeros).figures()
    return {name: int(figures[f"model_size:{name}"]) for name in ("sparse", "deployed")}


def recipes(targets: tuple[float, ...]) -> list[Pruning]:
    """All methods at all targets, then the thresholds of those that have one."""
    found = [
        Pruning(scope, method, target)
        for scope in SCOPES
        for method in METHODS[scope]
        for target in targets
    ]
    return [
        *found,
        Pruning("channels", "bayesian", None),
        Pruning("weights", "variational", None),
    ]


def svg(points: list[Point]) -> str:
    """Accuracy against size, one panel per convention; readable on a light and a dark page."""
    panels = "".join(
        panel(points, convention, 60 + k * (WIDTH + 70))
        for k, convention in enumerate(("sparse", "deployed"))
    )
    lines = sorted({(point.method, point.scope) for point in points if point.scope != "all"})
    legend = ""
    for k, (method, scope) in enumerate(lines):
        x, y = 60 + k % 3 * 300, HEIGHT + 82 + k // 3 * 20
        style = f'class="line {method} {scope}"'
        legend += f'<path {style} d="M{x},{y - 4}h28"/>'
        legend += f'<text x="{x + 36}" y="{y}">{method}, {scope}</text>'
    rings = f'<text x="60" y="{HEIGHT + 122}">ring: the threshold of the method itself</text>'
    size = f'viewBox="0 0 {2 * WIDTH + 150} {HEIGHT + 135}"'
    title = "<title>Accuracy of pruned networks against their size</title>"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{title}{STYLE}'
    return f"{head}{panels}{legend}{rings}</svg>\n"


def panel(points: list[Point], convention: str, left: int) -> str:
    """The curves of one convention; sizes on a log scale, rings for the methods' own thresholds."""
    found = [point.size_bytes[convention] for point in points]
    low, high = math.log10(min(found) / 1.2), math.log10(max(found) * 1.2)

    def place(point: Point) -> tuple[float, float]:
        share = (math.log10(point.size_bytes[convention]) - low) / (high - low)
        return left + share * WIDTH, 30 + (TOP - max(point.accuracy, BOTTOM)) * SCALE

    marks = f'<text x="{left}" y="18">accuracy (validation), % / model_size:{convention}, B</text>'
    for k in range(round((TOP - BOTTOM) * 20) + 1):
        accuracy = TOP - k / 20
        y = 30 + (TOP - accuracy) * SCALE
        marks += f'<path class="grid" d="M{left},{y:.1f}h{WIDTH}"/>'
        marks += f'<text class="tick" x="{left - 6}" y="{y + 4:.1f}">{100 * accuracy:.0f}</text>'
    for size in (100, 300, 1_000, 3_000, 10_000, 30_000):
        if low <= math.log10(size) <= high:
            x = left + (math.log10(size) - low) / (high - low) * WIDTH
            marks += f'<path class="grid" d="M{x:.1f},30v{HEIGHT}"/>'
            marks += f'<text class="mid" x="{x:.1f}" y="{HEIGHT + 48}">{size:,}</text>'
    curves: dict[tuple[str, str], list[Point]] = {}
    for point in points[1:]:
        x, y = place(point)
        style = f'class="{"ring" if point.target is None else "dot"} {point.method}"'
        marks += (
            f'<circle {style} cx="{x:.1f}" cy="{y:.1f}" r="{6 if point.target is None else 3}"/>'
        )
        if point.target is not None:
            curves.setdefault((point.method, point.scope), [points[0]]).append(point)
    for (method, scope), line in curves.items():
        path = "L".join("{:.1f},{:.1f}".format(*place(point)) for point in line)
        marks += f'<path class="line {method} {scope}" d="M{path}"/>'
    return marks


def main() -> None:
    """Run all, draw them and record them."""
    parser = argparse.ArgumentParser()
    default = os.environ.get("TINYFRONT_TEST_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default), help="folder of data sets")
    parser.add_argument("--quick", action="store_true", help="a short run that keeps nothing")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    images, targets, recipe = IMAGES, TARGETS, RECIPE
    if asked.quick:
        images, targets, recipe = 1_000, (0.5, 0.9), replace(RECIPE, epochs=2)
    whole = tensors(load(asked.data / "mnist", "mnist"), torch.device("cpu"))
    data = replace(whole, x_train=whole.x_train[:images], y_train=whole.y_train[:images])
    started_s = time.monotonic()
    bench = Bench(data, recipe)
    points = [bench.dense]
    for pruning in recipes(targets):
        points.append(bench.prune(pruning))
        print(points[-1].name, f"{points[-1].accuracy:.4f}", dict(points[-1].size_bytes))
    figures: dict[str, float] = {
        "images": len(data.y_train),
        "epochs": recipe.epochs,
        "networks": len(points),
    }
    for point in points:
        figures[f"{point.name}_accuracy"] = round(point.accuracy, 4)
        figures[f"{point.name}_reached"] = point.reached
        figures |= {f"{point.name}_{name}_bytes": size for name, size in point.size_bytes.items()}
    figures["run_s"] = round(time.monotonic() - started_s, 1)
    if asked.quick:
        print(svg(points))
        return
    record("pruning", figures, claims(points))
    (RESULTS / "pruning.svg").write_text(svg(points))


def claims(points: list[Point]) -> dict[str, bool]:
    """What must hold of the curves, whatever the machine."""
    asked = [point for point in points[1:] if point.target is not None]
    curves = {(point.scope, point.method) for point in asked}
    # A target is met to the next whole part; there are at least 70 of them.
    exact = all(abs(point.reached - (point.target or 0.0)) <= 0.5 / 70 for point in asked)
    return {
        "all four methods have a curve": {method for _, method in curves} == set(CLASSES),
        "at least five targets each": len(asked) >= 5 * len(curves),
        "every target is met": exact,
    }


if __name__ == "__main__":
    main()
