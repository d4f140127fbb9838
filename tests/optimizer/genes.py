"""What genes a space of networks has: the values to meet, and those that a point shows."""

from collections.abc import Iterator
from typing import Any

from optimizer.networks.genotype import layers_of, side_range
from optimizer.networks.space import NetworkSpace
from optimizer.space import Point

Seen = set[tuple[str, Any]]
COLOUR, FEATURES, FLAT = (12, 12, 3), (14, 6, 1), (20,)
OPEN = {"weight_decay": None, "batch_size": None, "schedule": None}


def wanted(space: NetworkSpace) -> Iterator[tuple[str, Any]]:
    """Each value of each gene that has few, both ends of each that has many."""
    ranges, shape = space.ranges, space.input_shape
    one_of = {
        "scope": ranges.pruning_scopes,
        "method": ranges.pruning_methods,
        "threshold": ranges.pruning_thresholds,
        "batch_size": ranges.batch_sizes,
        "schedule": ranges.schedules,
        "dense": ranges.dense_layers,
        "units": ranges.units,
        "dropout": ranges.dropout,
        "learning_rate": ranges.learning_rate,
        "weight_decay": ranges.weight_decay,
        "target": ranges.pruning_targets,
    }
    if len(shape) == 3:
        one_of |= {
            "pool": ranges.last_pools,
            "window": ranges.windows,
            "side": side_range(ranges, shape),
            "blocks": ranges.blocks,
            "layers": ranges.layers,
            "join": ranges.joins,
            "exit": ranges.exits,
            "kind": ranges.kinds,
            "filters": ranges.filters,
            "expansion": ranges.expansion,
            "kernel": ranges.kernels,
            "stride": ranges.strides,
            "pre_pool": ranges.pre_pool,
            "batch_norm": ranges.batch_norm,
            "relu": ranges.relu,
            "padding": ranges.paddings,
        }
    if shape == COLOUR:
        one_of["grey"] = ranges.grey
    for name, values in one_of.items():
        yield from ((name, value) for value in values)
    if shape == FEATURES and space.kind == "tiny":
        yield from (("rectangle", (high, wide)) for high in (1, 7) for wide in (1, 7))


def shown(point: Point) -> Iterator[tuple[str, Any]]:
    """The genes of a point by the same names."""
    head, pruning = point["head"], point.get("pruning", {"scope": "none"})
    for gene in (point["input"], head, pruning, point["training"]):
        yield from ((name, value) for name, value in gene.items() if name != "dense")
    yield "threshold", pruning.get("target", 0) is None
    yield from (("units", dense["units"]) for dense in head["dense"])
    yield from (("dense", len(head["dense"])), ("blocks", len(point["blocks"])))
    yield "learning_rate", point["learning_rate"]
    for block in point["blocks"]:
        yield from ((name, block.get(name, "none")) for name in ("join", "exit"))
        yield "layers", len(block["layers"])
    for layer in layers_of(point):
        names = ("kind", "filters", "expansion", "pre_pool", "batch_norm", "relu", "padding")
        yield from ((name, layer[name]) for name in names)
        yield from (("kernel", layer["kernel"][0]), ("stride", layer["stride"][0]))
        yield "rectangle", tuple(layer["kernel"])
