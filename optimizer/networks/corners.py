"""The smallest networks of a space, among which the cheapest is."""

import itertools
from collections.abc import Iterator

from optimizer.networks.genotype import Gene, Shape, may_be_grey, side_range
from optimizer.networks.ranges import Ranges
from optimizer.space import Point


def corners(ranges: Ranges, shape: Shape) -> Iterator[Point]:
    """Networks with everything at its smallest but for the choices that may go either way."""
    pools = ranges.last_pools if len(shape) == 3 else ("none",)
    counts = range(ranges.dense_layers[0], ranges.dense_layers[1] + 1)
    for pool, window, count in itertools.product(pools, ranges.windows, counts):
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


def _corner_layers(ranges: Ranges) -> Iterator[Gene]:
    choices = (ranges.kinds, ranges.paddings, ranges.expansion, ranges.pre_pool)
    for kind, padding, expansion, pre_pool in itertools.product(*choices):
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
        blocks.append({"id": f"b{number + 1}", "layers": layers})
    return blocks
