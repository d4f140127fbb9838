"""The smallest networks of a space, among which the cheapest is."""

import itertools
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from optimizer.networks.genotype import (
    Gene,
    Shape,
    may_be_grey,
    may_have_target,
    may_join,
    may_prune_by,
    put,
    side_range,
)
from optimizer.networks.meter import Meter
from optimizer.networks.ranges import Ranges
from optimizer.networks.steps import steps
from optimizer.networks.tally import pruned_tally, tally
from optimizer.space import Point

EXPANDING = ("downsampled", "inverted")  # the kinds of layer that have an expansion


@lru_cache(64)
def cheapest_by_scope(ranges: Ranges, meter: Meter) -> Mapping[str, Point]:
    """The corner of the smallest model size, and of those with the fewest operations.

    Args:
        ranges: of the genes.
        meter: of the data, and of the model size that counts.

    Returns:
        By each scope that the ranges allow, as much pruned as they allow; with `none` not pruned.
    """
    shape, bits = meter.shape, meter.weight_bits
    listed = [(point, steps(point, shape, meter.classes)) for point in corners(ranges, shape)]
    best: dict[str, Point] = {}
    for scope in ranges.pruning_scopes:
        gene = most_pruned(ranges, scope)
        sums = [
            tally(found, bits) if gene is None else pruned_tally(found, gene, bits)
            for _, found in listed
        ]
        ranked = [(one.model_size_bytes(meter.figure), one.macs, at) for at, one in enumerate(sums)]
        point = listed[min(ranked)[2]][0]
        best[scope] = point if gene is None else {**point, "pruning": gene}
    return best


def most_pruned(ranges: Ranges, scope: str) -> Gene | None:
    """The pruning gene that removes the most; None for the scope `none`."""
    if scope == "none":
        return None
    method = may_prune_by(ranges, scope)[0]
    target = ranges.pruning_targets[1] if True in may_have_target(ranges, method) else None
    return {"scope": scope, "method": method, "target": target}


def corners(ranges: Ranges, shape: Shape) -> Iterator[Point]:
    """Networks with everything at its smallest but for the choices that may go either way."""
    counts = range(ranges.dense_layers[0], ranges.dense_layers[1] + 1)
    for (pool, window), count in itertools.product(_pools(ranges, shape), counts):
        dense = [{"id": f"d{n + 1}", "units": ranges.units[0]} for n in range(count)]
        head: Gene = {"pool": pool, "window": window, "dense": dense, "dropout": ranges.dropout[0]}
        rate = ranges.learning_rate[0]
        if len(shape) == 1:
            yield {"input": {}, "blocks": [], "head": head, "learning_rate": rate}
            continue
        inputs = {
            "side": side_range(ranges, shape)[0],
            "grey": may_be_grey(ranges, shape)[-1],
        }
        for layer in _corner_layers(ranges) if ranges.blocks[0] else ({},):
            blocks = _corner_blocks(ranges, layer)
            yield {"input": inputs, "blocks": blocks, "head": head, "learning_rate": rate}


def _pools(ranges: Ranges, shape: Shape) -> Iterator[tuple[str, int]]:
    """The pools before the head with their windows, which some have not."""
    for pool in ranges.last_pools if len(shape) == 3 else ("none",):
        windows = ranges.windows if pool in ("avg", "max") else ranges.windows[:1]
        yield from ((pool, window) for window in windows)


def _corner_layers(ranges: Ranges) -> Iterator[Gene]:
    for kind in ranges.kinds:
        low, high = ranges.expansion
        expansions = range(low, high + 1) if kind in EXPANDING else (low,)
        choices: Any = (ranges.paddings, expansions, ranges.pre_pool)
        for padding, expansion, pre_pool in itertools.product(*choices):
            yield {
                "kind": kind,
                "filters": ranges.filters[0],
                "kernel": [ranges.kernels[0]] * 2,
                "stride": [ranges.strides[-1]] * 2,
                "expansion": expansion,
                "pre_pool": pre_pool,
                "batch_norm": ranges.batch_norm[0],
                "relu": ranges.relu[0],
                "padding": padding,
            }


def _corner_blocks(ranges: Ranges, layer: Gene) -> list[Gene]:
    blocks = []
    for number in range(ranges.blocks[0]):
        first = number * ranges.layers[0] + 1
        layers = [{"id": f"l{first + n}", **layer} for n in range(ranges.layers[0])]
        block = {"id": f"b{number + 1}", "layers": layers}
        put(block, "join", may_join(ranges, number == 0)[0])
        put(block, "exit", ranges.exits[0])
        blocks.append(block)
    return blocks
