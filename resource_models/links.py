"""Who depends on whom in a program, as bit masks over its operators; sizes play no part."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Links:
    """The order that data flow asks of operators; programs with the same reads share it.

    `readers` is a mask for each buffer, the other masks are for each operator: `needs` the writers
    of what it reads. `held` names the buffers that are in memory while an operator runs, whatever
    the order: those that were written for it or for a later one by what must come before it.
    `cuts` are the operators that are an ancestor or a descendant of every other one.
    """

    readers: tuple[int, ...]
    needs: tuple[int, ...]
    descendants: tuple[int, ...]
    ancestors: tuple[int, ...]
    held: tuple[tuple[int, ...], ...]
    cuts: tuple[int, ...]

    @classmethod
    def of(cls, reads: Sequence[Sequence[int]]) -> "Links":
        """The links of operators that read these buffers."""
        count = len(reads)
        readers = [0] * (count + 1)
        needs = [0] * count
        ancestors = [0] * count
        for i, buffers in enumerate(reads):
            for buffer in buffers:
                readers[buffer] |= 1 << i
                if buffer:
                    needs[i] |= 1 << buffer - 1
                    ancestors[i] |= ancestors[buffer - 1] | 1 << buffer - 1
        descendants = [0] * count
        wanted = [0] * count  # the buffers that an operator and those behind it read
        for i in reversed(range(count)):
            for buffer in reads[i]:
                wanted[i] |= 1 << buffer
            for buffer in reads[i]:
                if buffer:
                    descendants[buffer - 1] |= descendants[i] | 1 << i
                    wanted[buffer - 1] |= wanted[i]
        held = [tuple(bits((ancestors[i] << 1 | 1) & wanted[i])) for i in range(count)]
        cuts = [i for i in range(count) if (ancestors[i] | descendants[i]).bit_count() == count - 1]
        return cls(
            readers=tuple(readers),
            needs=tuple(needs),
            descendants=tuple(descendants),
            ancestors=tuple(ancestors),
            held=tuple(held),
            cuts=tuple(cuts),
        )

    def ready(self, done: int, part: int) -> list[int]:
        """The operators of `part` that could run next."""
        return [step for step in bits(part & ~done) if not self.needs[step] & ~done]


def bits(mask: int) -> list[int]:
    """The places of the ones, lowest first."""
    places = []
    while mask:
        low = mask & -mask
        places.append(low.bit_length() - 1)
        mask ^= low
    return places
