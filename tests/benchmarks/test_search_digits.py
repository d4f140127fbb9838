from typing import Any

import pytest

from benchmarks import search_digits
from benchmarks.search_digits import (
    NAMES,
    RIVALS,
    SEEDS,
    check_pairs,
    claims,
    comparisons,
    figures_of,
    wanted,
)

STOPPING = "stopping takes at most 60 % of the epochs and loses at most 2 %"


def lines(**changes: float) -> dict[str, list[dict[str, Any]]]:
    """Runs in which `sparse` is ahead everywhere; changes are added to the volumes of a method."""
    gains = dict.fromkeys(NAMES, 0.0) | {"sparse": 0.1, "sparse_stopping": 0.099} | changes
    return {
        name: [
            {
                "seed": seed,
                "start": f"start {seed}",
                "confirmed": 0.5 + 0.01 * seed + gains[name],
                "observed": 0.52 + 0.01 * seed + gains[name],
                "epochs": 950 if name == "sparse_stopping" else 1590,
                "trials": 80,
                "train_s": 200.0,
                "think_s": 10.0,
            }
            for seed in SEEDS
        ]
        for name in NAMES
    }


def judged(runs: dict[str, list[dict[str, Any]]]) -> dict[str, bool]:
    volumes = {name: [line["confirmed"] for line in runs[name]] for name in NAMES}
    return claims(comparisons(volumes), figures_of(runs))


def test_a_method_that_is_ahead_with_every_seed_meets_all_claims() -> None:
    meets = judged(lines())
    assert set(meets) == {*(f"sparse is above {name}" for name in RIVALS), STOPPING}
    assert all(meets.values())


def test_one_rival_that_is_as_good_leaves_the_claims_over_the_others() -> None:
    meets = judged(lines(tpe=0.1))
    assert not meets["sparse is above tpe"]
    assert meets["sparse is above nsga2"]


def test_what_is_only_printed_is_not_required() -> None:
    assert all(judged(lines(ageing_evolution=0.2, sparse_inheriting=0.2)).values())


def test_stopping_may_lose_two_percent_and_needs_few_epochs() -> None:
    assert not judged(lines(sparse_stopping=0.08))[STOPPING]
    late = lines()
    for line in late["sparse_stopping"]:
        line["epochs"] = 961
    assert not judged(late)[STOPPING]


def test_stopping_is_held_to_the_budget_whatever_sparse_left_of_it() -> None:
    runs = lines()
    for line, theirs in zip(runs["sparse_stopping"], runs["sparse"], strict=True):
        line["epochs"], theirs["epochs"] = 960, 1500
    assert judged(runs)[STOPPING]


def test_optimism_is_what_the_search_promised_beyond_the_confirmation() -> None:
    assert figures_of(lines())["sparse_optimism_median"] == pytest.approx(0.02)


def test_runs_that_began_with_other_networks_are_no_pairs() -> None:
    runs = lines()
    check_pairs(runs)
    runs["tpe"][3]["start"] = "another"
    with pytest.raises(RuntimeError, match="tpe with seed 3"):
        check_pairs(runs)


def test_all_methods_of_a_seed_come_before_the_next_seed() -> None:
    seeds = [run["seed"] for run in wanted(NAMES, SEEDS)]
    assert seeds == sorted(seeds)
    assert len(seeds) == len(NAMES) * 10


def test_the_scales_are_constants_and_end_at_the_limits() -> None:
    error, size, memory = search_digits.setting().objectives
    assert (error.scale.ideal, error.scale.reference) == (0.005, 0.45)
    assert (size.scale.ideal, size.scale.reference, size.limit) == (100, 65_536, 65_536)
    assert (memory.scale.ideal, memory.scale.reference, memory.limit) == (64, 16_384, 16_384)
    assert all(objective.scale.log for objective in (error, size, memory))
