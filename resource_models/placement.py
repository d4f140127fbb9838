"""Offsets for blocks of memory that live at different times, as low as can be found.

Dynamic storage allocation: blocks that live together must not overlap, and the highest end shall be
no higher than the bound, which is what lives together in the worst step. Where a single block
crosses from one step to the next, the plan can be cut in two: each part is planned by itself with
that block at the bottom or at the top, and turned upside down if its neighbour has it at the other
end. A part is planned greedily, else by a search. If all that fails, random moves narrow the gap.
"""

import random
from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from resource_models.stacking import Block, stack

# How much the searches of a plan may do. With these all of 300 random graphs of 20 operators but
# two met the bound; first fit with 1,000 random changes of its sequence left a gap in 77 of them.
SEARCH_WORK = 200_000
PART_WORK = 20_000  # a part may well have no plan with its crossing blocks at the ends
MOVES = 200
MOVES_WORK = 1_000_000  # so many pairs of blocks, for wide networks


def place(blocks: Sequence[Block], bound_bytes: int, seed: int = 0) -> list[int]:
    """Offsets at which blocks that live together do not overlap; the same for the same arguments.

    `bound_bytes` is no less than what lives together in any step. The highest end is no higher, if
    a plan that low was found.
    """
    if found := _greedy(blocks, bound_bytes, {}):
        return found  # so it is for most networks
    rng = random.Random(seed)
    parts = list(_parts(blocks))
    return (
        (_joined(blocks, parts, bound_bytes, rng) if len(parts) > 1 else None)
        or stack(blocks, bound_bytes, {}, SEARCH_WORK, rng)
        or _moved(blocks, bound_bytes, rng)
    )


def height(blocks: Sequence[Block], offsets: Sequence[int]) -> int:
    """The highest end of a block."""
    return max(offset + block.size_bytes for block, offset in zip(blocks, offsets, strict=True))


@dataclass(frozen=True, slots=True)
class _Part:
    """Steps between two places where one block alone crosses, and all blocks that live there."""

    # Cut to the part's steps, which count from 0. None shrinks: it may be turned upside down.
    blocks: dict[int, Block]
    entry: int | None
    exit: int | None


def _parts(blocks: Sequence[Block]) -> Iterator[_Part]:
    crossing: list[list[int]] = [[] for _ in range(max(block.last for block in blocks) + 1)]
    for i, block in enumerate(blocks):
        for step in range(block.first, block.last):
            crossing[step].append(i)
    waiting = sorted(range(len(blocks)), key=lambda i: -blocks[i].first)
    start, entry = 0, None
    for step, found in enumerate(crossing):
        if len(found) > 1 or (not found and step < len(crossing) - 1):
            continue
        inside = [] if entry is None else [entry]
        while waiting and blocks[waiting[-1]].first <= step:
            inside.append(waiting.pop())
        cut = {
            i: Block(
                blocks[i].size_bytes,
                max(blocks[i].first, start) - start,
                min(blocks[i].last, step) - start,
            )
            for i in inside
        }
        leaving = found[0] if found else None
        yield _Part(cut, entry, leaving)
        start, entry = step + 1, leaving


def _joined(
    blocks: Sequence[Block], parts: Sequence[_Part], bound_bytes: int, rng: random.Random
) -> list[int] | None:
    """Join the plans of parts; None if one has no plan with its crossing blocks at the ends."""
    offsets = [0] * len(blocks)
    turned = False
    for part in parts:
        found = _fit_between(part, bound_bytes, rng)
        if found is None:
            return None
        for i, offset in found.items():
            offsets[i] = bound_bytes - offset - blocks[i].size_bytes if turned else offset
        turned = part.exit is not None and offsets[part.exit] > 0
    return offsets


def _fit_between(part: _Part, bound_bytes: int, rng: random.Random) -> dict[int, int] | None:
    """A plan of a part with its entry at the bottom and its exit at the top, else at the bottom."""
    names = list(part.blocks)
    blocks = list(part.blocks.values())
    pins = {} if part.entry is None else {names.index(part.entry): 0}
    choices = [pins]
    if part.exit is not None and part.exit != part.entry:
        last = part.blocks[part.exit]
        top = bound_bytes - last.size_bytes
        choices = [pins | {names.index(part.exit): top}]
        if part.entry is None or part.blocks[part.entry].last < last.first:
            choices.append(pins | {names.index(part.exit): 0})
    for choice in choices:
        offsets = _greedy(blocks, bound_bytes, choice)
        if offsets is None:
            offsets = stack(blocks, bound_bytes, choice, PART_WORK, rng)
        if offsets is not None:
            return dict(zip(names, offsets, strict=True))
    return None


