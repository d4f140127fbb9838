"""A search that puts blocks of memory on top of each other until all lie below a ceiling."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

STEPS = 200  # that a search may take at least; another preference helps more than patience


@dataclass(frozen=True, slots=True)
class Block:
    """Bytes that are needed from one step of an order to another, both included.

    `shrinks` has (step, bytes) for each time that less is needed from a step on: then the upper
    end of the block is free for others. Its lower end stays where it is.
    """

    size_bytes: int
    first: int
    last: int
    shrinks: tuple[tuple[int, int], ...] = ()

    @property
    def duration(self) -> int:
        """For how many steps the block is needed."""
        return self.last - self.first + 1

    def parts(self) -> list[tuple[int, int, int]]:
        """(bytes, first step, last step) of each time in which the size stays as it is."""
        if not self.shrinks:
            return [(self.size_bytes, self.first, self.last)]
        starts = [(self.first, self.size_bytes), *self.shrinks]
        ends = [*(step - 1 for step, _ in self.shrinks), self.last]
        return [(size, start, end) for (start, size), end in zip(starts, ends, strict=True)]


def stack(
    blocks: Sequence[Block],
    bound_bytes: int,
    pins: Mapping[int, int],
    work: int,
    rng: random.Random,
) -> list[int] | None:
    """Offsets that end below the bound, from searches with different preferences.

    Args:
        blocks: what to place; those that live together may not overlap.
        bound_bytes: the ceiling.
        pins: offsets that are given, at the bottom or right below the ceiling.
        work: how many blocks may be looked at in all, roughly.
        rng: draws the preferences.

    Returns:
        None if all searches gave up, or the first one saw that there are no such offsets.
    """
    steps = max(STEPS, 2 * len(blocks))
    for ranks in _preferences(blocks, work // (steps * len(blocks)), rng):
        search = _Stack(blocks, bound_bytes, pins, ranks)
        if search.fill(steps):
            return search.offsets
        if search.complete:
            return None
    return None


def _preferences(blocks: Sequence[Block], draws: int, rng: random.Random) -> Iterator[list[float]]:
    """Ranks of blocks, lower is taken first: by area, size, duration and start, then mixtures."""
    yield [-block.size_bytes * block.duration for block in blocks]
    yield [-block.size_bytes for block in blocks]
    yield [-block.duration for block in blocks]
    yield [block.first for block in blocks]
    for _ in range(draws):
        size, duration = 1.5 * rng.random(), 1.5 * rng.random()
        yield [
            -(block.size_bytes**size) * block.duration**duration * (0.3 + rng.random())
            for block in blocks
        ]


class _Stack:
    """Blocks put on top of each other from the bottom up, depth first, with a way back.

    Offsets never fall from one block to the next: every plan can be pressed together until each
    block lies on another one, and can then be built in this order. So nothing is missed.
    """

    def __init__(
        self,
        blocks: Sequence[Block],
        bound_bytes: int,
        pins: Mapping[int, int],
        ranks: Sequence[float],
    ) -> None:
        self.offsets = [pins.get(i, 0) for i in range(len(blocks))]
        self.complete = False  # whether a failed search has seen everything
        self._blocks = blocks
        self._ranks = ranks
        steps = max(block.last for block in blocks) + 1
        # Per step: the highest end so far, how much still has to be placed, the ceiling.
        self._top = [0] * steps
        self._left = [0] * steps
        self._ceiling = [bound_bytes] * steps
        self._waiting = set(range(len(blocks))) - set(pins)
        for i, block in enumerate(blocks):
            lived = slice(block.first, block.last + 1)
            if i in self._waiting:
                self._count(block, 1)
            elif pins[i] == 0:
                self._top[lived] = [block.size_bytes] * block.duration
            else:
                self._ceiling[lived] = [pins[i]] * block.duration

    def fill(self, steps: int) -> bool:
        """Place all blocks below the ceiling; False if that failed or took too many steps."""
        if not self._waiting:
            return True
        choices = [self._choices((0, -1))]
        placed: list[tuple[int, list[int]]] = []
        while choices:
            if not choices[-1]:
                choices.pop()
                if placed:
                    self._take_back(*placed.pop())
                continue
            if not (steps := steps - 1):
                return False
            offset, _, i = choices[-1].pop()
            placed.append((i, self._put(i, offset)))
            if not self._waiting:
                return True
            choices.append(self._choices((offset, i)) if self._hopeful(offset) else [])
        self.complete = True
        return False

    def _choices(self, before: tuple[int, int]) -> list[tuple[int, float, int]]:
        """What could be placed next, the best last: (offset, rank, block), not below `before`."""
        # No block lies lower than the one placed before it, and all must fit below the ceiling.
        highest = min(
            ceiling - left for ceiling, left in zip(self._ceiling, self._left, strict=True) if left
        )
        found = []
        for i in self._waiting:
            block = self._blocks[i]
            offset = max(self._top[block.first : block.last + 1])
            if before <= (offset, i) and offset <= highest:
                found.append((offset, self._ranks[i], i))
        found.sort(reverse=True)
        return found

    def _hopeful(self, offset: int) -> bool:
        """Whether what is left could lie between `offset` and the ceiling in every step."""
        return all(
            (max(top, offset) if left else top) + left <= ceiling
            for top, left, ceiling in zip(self._top, self._left, self._ceiling, strict=True)
        )

    def _put(self, i: int, offset: int) -> list[int]:
        block = self._blocks[i]
        covered = self._top[block.first : block.last + 1]
        for size_bytes, first, last in block.parts():
            self._top[first : last + 1] = [offset + size_bytes] * (last + 1 - first)
        self._count(block, -1)
        self._waiting.remove(i)
        self.offsets[i] = offset
        return covered

    def _take_back(self, i: int, covered: list[int]) -> None:
        block = self._blocks[i]
        self._top[block.first : block.last + 1] = covered
        self._count(block, 1)
        self._waiting.add(i)

    def _count(self, block: Block, sign: int) -> None:
        for size_bytes, first, last in block.parts():
            for step in range(first, last + 1):
                self._left[step] += sign * size_bytes
