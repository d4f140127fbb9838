"""A flat network whose layers are pruned a little, a lot and not at all, some behind a gather."""

import numpy as np

from resource_models.graph import Graph
from resource_models.nodes import Concat, Dense, Gather, Input
from worker.deploy.record import Int8Graph, Kernel

PRUNED = Graph(
    (
        Input("in", (300,)),
        Gather("few", ("in",), tuple(range(3, 300, 7))),
        Gather("many", ("in",), tuple(range(0, 290))),
        Dense("bitmap", ("in",), 11),
        Dense("index", ("in",), 11),
        Dense("plain", ("many",), 5),
        Dense("bitmap_few", ("few",), 6),
        Dense("index_few", ("few",), 6),
        Dense("index_many", ("many",), 6),
        Concat("all", ("bitmap", "index", "plain", "bitmap_few", "index_few", "index_many")),
        Dense("out", ("all",), 3),
    )
)
KEPT = {"bitmap": 0.5, "index": 0.03}


def pruned(record: Int8Graph) -> Int8Graph:
    """Zeros where a node's name asks for them; one unit of each such node has no weight."""
    kernels = dict(record.kernels)
    for name, kernel in record.kernels.items():
        share = KEPT.get(name.split("_")[0])
        if share is not None:
            weights = kernel.weights.copy()
            weights[np.random.default_rng(1).random(weights.shape) > share] = 0
            weights[1] = 0
            kernels[name] = Kernel(weights, kernel.bias, kernel.scales)
    return Int8Graph(record.graph, record.tensors, kernels, record.sensor, record.weight_bits)
