"""Lists by filter and order: complete, in order, and steady while rows are added."""

from typing import Any

import pytest

from tests.api.conftest import Served, assert_problem
from tests.api.test_bad_input import NETWORKS, announce
from tests.api.test_lists import pages


def names(found: list[list[Any]]) -> list[str]:
    return [item["name"] for page in found for item in page]


def numbers(found: list[list[Any]]) -> list[int]:
    return [item["number"] for page in found for item in page]


@pytest.fixture
def ranked(served: Served) -> Served:
    """A study whose trials cost 3, 1, 2, 2; the fifth has no cost, the sixth is open."""
    served.study(trials=50)
    for at, cost in enumerate((3.0, 1.0, 2.0, 2.0)):
        extra = {"heat": float(at)} if at % 2 else {}
        values = {"cost": cost, "size": 10.0 - cost, **extra}
        served.enqueue(at / 10, values=values)
    served.enqueue(0.9)
    served.enqueue(0.8)
    [lease] = served.claim()
    served.tell(lease, "fail", reason="diverged", infeasible=True)
    return served


def test_trials_are_ranked_by_any_metric_and_those_without_it_come_last(ranked: Served) -> None:
    path = "/studies/toy/trials?limit=100"
    assert numbers(pages(ranked, f"{path}&sort=cost")) == [2, 3, 4, 1, 5, 6]
    assert numbers(pages(ranked, f"{path}&sort=cost&order=highest")) == [1, 4, 3, 2, 5, 6]
    assert numbers(pages(ranked, f"{path}&sort=heat&order=highest")) == [4, 2, 1, 3, 5, 6]
    assert numbers(pages(ranked, f"{path}&sort=unheard")) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("sort", ["cost", "heat", "unheard"])
def test_ranked_pages_together_hold_each_trial_once(ranked: Served, limit: int, sort: str) -> None:
    path = f"/studies/toy/trials?sort={sort}"
    [whole] = pages(ranked, f"{path}&limit=100")
    assert numbers(pages(ranked, f"{path}&limit={limit}")) == numbers([whole])


def test_ranked_pages_are_steady_while_results_come_in(ranked: Served) -> None:
    first = ranked.get("/studies/toy/trials?sort=cost&limit=3")
    assert numbers([first["items"]]) == [2, 3, 4]
    ranked.enqueue(0.55, values={"cost": 0.5, "size": 1.0})  # before the place that was reached
    ranked.enqueue(0.65, values={"cost": 2.5, "size": 1.0})  # behind it
    rest = ranked.get(f"/studies/toy/trials?sort=cost&limit=100&cursor={first['next']}")
    assert numbers([rest["items"]]) == [8, 1, 5, 6]
    assert rest["total"] == 8


def test_a_page_by_its_number_is_a_part_of_the_whole(ranked: Served) -> None:
    for query in ("", "order=newest", "sort=cost", "sort=heat&order=highest", "sort=unheard"):
        for status in ("", "&status=completed", "&status=queued"):
            path = f"/studies/toy/trials?{query}{status}"
            whole = numbers([ranked.get(f"{path}&limit=100")["items"]])
            for skip in range(len(whole) + 2):
                page = ranked.get(f"{path}&limit=2&skip={skip}")
                assert numbers([page["items"]]) == whole[skip : skip + 2], (path, skip)
                assert page["total"] == len(whole)
                assert (page["next"] is not None) == (skip + 2 < len(whole))


def test_trials_are_filtered_by_ranges_of_metrics(ranked: Served) -> None:
    def found(*where: str, **more: str) -> tuple[list[int], int]:
        query: dict[str, Any] = {"where": list(where), **more}
        page = ranked.ask("GET", "/studies/toy/trials", params=query).json()
        return numbers([page["items"]]), page["total"]

    assert found("cost <= 2") == ([2, 3, 4], 3)
    assert found("cost <= 2", "cost >= 2") == ([3, 4], 2)
    assert found("cost >= 2", "heat >= 3", sort="size") == ([4], 1)
    assert found("heat >= 0", sort="cost", order="highest") == ([4, 2], 2)
    assert found("unheard >= 0") == ([], 0)


