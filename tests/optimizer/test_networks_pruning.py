"""The pruning gene: what is allowed, what a worker is told, what is predicted."""

import random
from collections import Counter
from typing import Any

import pytest

from optimizer.errors import InvalidPoint, InvalidSpace, SpaceExhausted
from optimizer.networks.meter import Meter
from optimizer.networks.prior import Prior
from optimizer.networks.ranges import METHODS, Ranges
from optimizer.networks.space import NetworkSpace
from optimizer.networks.structure import draw_structure
from optimizer.networks.tally import SIZES
from optimizer.space import Point, space_from_json
from resource_models.even_cut import even_cut
from resource_models.footprint import footprint
from worker.pruning import recipe as worker_recipe

COLOUR, FLAT = (16, 16, 3), (20,)


def tiny(shape: tuple[int, ...] = COLOUR, **ranges: Any) -> NetworkSpace:
    space = space_from_json({"kind": "tiny", **ranges}, input_shape=shape, classes=10)
    assert isinstance(space, NetworkSpace)
    return space


def gene(scope: str = "channels", method: str = "magnitude", target: Any = 0.5) -> dict[str, Any]:
    return {"scope": scope, "method": method, "target": target}


def plain(space: NetworkSpace, seed: int = 0, pool: str = "none") -> Point:
    """A network with blocks and a flat head, not pruned."""
    rng = random.Random(seed)
    while True:
        point = space.sample(rng)
        point.pop("pruning", None)
        if len(point["blocks"]) > 1 and point["head"]["pool"] == pool:
            return point


@pytest.mark.parametrize("scope", METHODS)
def test_the_figures_of_a_pruned_network_are_those_of_its_even_cut(scope: str) -> None:
    space = tiny()
    point = plain(space)
    graph = space.lower(point)
    pruned = {**point, "pruning": gene(scope)}
    cut = even_cut(graph, scope, 0.5)  # type: ignore[arg-type]
    expected = footprint(cut.graph, space.device, cut.non_zeros).figures()
    assert space.figures(pruned) == expected
    assert expected["model_size:sparse"] < space.figures(point)["model_size:sparse"]
    assert space.lower(pruned) == graph  # what is trained


def test_a_worker_is_told_the_network_before_the_cut_how_to_prune_it_and_the_device() -> None:
    space = tiny(pruning_weighting="bytes", pruning_epochs=[0.2, 0.8])
    point = {**plain(space), "pruning": gene("weights", "variational", 0)}
    point["pruning"]["target"] = 0.75
    work = space.work(point)
    assert work["pruning"] == {
        "scope": "weights",
        "method": "variational",
        "target": 0.75,
        "weighting": "bytes",
        "start": 0.2,
        "end": 0.8,
    }
    assert worker_recipe.Pruning.from_json(work["pruning"]).target == 0.75
    assert work["device"] == space.device.to_json()
    del point["pruning"]
    assert space.work(point)["pruning"] is None
    assert "device" not in space.work(point)


def test_scopes_and_methods_are_those_of_the_worker() -> None:
    assert worker_recipe.METHODS == METHODS
    assert worker_recipe.MOST == Ranges().pruning_targets[1]
    for weighting in worker_recipe.WEIGHTINGS:
        assert Ranges(pruning_weighting=weighting).pruning_weighting == weighting


def test_how_a_network_is_pruned_is_part_of_its_key() -> None:
    space = tiny()
    point = plain(space)
    genes = [gene(), gene("both"), gene(method="feedback"), gene(target=0.25)]
    keys = {space.key({**point, "pruning": one}) for one in genes} | {space.key(point)}
    assert len(keys) == len(genes) + 1


@pytest.mark.parametrize(("pool", "said"), [("none", gene(target=0)), ("global", gene("inputs"))])
def test_a_gene_that_takes_nothing_away_says_nothing(pool: str, said: dict[str, Any]) -> None:
    space = tiny(exits=["none", "global"])
    point = plain(space, pool=pool)
    pruned = {**point, "pruning": said}
    space.validate(pruned)
    assert space.key(pruned) == space.key(point)
    assert space.encode(pruned) == space.encode(point)
    assert space.work(pruned)["pruning"] is None


def test_where_a_method_has_the_last_word_the_figures_are_an_upper_bound() -> None:
    space = tiny(pruning_thresholds=[False, True])
    point = plain(space)
    pruned = {**point, "pruning": gene(method="bayesian", target=None)}
    space.validate(pruned)
    assert space.figures(pruned) == space.figures(point)
    assert space.work(pruned)["pruning"]["target"] is None
    assert space.key(pruned) != space.key(point)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (None, "pruning"),
        ("channels", "pruning"),
        ({"scope": "channels"}, "pruning.method"),
        ({**gene(), "start": 0.1}, "pruning.start"),
        (gene("none"), "pruning.scope"),
        (gene("layers"), "pruning.scope"),
        (gene(["channels"]), "pruning.scope"),  # type: ignore[arg-type]
        (gene("weights", "bayesian"), "pruning.method"),
        (gene("channels", "variational"), "pruning.method"),
        (gene(target=0.99), "pruning.target"),
        (gene(target=-0.1), "pruning.target"),
        (gene(target=True), "pruning.target"),
        (gene(target=float("nan")), "pruning.target"),
        (gene(target=None), "pruning.target"),
        (gene(method="bayesian", target=None), "pruning.target"),
    ],
)
def test_a_wrong_gene_is_refused_with_its_path(wrong: Any, field: str) -> None:
    space = tiny()
    with pytest.raises(InvalidPoint) as caught:
        space.validate({**plain(space), "pruning": wrong})
    assert caught.value.field == field


