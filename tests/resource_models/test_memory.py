"""The best operator order, compared with all orders."""

import random
import time
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resource_models.memory import best_order, live_bytes
from resource_models.program import Program, program
from tests.resource_models.networks import programs, random_network, residual_chain


def runs(steps: tuple[int, ...], found: Program) -> bool:
    """Whether every operator comes after those whose buffers it reads."""
    written = {0}
    for step in steps:
        if not written.issuperset(found.reads[step]):
            return False
        written.add(step + 1)
    return sorted(steps) == list(range(len(found.reads)))


def plain_peak(found: Program, steps: tuple[int, ...]) -> int:
    """The definition, in other words than the code: a buffer lives from writer to last reader."""
    peak = 0
    for now, step in enumerate(steps):
        alive = {0, *(other + 1 for other in steps[: now + 1])}
        wanted = {buffer for later in steps[now:] for buffer in found.reads[later]}
        wanted |= {step + 1, len(found.reads)}
        held = sum(found.sizes_bytes[buffer] for buffer in alive & wanted)
        needed_later = {buffer for later in steps[now + 1 :] for buffer in found.reads[later]}
        if found.over and set(found.over[step]) - needed_later:
            held += found.beside_bytes[step] - found.sizes_bytes[step + 1]
        peak = max(peak, held + found.scratch_bytes[step])
    return peak


@settings(max_examples=300, deadline=None)
@given(st.one_of(programs(most=7), programs(most=7, in_place=True)))
def test_no_order_needs_less_than_the_best(found: Program) -> None:
    orders = [steps for steps in permutations(range(len(found.reads))) if runs(steps, found)]
    order = best_order(found)
    assert order.exact
    assert runs(order.steps, found)
    assert order.peak_bytes == plain_peak(found, order.steps)
    assert order.peak_bytes == min(plain_peak(found, steps) for steps in orders)


@settings(deadline=None)
@given(programs(most=12, in_place=True), st.randoms(use_true_random=False))
def test_what_lives_is_what_the_definition_says(found: Program, rng: random.Random) -> None:
    steps = best_order(found).steps
    assert max(live_bytes(found, steps)) == plain_peak(found, steps)


def test_the_given_order_is_kept_when_none_is_better() -> None:
    found = program(residual_chain(3))
    assert best_order(found).steps == tuple(range(12))


def test_a_better_order_than_the_given_one_is_found() -> None:
    # Two branches that swell and shrink: side by side they need more than one after the other.
    found = Program(
        ("a", "b", "a2", "b2", "join"),
        ((0,), (0,), (1,), (2,), (3, 4)),
        (0, 0, 0, 0, 0),
        (1, 50, 50, 2, 2, 4),
    )
    assert max(live_bytes(found, range(5))) == 102
    assert best_order(found).peak_bytes == 54
    assert best_order(found).steps in ((0, 2, 1, 3, 4), (1, 3, 0, 2, 4))


def test_the_input_lives_until_its_last_reader() -> None:
    found = Program(("a", "b", "sum"), ((0,), (1,), (0, 2)), (0, 0, 0), (100, 1, 1, 1))
    assert live_bytes(found, (0, 1, 2)) == [101, 102, 102]


@pytest.mark.parametrize("blocks", [50, 500])
def test_deep_networks_do_not_exhaust_the_stack(blocks: int) -> None:
    graph = residual_chain(blocks)
    started = time.process_time()
    order = best_order(program(graph))
    assert time.process_time() - started < 10
    assert len(order.steps) == 4 * blocks
    assert order.exact
    assert order.peak_bytes == 32 * 32 * (8 + 24 + 24)  # skip, both sides of the depthwise one


def test_a_deep_network_with_a_search_in_each_block_is_exact() -> None:
    # In every block the branch that was named last should run first.
    reads: list[tuple[int, ...]] = []
    sizes = [1]
    for _ in range(40):
        start = len(sizes) - 1
        reads += [(start,), (start,), (start + 1,), (start + 2,), (start + 3, start + 4)]
        sizes += [50, 60, 2, 30, 1]
    found = Program(
        tuple(f"n{i}" for i in range(len(reads))), tuple(reads), (0,) * len(reads), tuple(sizes)
    )
    order = best_order(found)
    assert order.exact
    assert order.peak_bytes == 60 + 30 + 1  # the other way round it is 92, side by side 111
    assert runs(order.steps, found)


def test_a_search_that_gives_up_says_so_and_is_no_worse_than_the_given_order() -> None:
    branches = 9
    reads: list[tuple[int, ...]] = [(0,) for _ in range(branches)]
    reads.extend((i + 1,) for i in range(branches))
    reads.append(tuple(range(branches + 1, 2 * branches + 1)))
    rng = random.Random(1)
    sizes = [5] + [rng.randint(20, 90) for _ in range(branches)]
    sizes += [rng.randint(1, 19) for _ in range(branches)] + [3]
    found = Program(
        tuple(f"n{i}" for i in range(len(reads))), tuple(reads), (0,) * len(reads), tuple(sizes)
    )
    given_peak = max(live_bytes(found, range(len(reads))))
    short = best_order(found, max_states=3)
    full = best_order(found)
    assert not short.exact
    assert full.exact
    assert runs(short.steps, found)
    assert full.peak_bytes <= short.peak_bytes <= given_peak
    assert short.peak_bytes == max(live_bytes(found, short.steps))


def test_random_networks_are_solved_exactly() -> None:
    for seed in range(100):
        rng = random.Random(seed)
        found = program(random_network(rng, rng.randint(3, 30)))
        order = best_order(found)
        assert order.exact
        assert order.peak_bytes == max(live_bytes(found, order.steps))
        assert order.peak_bytes <= max(live_bytes(found, range(len(found.reads))))