def _greedy(blocks: Sequence[Block], bound_bytes: int, pins: Mapping[int, int]) -> list[int] | None:
    """The first greedy plan that ends below the bound, with some offsets given, if there is one."""
    for sequence in _sequences(blocks):
        offsets = _first_fit(blocks, sequence, pins)
        if height(blocks, offsets) <= bound_bytes:
            return offsets
    return None


def _sequences(blocks: Sequence[Block]) -> Iterator[list[int]]:
    """Sequences that are good for greedy placing, the most promising first."""
    everything = range(len(blocks))
    yield sorted(everything, key=lambda i: (-blocks[i].size_bytes, blocks[i].first))
    yield sorted(everything, key=lambda i: (-blocks[i].duration, -blocks[i].size_bytes))
    yield sorted(everything, key=lambda i: -blocks[i].size_bytes * blocks[i].duration)
    yield sorted(everything, key=lambda i: (blocks[i].first, -blocks[i].size_bytes))
    yield _by_pressure(blocks)


def _by_pressure(blocks: Sequence[Block]) -> list[int]:
    """The blocks of the fullest step first, largest first, then those of the next."""
    steps = max(block.last for block in blocks) + 1
    alive: list[list[int]] = [[] for _ in range(steps)]
    for i in sorted(range(len(blocks)), key=lambda i: -blocks[i].size_bytes):
        for step in range(blocks[i].first, blocks[i].last + 1):
            alive[step].append(i)
    alive.sort(key=lambda found: -sum(blocks[i].size_bytes for i in found))
    return list(dict.fromkeys(i for found in alive for i in found))


_Placed = tuple[int, int, int, int]  # offset, end, first step, last step


def _first_fit(
    blocks: Sequence[Block], sequence: Sequence[int], pins: Mapping[int, int]
) -> list[int]:
    """Each block in turn at the lowest offset that is free while it lives."""
    offsets = [pins.get(i, 0) for i in range(len(blocks))]
    placed: list[_Placed] = []  # lowest first
    for i, offset in pins.items():
        insort(placed, (offset, offset + blocks[i].size_bytes, blocks[i].first, blocks[i].last))
    for i in sequence:
        if i in pins:
            continue
        parts = blocks[i].parts()
        offset = _free(parts, placed, 0)
        while len(parts) > 1 and (higher := _free(parts, placed, offset)) > offset:
            offset = higher  # one part gave way, so what the others lie on has changed
        offsets[i] = offset
        for size_bytes, since, until in parts:
            insort(placed, (offset, offset + size_bytes, since, until))
    return offsets


def _free(parts: Sequence[tuple[int, int, int]], placed: Sequence[_Placed], offset: int) -> int:
    """The lowest offset, not below a given one, at which each part is free or was pushed to."""
    for size_bytes, since, until in parts:
        for start, end, first, last in placed:
            if first <= until and since <= last and end > offset:
                if start - offset >= size_bytes:
                    break
                offset = end
    return offset


def _moved(blocks: Sequence[Block], bound_bytes: int, rng: random.Random) -> list[int]:
    """The best first fit after random changes of a sequence; each brings a block forward."""
    sequence = min(
        _sequences(blocks), key=lambda tried: height(blocks, _first_fit(blocks, tried, {}))
    )
    best = _first_fit(blocks, sequence, {})
    lowest = height(blocks, best)
    for _ in range(min(MOVES, MOVES_WORK // len(blocks) ** 2)):
        candidate = list(sequence)
        highest = [i for i in candidate if best[i] + blocks[i].size_bytes == lowest]
        block = rng.choice(highest if rng.random() < 0.5 else candidate)
        candidate.remove(block)
        candidate.insert(rng.randrange(len(blocks)), block)
        offsets = _first_fit(blocks, candidate, {})
        # Equal ones are taken too, or the search stays where it is on a plateau.
        if (end := height(blocks, offsets)) <= lowest:
            best, lowest, sequence = offsets, end, candidate
        if lowest <= bound_bytes:
            break
    return best
