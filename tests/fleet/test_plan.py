"""What is asked of a fleet, what fits, and how it grows."""

from typing import Any

import pytest

from worker.fleet.errors import NoRoom
from worker.fleet.growth import GROW_EVERY_S, REST_S, Growth
from worker.fleet.lives import IN_VAIN, LONG_S, LONGEST_DELAY_S, Lives
from worker.fleet.plan import InvalidPlan, Node, Plan, room


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"name": "a b"}, "--name"),
        ({"name": "a" * 51}, "--name"),
        ({"berths": 0, "least": 0}, "--workers"),
        ({"most": 1}, "--workers"),
        ({"cpus": -1.0}, "--cpus"),
        ({"cpus": float("nan")}, "--cpus"),
        ({"cpus": 0.0}, "--cpus"),
        ({"gpus": 2.0}, "--gpus"),
        ({"slots": 0}, "--slots"),
    ],
)
def test_a_plan_that_cannot_be_names_its_option(given: dict[str, Any], word: str) -> None:
    fields: dict[str, Any] = {"name": "crew", "berths": 2, "least": 2, "most": 2}
    with pytest.raises(InvalidPlan, match=f"^{word}: .*got"):
        Plan(**{**fields, **given})


def test_workers_are_named_by_berth_and_slot_and_share_what_it_has() -> None:
    plan = Plan("crew", 1, 1, 1, cpus=4, gpus=1, slots=4)
    assert Plan("crew", 1, 1, 1).workers(3) == ["crew-3"]
    assert plan.workers(3) == ["crew-3.0", "crew-3.1", "crew-3.2", "crew-3.3"]
    assert (plan.threads, plan.accelerator, plan.share) == (1, "cuda", 0.25)


NODES = [Node("small", "10.0.0.1", 2.0, 0.0), Node("large", "10.0.0.2", 16.0, 2.0)]


@pytest.mark.parametrize(
    ("cpus", "gpus", "fits"), [(1.0, 0.0, 18), (3.0, 0.0, 5), (1.0, 0.25, 8), (0.0, 0.1, 20)]
)
def test_a_berth_lies_on_one_node(cpus: float, gpus: float, fits: int) -> None:
    assert room(NODES, Plan("crew", 5, 5, 5, cpus, gpus)) == fits


def test_nodes_that_share_a_name_are_counted_each() -> None:
    twins = [Node("vm", "10.0.0.1", 2.0, 0.0), Node("vm", "10.0.0.1", 2.0, 0.0)]
    assert room(twins, Plan("crew", 3, 3, 3)) == 4


def test_too_little_room_is_one_line_with_what_each_node_has() -> None:
    with pytest.raises(NoRoom) as caught:
        room(NODES, Plan("crew", 4, 3, 9, 1.0, 1.0))
    assert str(caught.value) == (
        "The cluster has room for 2 of 3 workers with 1 CPU and 1 GPU each: small has 2 CPU, 0 "
        "GPU; large has 16 CPU, 2 GPU. Ask for fewer or smaller ones, or add nodes."
    )


def test_a_fleet_at_most_doubles_in_ten_seconds() -> None:
    growth, berths, sizes = Growth(Plan("crew", 1, 1, 20)), 1, []
    for step in range(9):
        berths = growth.wanted(berths, 50, berths, step * GROW_EVERY_S / 2)
        sizes.append(berths)
    assert sizes == [2, 2, 4, 4, 8, 8, 16, 16, 20]


def test_a_fleet_shrinks_after_a_minute_without_need_and_not_below_its_least() -> None:
    growth = Growth(Plan("crew", 8, 2, 8))
    assert growth.wanted(8, 0, 5, 0.0) == 8
    assert growth.wanted(8, 4, 5, REST_S / 2) == 8  # trials came: the rest begins anew
    assert growth.wanted(8, 0, 5, REST_S) == 8
    assert growth.wanted(8, 0, 5, 2 * REST_S - 1) == 8
    assert growth.wanted(8, 0, 5, 2 * REST_S) == 5
    assert growth.wanted(8, 0, 0, 3 * REST_S) == 2


def test_slots_are_filled_before_there_are_more_berths() -> None:
    growth = Growth(Plan("crew", 2, 1, 9, slots=4))
    assert growth.wanted(2, 3, 5, 0.0) == 2
    assert growth.wanted(2, 4, 5, 0.0) == 3


def test_who_dies_soon_waits_longer_each_time_and_a_long_life_makes_up_for_it() -> None:
    lives, now_s, waits = Lives(), 0.0, []
    for _ in range(9):
        lives.begin(now_s)
        lives.end(now_s)
        waits.append(lives.again_at_s - now_s)
        assert lives.in_vain is (len(waits) >= IN_VAIN)
    assert waits == [1, 2, 4, 8, 16, 32, LONGEST_DELAY_S, LONGEST_DELAY_S, LONGEST_DELAY_S]
    lives.begin(0.0)
    lives.end(LONG_S)
    assert (lives.again_at_s, lives.in_vain) == (LONG_S + 1, False)