def test_a_study_may_prune_never_always_or_by_thresholds_alone() -> None:
    never, rng = tiny(pruning_scopes=["none"]), random.Random(0)
    assert not any("pruning" in never.sample(rng) for _ in range(100))
    assert len(never.columns) == len(tiny().columns) - 6
    with pytest.raises(InvalidPoint, match=r"pruning\.scope: .*nothing"):
        never.validate({**plain(never), "pruning": gene()})
    always = tiny(pruning_scopes=["both"], pruning_methods=["bayesian"], pruning_thresholds=[True])
    drawn = [always.sample(rng) for _ in range(50)]
    assert {(p["pruning"]["scope"], p["pruning"]["target"]) for p in drawn} == {("both", None)}
    point = plain(always)
    for wrong in (point, {**point, "pruning": gene("both", "bayesian", 0.5)}):
        with pytest.raises(InvalidPoint):
            always.validate(wrong)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pruning_scopes", ["filters"]),
        ("pruning_methods", ["dropout"]),
        ("pruning_methods", ["variational"]),  # cannot rank channels
        ("pruning_targets", [0, 0.99]),
        ("pruning_targets", [0.5, 0.2]),
        ("pruning_thresholds", [None]),
        ("pruning_weighting", "flash"),
        ("pruning_epochs", [0.5, 0.5]),
        ("pruning_epochs", [0.5, 1.5]),
    ],
)
def test_ranges_that_cannot_be_pruned_by_are_refused(field: str, value: Any) -> None:
    with pytest.raises(InvalidSpace) as caught:
        tiny(**{field: value})
    assert caught.value.field == f"space.{field}"


def test_a_quarter_of_the_samples_is_pruned_in_all_ways() -> None:
    space, rng = tiny(), random.Random(0)
    drawn = [space.sample(rng) for _ in range(600)]
    pruned = [point["pruning"] for point in drawn if "pruning" in point]
    assert len(pruned) / len(drawn) == pytest.approx(0.25, abs=0.06)
    assert {one["scope"] for one in pruned} == set(METHODS)
    assert {one["method"] for one in pruned} == set(Ranges().pruning_methods)


@pytest.mark.parametrize("shape", [COLOUR, FLAT])
@pytest.mark.parametrize("figure", SIZES)
def test_the_priors_estimate_is_near_the_size_after_an_even_cut(
    shape: tuple[int, ...], figure: str
) -> None:
    """It steers by it, and asks for the exact size in the end."""
    space, rng = tiny(shape), random.Random(3)
    meter = Meter(shape, 10, figure, 10**9, 10**9)
    near: Counter[bool] = Counter()
    for _ in range(120):
        point = draw_structure(space.ranges, shape, rng)
        scope, target = rng.choice(list(METHODS)), round(rng.uniform(0, 0.98), 2)
        point["pruning"] = gene(scope, target=target)
        exact = space.figures(point)[figure]
        near[abs(meter.measure(point).size_bytes / exact - 1) < 0.1] += 1
        if not meter.prunes(point):
            assert even_cut(space.lower(point), scope, target).graph == space.lower(point)  # type: ignore[arg-type]
    assert near[True] > 0.85 * near.total()


def test_the_size_of_a_pruned_sample_is_checked_after_its_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("optimizer.networks.prior.TARGETS", 1)
    always, rng = tiny(pruning_scopes=["weights"]), random.Random(0)
    asked: list[Point] = []

    def far_off(point: Point) -> float:
        asked.append(point)
        return 1e9

    prior = Prior(always.ranges, always.meter, 2000.0, far_off, lambda point: True)
    with pytest.raises(SpaceExhausted):
        prior.draw(rng)
    assert all("pruning" in point for point in asked)
    never = tiny(pruning_scopes=["none"])
    Prior(never.ranges, never.meter, 2000.0, far_off, lambda point: True).draw(rng)


def test_operations_are_bounded_before_the_cut_and_limited_after_it() -> None:
    space, rng = tiny(max_macs=60_000), random.Random(1)
    limited = space.within({}, {"macs": 20_000.0})
    more = 0
    for _ in range(60):
        point = limited.sample(rng)
        assert limited.figures(point)["macs"] <= 20_000
        trained = limited.figures({k: v for k, v in point.items() if k != "pruning"})["macs"]
        assert trained <= 60_000
        more += trained > 20_000
    assert more > 0
