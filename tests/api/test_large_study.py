"""One study of 100,000 trials: every answer about it is complete, in order and right.

How fast the answers are is measured by `benchmarks/study_scale.py`, which also fills the study.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from benchmarks.study_scale import INFEASIBLE, QUEUED, TRIALS, fill
from service.db import Database
from tests.api.conftest import Served, serving, wait_until
from tests.api.test_lists import pages
from tests.conftest import upgrade
from tests.postgres import Postgres

# One process, so that the studies are filled once.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.xdist_group("large study"),
]

FINISHED = TRIALS - QUEUED
DONE = FINISHED - INFEASIBLE
MOST_POINTS = 10_000
STUDY = "/studies/scale"


@dataclass
class Large:
    """The study as it is served, and what it was filled with."""

    served: Served
    values: dict[str, np.ndarray]

    def losses(self, finished: int = DONE) -> np.ndarray:
        """The first results as losses from 0, the ideal, to 1, the reference: n x 3."""
        cost, gain, size = (self.values[name][:finished] for name in ("cost", "gain", "size"))
        return np.stack([cost, 1 - gain, size / 101], axis=1)

    def get(self, path: str) -> Any:
        return self.served.get(f"{STUDY}{path}")

    def numbers(self, query: str) -> list[int]:
        """The numbers of all trials of a list, in its order; each page is full but the last."""
        found = pages(self.served, f"{STUDY}/trials?limit=1000&{query}")
        assert all(len(page) == 1000 for page in found[:-1])
        return [item["number"] for page in found for item in page]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def large(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Large]:
    folder = tmp_path_factory.mktemp("large")
    url = f"sqlite:///{folder / 'large.db'}"
    if request.param == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.url(postgres.create())
    upgrade(url)
    db = Database(url)
    values = fill(db)
    with serving(db, folder) as served:
        yield Large(served, values)


def front_of(losses: np.ndarray) -> list[int]:
    """The rows that no other dominates. Whoever dominates a row comes before it in this order."""
    kept: list[int] = []
    for at in np.lexsort(losses.T[::-1]):
        if not (losses[kept] <= losses[at]).all(axis=1).any():
            kept.append(int(at))
    return sorted(kept)


def volume_of(losses: np.ndarray) -> float:
    """What a front of three losses dominates below 1, slice by slice along the last."""
    layers = losses[np.argsort(losses[:, 2])]
    tops = [*layers[1:, 2], 1.0]
    return sum(area_of(layers[: at + 1, :2]) * (top - layers[at, 2]) for at, top in enumerate(tops))


def area_of(losses: np.ndarray) -> float:
    area, edge = 0.0, 1.0
    for x, y in losses[np.argsort(losses[:, 0])]:
        if y < edge:
            area += (1 - x) * (edge - y)
            edge = y
    return area


def numbered(rows: np.ndarray) -> list[int]:
    return [int(row) + 1 for row in rows]


def test_the_volume_of_a_front_is_that_of_its_boxes() -> None:
    front = np.array([[0.5, 0.25, 0.5], [0.25, 0.5, 0.5], [0.5, 0.5, 0.25]])
    assert volume_of(front) == pytest.approx(0.5**3 + 3 * 0.25 * 0.5**2)


def test_a_page_ranked_by_a_metric(large: Large) -> None:
    without = np.arange(DONE, TRIALS)  # come last, in the order of their numbers
    by_cost = np.argsort(large.values["cost"][:DONE])
    ranked = numbered(np.concatenate([by_cost, without]))
    assert large.numbers("sort=cost") == ranked
    by_gain = np.argsort(-large.values["gain"][:DONE])
    highest = large.get("/trials?sort=gain&order=highest&limit=1000")["items"]
    assert [item["number"] for item in highest] == numbered(by_gain[:1000])
    for skip in (0, 9_950, DONE - 50, DONE + 7, TRIALS - 100):
        page = large.get(f"/trials?sort=cost&limit=100&skip={skip}")["items"]
        assert [item["number"] for item in page] == ranked[skip : skip + 100]
    first = large.get("/trials?sort=cost&limit=100")
    assert first["total"] == TRIALS
    shown = [item["values"]["cost"] for item in first["items"]]
    assert shown == large.values["cost"][by_cost[:100]].tolist()


def test_a_page_filtered_by_ranges(large: Large) -> None:
    cost, gain, size = (large.values[name] for name in ("cost", "gain", "size"))
    (kept,) = np.nonzero((gain >= 0.9) & (size <= 50.0))
    ranked = kept[np.argsort(cost[kept])]
    query = "sort=cost&where=gain >= 0.9&where=size <= 50"
    assert large.numbers(query) == numbered(ranked)
    assert large.get(f"/trials?{query}")["total"] == len(ranked) > 500


def test_the_front_and_its_hypervolume(large: Large) -> None:
    losses = large.losses()
    front = front_of(losses)
    items = large.get("/front")["items"]
    assert {item["number"] for item in items} == {row + 1 for row in front}
    costs = [item["values"]["cost"] for item in items]
    assert costs == sorted(large.values["cost"][front].tolist())
    points = large.get("/hypervolume")["points"]
    places = [point["finish_no"] for point in points]
    assert places == sorted(set(places))
    # Wherever a point is, it is that of the trials until then.
    for point in (points[0], points[len(points) // 2], points[-1]):
        until = losses[: point["finish_no"]]
        known = front_of(until)
        assert point["front_size"] == len(known)
        assert point["value"] == pytest.approx(volume_of(until[known]), rel=1e-9)
    assert large.get("")["hypervolume"] == points[-1]["value"]


def test_the_points_of_a_chart(large: Large) -> None:
    front = {row + 1 for row in front_of(large.losses())}
    columns = large.get("/points")["columns"]
    shown = columns["number"]
    assert set(shown[: len(front)]) == front
    assert columns["on_front"] == [at < len(front) for at in range(MOST_POINTS)]
    newest = [number for number in range(FINISHED, 0, -1) if number not in front]
    assert shown[len(front) :] == newest[: MOST_POINTS - len(front)]
    cost = large.values["cost"]
    assert columns["values"]["cost"] == [
        cost[number - 1] if number <= DONE else None for number in shown
    ]
    assert columns["status"].count("infeasible") == INFEASIBLE
    after = large.get(f"/points?after={DONE - 10}")["columns"]
    assert after["finish_no"] == list(range(DONE - 9, FINISHED + 1))


def test_a_claim_and_its_result(large: Large) -> None:
    """The last test: it changes the study."""
    served = large.served
    leases = [lease for _ in range(2) for lease in served.claim("scale", count=64)]
    assert [lease["number"] for lease in leases] == list(range(FINISHED + 1, FINISHED + 129))
    counts = large.get("")["counts"]
    assert (counts["running"], counts["queued"]) == (128, QUEUED - 128)
    best = leases[7]
    answer = served.tell(best, "complete", metrics={"cost": 0.0, "gain": 1.0})
    assert answer.status_code == 200, answer.text
    wait_until(lambda: bool(large.get("")["finished"] == FINISHED + 1), timeout_s=60)

    size = answer.json()["values"]["size"]
    losses = np.concatenate([large.losses(), [[0.0, 0.0, size / 101]]])
    front = front_of(losses)
    numbers = [row + 1 if row < DONE else best["number"] for row in front]
    assert {item["number"] for item in large.get("/front")["items"]} == set(numbers)
    [new] = large.get(f"/points?after={FINISHED}")["columns"]["number"]
    [first] = large.get("/trials?sort=cost&limit=1")["items"]
    assert first["number"] == new == best["number"]
    point = large.get("/hypervolume")["points"][-1]
    assert (point["finish_no"], point["front_size"]) == (FINISHED + 1, len(front))
    assert point["value"] == pytest.approx(volume_of(losses[front]), rel=1e-9)
