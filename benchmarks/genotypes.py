"""A million sampled and morphed networks: each is valid, is a graph, and costs something.

    python -m benchmarks.genotypes --count 1000000 --processes 2 --seed 0

Three presets on images, colour images, sound features and flat inputs, every gene open. Each
sample starts a walk of morphs, so that places that the prior never draws are met, too.
"""

import argparse
import itertools
import json
import math
import multiprocessing
import random
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from benchmarks.record import record
from optimizer.networks.presets import PRESETS
from optimizer.networks.space import NetworkSpace
from optimizer.space import NETWORK_KINDS, Point, space_from_json
from resource_models.graph import Graph

SHAPES = ((28, 28, 1), (32, 32, 3), (49, 10, 1), (16,))
CLASSES = 10
WALK = 4  # morphs behind each sample
CHUNK = 500
SHOWN = 10  # failures that are printed
OPEN = {"weight_decay": None, "batch_size": None, "schedule": None}


class Task(NamedTuple):
    """Some networks of one space."""

    kind: str
    shape: tuple[int, ...]
    seed: int
    count: int


class Done(NamedTuple):
    """What became of them."""

    count: int
    morphed: int
    pruned: int
    joined: int
    failures: list[str]


def space_of(kind: str, shape: tuple[int, ...]) -> NetworkSpace:
    """A space with all that its preset leaves to the search."""
    # A threshold in place of a target, so that upper bounds are met, too.
    thresholds = [False, True] if PRESETS[kind].pruning_methods != ("feedback",) else [False]
    definition = {"kind": kind, "pruning_thresholds": thresholds}
    space = space_from_json(definition, input_shape=shape, classes=CLASSES, training=OPEN)
    assert isinstance(space, NetworkSpace)
    return space


def points(space: NetworkSpace, count: int, rng: random.Random) -> Iterator[tuple[Point, bool]]:
    """Samples with a walk of morphs behind each, and whether each is a morph."""
    point: Point = {}
    for number in range(count):
        morphed = number % (WALK + 1) > 0
        point = space.morph(point, rng) if morphed else space.sample(rng)
        yield point, morphed


def fault(space: NetworkSpace, point: Point) -> str | None:
    """What is wrong with a point; None where it is valid, is a graph and costs something."""
    try:
        space.validate(json.loads(json.dumps(point)))
        work = json.loads(json.dumps(space.work(point)))
        graph = space.lower(point)
        if Graph.from_json(work["graph"]) != graph:
            return "its worker would read another graph"
        if graph.shapes[graph.output] != (space.classes,):
            return f"it answers {graph.shapes[graph.output]}"
        figures = space.figures(point)
        if tuple(figures) != space.known_names or not all(map(_is_cost, figures.values())):
            return f"it costs {figures}"
        if not all(map(math.isfinite, space.encode(point))):
            return f"it is encoded as {space.encode(point)}"
    except Exception as error:  # whatever it is, it is counted
        return f"{type(error).__name__}: {error}"
    return None


def _is_cost(value: float) -> bool:
    return math.isfinite(value) and value > 0


def done(task: Task) -> Done:
    """Draw and check the networks of a task."""
    space, rng = space_of(task.kind, task.shape), random.Random(f"{task}")
    morphs = pruned = joined = 0
    failures = []
    for point, morphed in points(space, task.count, rng):
        morphs += morphed
        pruned += "pruning" in point
        joined += any("join" in block for block in point["blocks"])
        wrong = fault(space, point)
        if wrong is not None:
            failures.append(f"{task.kind} {task.shape}: {wrong}; {json.dumps(point)}")
    return Done(task.count, morphs, pruned, joined, failures)


def tasks(count: int, seed: int) -> list[Task]:
    """Chunks of all spaces in turn that sum to the count."""
    spaces = itertools.cycle(itertools.product(NETWORK_KINDS, SHAPES))
    found = []
    while count > 0:
        kind, shape = next(spaces)
        found.append(Task(kind, shape, seed + len(found), min(CHUNK, count)))
        count -= CHUNK
    return found


def main() -> None:
    """Check, print and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    started = time.perf_counter()
    sums: dict[str, Any] = dict.fromkeys(("count", "morphed", "pruned", "joined"), 0)
    failures: list[str] = []
    with multiprocessing.get_context("spawn").Pool(asked.processes) as pool:
        for number, part in enumerate(pool.imap_unordered(done, tasks(asked.count, asked.seed))):
            for name in sums:
                sums[name] += getattr(part, name)
            failures += part.failures
            if number % 40 == 39:
                rate = sums["count"] / (time.perf_counter() - started)
                print(
                    f"{sums['count']:>9} of {asked.count}, {rate:.0f} per s, "
                    f"{len(failures)} failed",
                    flush=True,
                )
    print(*failures[:SHOWN], sep="\n")
    wall_s = time.perf_counter() - started
    figures = {
        "genotypes": sums["count"],
        "morphed_share": round(sums["morphed"] / sums["count"], 3),
        "pruned_share": round(sums["pruned"] / sums["count"], 3),
        "joined_share": round(sums["joined"] / sums["count"], 3),
        "failures": len(failures),
        "processes": asked.processes,
        "per_s": round(sums["count"] / wall_s, 1),
        "wall_s": round(wall_s, 1),
    }
    none = not failures
    record("genotypes", figures, {"a_million": sums["count"] >= 1_000_000, "none_fails": none})


if __name__ == "__main__":
    main()
