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
  of the operators that have run; and the more have run, the more often one may write in place.)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush

from resource_models.links import Links, bits
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


def best_order(program: Program, max_states: int = MAX_STATES, links: Links | None = None) -> Order:
    """The order with the smallest peak of live buffers and scratch; of equals, the given one first.

    The network's input lives until its last reader, each other buffer from its operator to its last
    reader, the output to the end. An operator that may write over a buffer does so if it is the
    last reader of it.

    Args:
        program: the operators.
        max_states: how many states a search may remember.
        links: those of the program, where they are known already.
    """
    given = tuple(range(len(program.reads)))
    peaks_bytes = live_bytes(program, given)
    peak_bytes = max(peaks_bytes, default=program.sizes_bytes[0])
    if program.is_chain:
        return Order(given, peak_bytes)
    links = links or Links.of(program.reads)
    found = _search_parts(_Memory(program, links), peaks_bytes, max_states)
    if found.exact or not program.over:
        return found
    # The best order that writes over nothing may be better than the best one that was found.
    plain = best_order(replace(program, over=()), max_states, links).steps
    plain_bytes = max(live_bytes(program, plain))
    return found if found.peak_bytes <= plain_bytes else Order(plain, plain_bytes, exact=False)


def live_bytes(program: Program, steps: Sequence[int]) -> list[int]:
    """What is in memory while each operator of an order runs, its scratch included."""
    sizes, over = program.sizes_bytes, program.over
    readers_left = [0] * len(sizes)
    for buffers in program.reads:
        for buffer in buffers:
            readers_left[buffer] += 1
    live = sizes[0]
    found = []
    for step in steps:
        more = sizes[step + 1]
        after = live + more
        for buffer in program.reads[step]:
            readers_left[buffer] -= 1
            if not readers_left[buffer]:
                after -= sizes[buffer]
                if over and buffer in over[step]:
                    more = program.beside_bytes[step]
        found.append(live + more + program.scratch_bytes[step])
        live = after
    return found


@dataclass(frozen=True, slots=True)
class _Memory:
    """What is in memory before, while and after an operator of a program runs."""

    program: Program
    links: Links

    def live(self, done: int) -> int:
        """What is in memory when the operators of `done` have run and no other does."""
        sizes = self.program.sizes_bytes
        return sum([sizes[i] for i in bits(done << 1 | 1) if self.links.readers[i] & ~done])

    def run(self, done: int, live: int, step: int) -> tuple[int, int]:
        """What is in memory while an operator runs, and after it."""
        program, readers = self.program, self.links.readers
        sizes = program.sizes_bytes
        over = program.over[step] if program.over else ()
        more = sizes[step + 1]
        after = live + more
        left = ~(done | 1 << step)
        for buffer in program.reads[step]:
            if not readers[buffer] & left:
                after -= sizes[buffer]
                if buffer in over:
                    more = program.beside_bytes[step]
        return live + more + program.scratch_bytes[step], after

    def least(self, step: int) -> int:
        """What is in memory at least when an operator runs, in whatever order."""
        program, links = self.program, self.links
        sizes = program.sizes_bytes
        more = sizes[step + 1]
        if program.over:
            later = links.descendants[step]
            if any(not links.readers[buffer] & later for buffer in program.over[step]):
                more = program.beside_bytes[step]
        return sum([sizes[i] for i in links.held[step]]) + more + program.scratch_bytes[step]


def _search_parts(memory: _Memory, given_bytes: Sequence[int], max_states: int) -> Order:
    """Join the best orders of the parts between the operators that cut the network."""
    count = len(given_bytes)
    # No order stays below this, so a part need not be searched for less.
    peak = max(memory.least(step) for step in range(count))
    steps: list[int] = []
    done = 0
    exact = True
    for cut in memory.links.cuts:
        part = memory.links.ancestors[cut] & ~done
        given = bits(part)
        given_peak = max((given_bytes[step] for step in given), default=0)
        if given_peak > peak:
            found = _search(memory, done, part, peak, max_states)
            if found is None:
                exact = False
                found = _greedy(memory, done, part)
                if max(_peaks(memory, done, found)) > given_peak:
                    found = given
            given = found
            peak = max(peak, *_peaks(memory, done, given))
        steps.extend(given)
        steps.append(cut)
        done |= part | 1 << cut
    return Order(tuple(steps), peak, exact)


def _search(memory: _Memory, done: int, part: int, floor: int, max_states: int) -> list[int] | None:
    """The best order of one part, or None when it has too many states.

    Args:
        memory: the whole network.
        done: the operators before the part.
        part: the operators to order.
        floor: a peak that other parts reach anyway; orders below it are equally good.
        max_states: how many states may be remembered.
    """
    goal = done | part
    reached: dict[int, tuple[int, int, tuple[int, ...]]] = {done: (floor, 0, ())}
    heap = [(floor, 0, done, memory.live(done))]
    while heap:
        peak, _, mask, live = heappop(heap)
        if mask == goal:
            return _path(reached, done, goal)
        if peak > reached[mask][0]:
            continue  # a better way here was found after this entry was made
        if len(reached) > max_states:
            return None
        for run, run_peak, run_done, run_live in _moves(memory, mask, live, part, peak):
            known = reached.get(run_done)
            if known is None or run_peak < known[0]:
                reached[run_done] = (run_peak, mask, run)
                # Of equal peaks the one that got furthest, which makes it a search in depth.
                heappush(heap, (run_peak, -run_done.bit_count(), run_done, run_live))
    return None


_Move = tuple[tuple[int, ...], int, int, int]


def _moves(memory: _Memory, done: int, live: int, part: int, peak: int) -> list[_Move]:
    """What can run next: (operators, peak, operators done, bytes live) of each choice."""
    moves: list[_Move] = []
    for step in memory.links.ready(done, part):
        free = _free_run(memory, (done, live), part, step, peak)
        if free is not None:
            return [free]
        during, after = memory.run(done, live, step)
        moves.append(((step,), max(peak, during), done | 1 << step, after))
    return moves


def _free_run(
    memory: _Memory, state: tuple[int, int], part: int, step: int, peak: int
) -> _Move | None:
    """The run from `step` to the first point with no more alive than now, if it needs no more."""
    done, live = state
    after = live
    run = []
    while True:
        during, after = memory.run(done, after, step)
        if during > peak:
            return None
        done |= 1 << step
        run.append(step)
        if after <= live:
            return tuple(run), peak, done, after
        readers = memory.links.readers[step + 1]
        follower = readers.bit_length() - 1
        if readers.bit_count() != 1 or not readers & part or memory.links.needs[follower] & ~done:
            return None
        step = follower


def _path(reached: dict[int, tuple[int, int, tuple[int, ...]]], start: int, goal: int) -> list[int]:
    runs = []
    while goal != start:
        _, goal, run = reached[goal]
        runs.append(run)
    return [step for run in reversed(runs) for step in run]


def _greedy(memory: _Memory, done: int, part: int) -> list[int]:
    """An order that always takes the operator that leaves the least alive."""
    goal = done | part
    live = memory.live(done)
    steps = []
    while done != goal:
        live, _, step = min(
            (after, during, step)
            for step in memory.links.ready(done, part)
            for during, after in [memory.run(done, live, step)]
        )
        done |= 1 << step
        steps.append(step)
    return steps


def _peaks(memory: _Memory, done: int, steps: Sequence[int]) -> list[int]:
    live = memory.live(done)
    found = []
    for step in steps:
        during, live = memory.run(done, live, step)
        found.append(during)
        done |= 1 << step
    return found
