"""Random networks in integers: drawn from the spaces, with weights that nobody trained."""

import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator

from optimizer.networks.space import NetworkSpace
from resource_models.graph import Graph
from resource_models.nodes import (
    Add,
    AvgPool,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    Gather,
    GlobalAvgPool,
    Input,
    MaxPool,
    Node,
)
from worker.deploy.calibrate import quantise
from worker.deploy.fold import fold
from worker.deploy.observers import MinMax
from worker.deploy.record import Int8Graph
from worker.deploy.simulate import Simulation
from worker.network import Network
from worker.weights import weights

MOST_MACS = 2_000_000
CALIBRATED = 40  # samples
# Images of grey and of colour, sound features, flat inputs.
SPACES: dict[str, tuple[str, tuple[int, ...]]] = {
    "tiny": ("tiny", (28, 28, 1)),
    "colour": ("tiny", (24, 24, 3)),
    "sound": ("tiny", (49, 10, 1)),
    "flat": ("tiny", (64,)),
    "sparse": ("sparse", (28, 28, 1)),
    "munas": ("munas", (28, 28, 1)),
}
RARE = "rare"
NAMES = (*SPACES, RARE)
# Nine operators, those of the study whose instructions are the yardstick.
CHAIN = Graph(
    (
        Input("x", (28, 28, 1)),
        Conv2d("c1", ("x",), 8, (3, 3), activation="relu"),
        MaxPool("m", ("c1",), (2, 2), (2, 2)),
        DepthwiseConv2d("d1", ("m",), (3, 3), activation="relu"),
        Conv2d("p1", ("d1",), 16, (1, 1), activation="relu"),
        DepthwiseConv2d("d2", ("p1",), (3, 3), (2, 2), activation="relu"),
        Conv2d("p2", ("d2",), 32, (1, 1), activation="relu"),
        Conv2d("c2", ("p2",), 24, (3, 3), activation="relu"),
        GlobalAvgPool("g", ("c2",)),
        Dense("classes", ("g",), 10),
    )
)


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A network, inputs that use all of int8 and such as it was calibrated on, and its answers."""

    record: Int8Graph
    inputs: NDArray[np.int8]
    answers: NDArray[np.int8]

    def part(self, count: int) -> "Case":
        """So many inputs of each sort."""
        half = len(self.inputs) // 2
        chosen = np.r_[:count, half : half + count]
        return Case(self.record, self.inputs[chosen], self.answers[chosen])


def graph(space: str, number: int) -> Graph:
    """Network `number` of a space; always the same."""
    rng = random.Random(f"{space} {number}")
    if space == "chain":
        return CHAIN
    if space == RARE:
        return _rare(rng)
    kind, shape = SPACES[space]
    ranges = {"kind": kind, "max_macs": MOST_MACS}
    found = NetworkSpace.from_json(ranges, input_shape=shape, classes=10)
    return found.lower(found.sample(rng))


def _rare(rng: random.Random) -> Graph:
    """What spaces make seldom: long sums, maps joined, means of windows, gathered inputs."""
    shape = (rng.randint(3, 12), rng.randint(3, 12), rng.randint(1, 9))
    filters, branches = rng.randint(1, 12), [f"c{i}" for i in range(rng.randint(3, 5))]
    units, size = rng.randint(2, 40), rng.randint(1, 3)
    parts = rng.randint(1, 2)
    count = shape[0] // size * (shape[1] // size) * filters * (1 + parts)
    nodes: list[Node] = [Input("x", shape)]
    nodes += [Conv2d(name, ("x",), filters, (rng.randint(1, 3),) * 2) for name in branches]
    nodes += [
        Add("sum", tuple(branches), "relu"),
        Concat("side", ("sum", *branches[:parts])),
        AvgPool("mean", ("side",), (size, size), (size, size)),
        Flatten("flat", ("mean",)),
        Gather("some", ("flat",), _choice(rng, count)),
        Dense("d1", ("some",), units, activation="relu"),
        Gather("others", ("d1",), _choice(rng, units)),
        Dense("classes", ("others",), 10),
    ]
    return Graph(tuple(nodes))


def _choice(rng: random.Random, count: int) -> tuple[int, ...]:
    return tuple(sorted(rng.sample(range(count), rng.randint(1, count))))


def case(space: str, number: int, count: int) -> Case:
    """A network in integers, with `count` inputs of each sort."""
    found = graph(space, number)
    generator = Generator().manual_seed(number)
    network = _drawn(found, generator)
    raw = torch.rand(CALIBRATED + count, *_raw(found), generator=generator)
    with torch.inference_mode():
        seen = network.sensor(raw)
    seen = seen.permute(0, 2, 3, 1) if seen.dim() == 4 else seen
    record = quantise(fold(found, weights(network)), seen[:CALIBRATED], MinMax())
    simulation = Simulation(record)
    drawn = torch.randint(
        -128, 128, (count, *found.input.shape), dtype=torch.int8, generator=generator
    )
    inputs = torch.cat([drawn, simulation.quantise(seen[CALIBRATED:]).to(torch.int8)])
    return Case(record, inputs.numpy(), simulation.run(inputs).numpy())


def _raw(found: Graph) -> tuple[int, ...]:
    *size, channels = found.input.raw_shape
    return (channels, *size)


def _drawn(found: Graph, generator: Generator) -> Network:
    """A network in which no number is neutral; a third of the dense weights is zero, as pruned."""
    network = Network(found, generator).eval()
    for name, part in network.state_dict().items():
        if "running_var" in name or "deviation" in name:
            part.uniform_(0.5, 1.5, generator=generator)
        elif part.dim() == 1:
            part.normal_(0.2, 0.5, generator=generator)
        elif part.dim() == 2:
            share: Any = torch.rand((), generator=generator)  # so that all forms of storage occur
            part.mul_(torch.rand(part.shape, generator=generator) > share)
    return network
