"""The small fronts that a list of studies shows, over HTTP."""

import pytest
from sqlalchemy import event

from optimizer.problem import Objective
from service.figures.axes import Axis
from service.figures.small import MOST_POINTS, small
from service.states import Role
from tests.access.conftest import Keyed, keyed
from tests.api.conftest import BLACK_BOX, Served, assert_problem, new_id, wait_until
from tests.page import seeds

__all__ = ["keyed"]

COST = Axis(Objective("cost"))
SIZE = Axis(Objective("size"))
GAIN = Axis(Objective("gain", goal="maximize"))


def test_studies_show_their_fronts_in_one_answer(served: Served) -> None:
    for name, finished in (("toy", 4), ("oven", 2)):
        seeds.black_box(served, finished, name)
    ids = [served.get(f"/studies/{name}")["id"] for name in ("toy", "oven")]
    wait_until(lambda: [served.get(f"/studies/{i}")["finished"] for i in ids] == [4, 2])
    path = f"/fronts?study={ids[1]}&study={ids[0]}&study=4711"
    toy, oven = served.get(path)["items"]
    assert (toy["study"], oven["study"]) == tuple(ids)
    assert (toy["x"], toy["y"], toy["x_log"], toy["leading"]) == ("cost", "size", False, 4)
    front = [each["values"] for each in served.get("/studies/toy/front")["items"]]
    assert sorted(toy["points"]) == sorted([each["cost"], each["size"]] for each in front)
    assert toy["points"] == sorted(toy["points"])
    assert len(oven["points"]) == 2


def test_a_front_that_did_not_change_is_not_read_again(served: Served) -> None:
    study = seeds.black_box(served, 2)
    wait_until(lambda: served.get("/studies/toy")["finished"] == 2)
    path = f"/fronts?study={study['id']}"
    before = served.get(path)
    asked: list[str] = []
    event.listen(served.db.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    assert served.get(path) == before
    assert [each for each in asked if "metrics" in each] == []
    seeds.complete_one(served, "toy", 0.95)
    wait_until(lambda: served.get("/studies/toy")["finished"] == 3)
    assert len(served.get(path)["items"][0]["points"]) == 3


def test_one_objective_and_no_trial_have_no_points(served_sqlite: Served) -> None:
    one = served_sqlite.study(name="one", objectives=[{"name": "cost"}])
    served_sqlite.enqueue(0.5, "one")
    [lease] = served_sqlite.claim("one", request_id=new_id())
    served_sqlite.tell(lease, "complete", metrics={"cost": 1.0})
    wait_until(lambda: served_sqlite.get("/studies/one")["front_size"] == 1)
    none = served_sqlite.study()
    items = served_sqlite.get(f"/fronts?study={one['id']}&study={none['id']}")["items"]
    assert [each["points"] for each in items] == [[], []]


def test_what_is_asked_for_is_checked(served_sqlite: Served) -> None:
    assert_problem(served_sqlite.ask("GET", "/fronts"), 422, "study")
    assert_problem(served_sqlite.ask("GET", "/fronts?study=toy"), 422, "study.0")
    many = "&".join(f"study={n}" for n in range(1, 202))
    assert_problem(served_sqlite.ask("GET", f"/fronts?{many}"), 422, "study")


def test_another_project_s_fronts_are_left_out(keyed: Keyed) -> None:
    study = keyed.ask("one", "POST", "/studies", BLACK_BOX).json()
    path = f"/fronts?study={study['id']}"
    assert len(keyed.ask("one", "GET", path, role=Role.VIEWER).json()["items"]) == 1
    assert keyed.ask("two", "GET", path).json() == {"items": []}


def test_of_many_points_the_ends_and_evenly_many_between_are_drawn() -> None:
    line = [(float(n), 1000.0 - n) for n in range(500)]
    front = small(line, COST, SIZE)
    assert len(front.points) == front.leading == MOST_POINTS
    assert (front.points[0], front.points[-1]) == (line[0], line[-1])


def test_points_of_a_third_objective_come_behind_those_that_lead() -> None:
    front = small([(3.0, 1.0), (1.0, 3.0), (2.5, 2.5), (3.5, 3.5), (2.0, 2.0)], COST, SIZE)
    assert front.leading == 3
    assert front.points[:3] == [(1.0, 3.0), (2.0, 2.0), (3.0, 1.0)]
    assert front.points[3:] == [(2.5, 2.5), (3.5, 3.5)]


@pytest.mark.parametrize(("row", "leads"), [((1.0, 9.0), 1), ((3.0, 9.5), 2)])
def test_more_may_be_better_on_an_axis(row: tuple[float, float], leads: int) -> None:
    front = small([(2.0, 9.0), row], COST, GAIN)
    assert front.leading == leads


def test_a_trial_without_one_of_the_values_is_left_out() -> None:
    assert small([(1.0, None), (2.0, 3.0)], COST, SIZE).points == [(2.0, 3.0)]