def test_trials_are_found_by_their_numbers(ranked: Served) -> None:
    path = "/studies/toy/trials?number=5&number=2&number=99"
    assert numbers(pages(ranked, path)) == [2, 5]
    assert numbers(pages(ranked, f"{path}&sort=cost&limit=1")) == [2, 5]
    assert ranked.get(f"{path}&status=completed&limit=1")["total"] == 1


def test_a_status_and_a_rank_go_together(ranked: Served) -> None:
    path = "/studies/toy/trials?limit=2&sort=cost"
    assert numbers(pages(ranked, f"{path}&status=completed")) == [2, 3, 4, 1]
    assert numbers(pages(ranked, f"{path}&status=infeasible")) == [5]
    assert numbers(pages(ranked, f"{path}&status=failed")) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("sort=cost&cursor=7", "cursor"),
        ("sort=cost&cursor=nan~1", "cursor"),
        ("sort=cost&cursor=1e999~1", "cursor"),
        ("sort=cost&cursor=1.0~", "cursor"),
        ("cursor=1.0~1", "cursor"),
        ("cursor=" + "9" * 30, "cursor"),
        ("order=lowest", "order"),
        ("sort=cost&order=newest", "order"),
        ("sort=9lives", "sort"),
        ("where=cost", "where.0"),
        ("where=cost <= nan", "where.0"),
        ("limit=0", "limit"),
        ("number=0", "number.0"),
        ("skip=-1", "skip"),
        ("skip=5&cursor=7", "skip"),
        ("colour=red", "colour"),
    ],
)
def test_a_malformed_query_is_refused(ranked_empty: Served, query: str, field: str) -> None:
    assert_problem(ranked_empty.ask("GET", f"/studies/toy/trials?{query}"), 422, field)


@pytest.fixture(scope="module")
def ranked_empty(shared: Served) -> Served:
    shared.study()
    return shared


def test_studies_are_filtered_and_come_in_either_order(served: Served) -> None:
    announce(served)
    for name in ("oven-1", "OVEN-2", "kiln_1", "kiln-2"):
        served.study(name=name)
    served.ask("POST", "/studies", NETWORKS | {"name": "oven-net"})
    served.ask("PATCH", "/studies/oven-1", {"status": "paused"})
    assert names(pages(served, "/studies?limit=2&contains=oven")) == [
        "oven-net",
        "OVEN-2",
        "oven-1",
    ]
    assert names(pages(served, "/studies?limit=2&contains=N_1")) == ["kiln_1"]
    assert names(pages(served, "/studies?limit=2&status=paused")) == ["oven-1"]
    assert names(pages(served, "/studies?limit=2&kind=network")) == ["oven-net"]
    oldest = names(pages(served, "/studies?limit=2&order=oldest&kind=parameters"))
    assert oldest == ["oven-1", "OVEN-2", "kiln_1", "kiln-2"]
    assert names(pages(served, "/studies?limit=9&contains=%25")) == []


def test_workers_come_in_pages_heard_of_last_first_or_by_name(served: Served) -> None:
    served.study(trials=50)
    for at, name in enumerate(("b", "a", "d", "c")):
        served.enqueue(at / 10)
        served.claim(worker=name)
    announce(served)  # w1, on a CPU
    assert names(pages(served, "/workers?limit=2")) == ["w1", "c", "d", "a", "b"]
    assert names(pages(served, "/workers?limit=2&order=name")) == ["a", "b", "c", "d", "w1"]
    assert names(pages(served, "/workers?limit=2&accelerator=cpu")) == ["w1"]
    assert names(pages(served, "/workers?limit=2&contains=W")) == ["w1"]


@pytest.mark.parametrize("cursor", ["7", "~a", "x~a", "999999999999999999~a", "1~no name"])
def test_a_malformed_place_in_the_list_of_workers_is_refused(shared: Served, cursor: str) -> None:
    assert_problem(shared.ask("GET", f"/workers?cursor={cursor}"), 422, "cursor")
