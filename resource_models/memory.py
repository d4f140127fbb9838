"""The order of operators that needs the least memory at its peak, exactly.

The state of a search is the set of operators that have run, as a bit mask; what lives follows from
it, however it was reached. States are taken in the order of their peak so far, so the first that is
complete is the best (branch and bound with a memo of masks; a loop, since deep networks would
exhaust the stack of a recursion). Two things keep it small:

* An operator that is an ancestor or a descendant of every other one cuts the network in two: what
  lives when it runs does not depend on the order, so each part is searched by itself and the peak
  is the larger one. A chain is cut everywhere.
* A run of operators that stays below the peak so far and leaves no more alive than before can be
  taken at once: whatever comes later lives on no more memory. (What lives is a submodular function
  of the operators that have run.)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from resource_models.program import Program

# A network as wide as this is far beyond any that fits a microcontroller; the search then returns
# the best order it knows and says that it is not proven.
MAX_STATES = 50_000


@dataclass(frozen=True, slots=True)
class Order:
    """An order of operators; `exact` says whether no order has a lower peak."""

    steps: tuple[int, ...]
    peak_bytes: int
    exact: bool = True


def best_order(program: Program, max_states: int = MAX_STATES) -> Order:
    """The order with the smallest peak of live buffers and scratch; of equals, the given one first.

    The network's input lives until its last reader, each other buffer from its operator to its last
    reader, the output to the end.
    """
    given = tuple(range(len(program.reads)))
    peaks_bytes = live_bytes(program, given)
    peak_bytes = max(peaks_bytes, default=program.sizes_bytes[0])
    if program.is_chain:
        return Order(given, peak_bytes)
    return _search_parts(_Links.of(program), peaks_bytes, max_states)


def live_bytes(program: Program, steps: Sequence[int]) -> list[int]:
    """What is in memory while each operator of an order runs, its scratch included."""
    readers_left = [0] * len(program.sizes_bytes)
    for buffers in program.reads:
        for buffer in buffers:
            readers_left[buffer] += 1
    live = program.sizes_bytes[0]
    found = []
    for step in steps:
        live += program.sizes_bytes[step + 1]
        found.append(live + program.scratch_bytes[step])
        for buffer in program.reads[step]:
            readers_left[buffer] -= 1
            if not readers_left[buffer]:
                live -= program.sizes_bytes[buffer]
    return found


@dataclass(frozen=True, slots=True)
class _Links:
    """Who depends on whom, as bit masks over operators."""

    program: Program
    readers: tuple[int, ...]  # of each buffer
    needs: tuple[int, ...]  # operators that write what an operator reads
    ancestors: tuple[int, ...]
    descendants: tuple[int, ...]

    @classmethod
    def of(cls, program: Program) -> "_Links":
        count = len(program.reads)
        readers = [0] * (count + 1)
        needs = [0] * count
        ancestors = [0] * count
        for i, buffers in enumerate(program.reads):
            for buffer in buffers:
                readers[buffer] |= 1 << i
                if buffer:
                    needs[i] |= 1 << buffer - 1
                    ancestors[i] |= ancestors[buffer - 1] | 1 << buffer - 1
        descendants = [0] * count
        for i in reversed(range(count)):
            for reader in _bits(readers[i + 1]):
                descendants[i] |= descendants[reader] | 1 << reader
        return cls(program, tuple(readers), tuple(needs), tuple(ancestors), tuple(descendants))

    def live(self, done: int) -> int:
        """What is in memory when the operators of `done` have run and no other does."""
        written = done << 1 | 1
        sizes = self.program.sizes_bytes
        return sum(sizes[i] for i in _bits(written) if self.readers[i] & ~done)

    def run(self, done: int, live: int, step: int) -> tuple[int, int]:
        """What is in memory while an operator runs, and after it."""
        sizes = self.program.sizes_bytes
        live += sizes[step + 1]
        during = live + self.program.scratch_bytes[step]
        left = ~(done | 1 << step)
        for buffer in self.program.reads[step]:
            if not self.readers[buffer] & left:
                live -= sizes[buffer]
        return during, live

    def ready(self, done: int, part: int) -> list[int]:
        """The operators of `part` that could run next."""
        return [step for step in _bits(part & ~done) if not self.needs[step] & ~done]

    def least(self, step: int) -> int:
        """What is in memory at least when an operator runs, in whatever order."""
        ancestors = self.ancestors[step]
        later = self.descendants[step] | 1 << step
        sizes = self.program.sizes_bytes
        held = sum(sizes[i] for i in _bits(ancestors << 1 | 1) if self.readers[i] & later)
        return held + sizes[step + 1] + self.program.scratch_bytes[step]


def _search_parts(links: _Links, given_bytes: Sequence[int], max_states: int) -> Order:
    """Join the best orders of the parts between the operators that cut the network."""
    count = len(given_bytes)
    # No order stays below this, so a part need not be searched for less.
    peak = max(links.least(step) for step in range(count))
    steps: list[int] = []
    done = 0
    exact = True
    for cut in _cuts(links, count):
        part = links.ancestors[cut] & ~done
        given = _bits(part)
        given_peak = max((given_bytes[step] for step in given), default=0)
        if given_peak > peak:
            found = _search(links, done, part, peak, max_states)
            if found is None:
                exact = False
                found = _greedy(links, done, part)
                if max(_peaks(links, done, found)) > given_peak:
                    found = given
            given = found
            peak = max(peak, *_peaks(links, done, given))
        steps.extend(given)
        steps.append(cut)
        done |= part | 1 << cut
    return Order(tuple(steps), peak, exact)


def _cuts(links: _Links, count: int) -> Iterator[int]:
    for step in range(count):
        others = links.ancestors[step] | links.descendants[step]
        if others.bit_count() == count - 1:
            yield step


def _search(links: _Links, done: int, part: int, floor: int, max_states: int) -> list[int] | None:
    """The best order of one part, or None when it has too many states.

    Args:
        links: the whole network.
        done: the operators before the part.
        part: the operators to order.
        floor: a peak that other parts reach anyway; orders below it are equally good.
        max_states: how many states may be remembered.
    """
    goal = done | part
    reached: dict[int, tuple[int, int, tuple[int, ...]]] = {done: (floor, 0, ())}
    heap = [(floor, 0, done, links.live(done))]
    while heap:
        peak, _, mask, live = heappop(heap)
        if mask == goal:
            return _path(reached, done, goal)
        if peak > reached[mask][0]:
            continue  # a better way here was found after this entry was made
        if len(reached) > max_states:
            return None
        for run, run_peak, run_done, run_live in _moves(links, mask, live, part, peak):
            known = reached.get(run_done)
            if known is None or run_peak < known[0]:
                reached[run_done] = (run_peak, mask, run)
                # Of equal peaks the one that got furthest, which makes it a search in depth.
                heappush(heap, (run_peak, -run_done.bit_count(), run_done, run_live))
    return None


_Move = tuple[tuple[int, ...], int, int, int]


def _moves(links: _Links, done: int, live: int, part: int, peak: int) -> list[_Move]:
    """What can run next: (operators, peak, operators done, bytes live) of each choice."""
    moves: list[_Move] = []
    for step in links.ready(done, part):
        free = _free_run(links, (done, live), part, step, peak)
        if free is not None:
            return [free]
        during, after = links.run(done, live, step)
        moves.append(((step,), max(peak, during), done | 1 << step, after))
    return moves


def _free_run(
    links: _Links, state: tuple[int, int], part: int, step: int, peak: int
) -> _Move | None:
    """The run from `step` to the first point with no more alive than now, if it needs no more."""
    done, live = state
    after = live
    run = []
    while True:
        during, after = links.run(done, after, step)
        if during > peak:
            return None
        done |= 1 << step
        run.append(step)
        if after <= live:
            return tuple(run), peak, done, after
        readers = links.readers[step + 1]
        follower = readers.bit_length() - 1
        if readers.bit_count() != 1 or not readers & part or links.needs[follower] & ~done:
            return None
        step = follower


def _path(reached: dict[int, tuple[int, int, tuple[int, ...]]], start: int, goal: int) -> list[int]:
    runs = []
    while goal != start:
        _, goal, run = reached[goal]
        runs.append(run)
    return [step for run in reversed(runs) for step in run]


def _greedy(links: _Links, done: int, part: int) -> list[int]:
    """An order that always takes the operator that leaves the least alive."""
    goal = done | part
    live = links.live(done)
    steps = []
    while done != goal:
        live, _, step = min(
            (after, during, step)
            for step in links.ready(done, part)
            for during, after in [links.run(done, live, step)]
        )
        done |= 1 << step
        steps.append(step)
    return steps


def _peaks(links: _Links, done: int, steps: Sequence[int]) -> list[int]:
    live = links.live(done)
    found = []
    for step in steps:
        during, live = links.run(done, live, step)
        found.append(during)
        done |= 1 << step
    return found


def _bits(mask: int) -> list[int]:
    """The places of the ones, lowest first."""
    places = []
    while mask:
        low = mask & -mask
        places.append(low.bit_length() - 1)
        mask ^= low
    return places
