"""How two maps of any shapes become one: pooled to the smaller, padded to the larger, added.

What uNAS does, except for the rounding: there the cost model rounded pooled sizes up and the
trained network down. Here both read the same steps.
"""

from optimizer.networks.step import Pair, Step, side


def joined(name: str, own: Step, path: Step) -> list[Step]:
    """The steps that add a block's own map to the path beside it; the last is the sum.

    Where a map is larger it is max-pooled by the rounded ratio of the sides. Where one is smaller
    after that, zeros go around it, the surplus at the right and the bottom, and behind its
    channels.

    Args:
        name: of the block; `name.pool` and `name.pad` are for its own map, `name.path_pool` and
            `name.path_pad` for the other, `name.add` is the sum.
        own: what the block made.
        path: what it is added to.
    """
    least = min(own.shape[0], path.shape[0]), min(own.shape[1], path.shape[1])
    found: list[Step] = []
    own = _pooled(f"{name}.pool", own, least, found)
    path = _pooled(f"{name}.path_pool", path, least, found)
    most = tuple(map(max, own.shape, path.shape))
    own = _padded(f"{name}.pad", own, most, found)
    path = _padded(f"{name}.path_pad", path, most, found)
    found.append(Step(f"{name}.add", "add", (path.id, own.id), most, most[2]))
    return found


def _pooled(name: str, before: Step, least: Pair, found: list[Step]) -> Step:
    shape = before.shape
    window = _ratio(shape[0], least[0]), _ratio(shape[1], least[1])
    if window == (1, 1):
        return before
    # Rounded down only where that meets the other map: rounded up, no row or column is lost.
    padding = "valid" if side(shape, window, window, "valid") == least else "same"
    out = (*side(shape, window, window, padding), shape[2])
    found.append(Step(name, "max_pool", (before.id,), out, shape[2], window, window, padding))
    return found[-1]


def _ratio(large: int, small: int) -> int:
    """The ratio to the nearest whole number, halves up."""
    return (2 * large + small) // (2 * small)


def _padded(name: str, before: Step, most: tuple[int, ...], found: list[Step]) -> Step:
    height, width, channels = (full - part for full, part in zip(most, before.shape, strict=True))
    if not (height or width or channels):
        return before
    pads = _around(height), _around(width), (0, channels)
    found.append(Step(name, "pad", (before.id,), most, before.shape[2], pads=pads))
    return found[-1]


def _around(count: int) -> Pair:
    return count // 2, count - count // 2
