"""The life of a study over HTTP, on both databases."""

from tests.api.conftest import Served, wait_until


def test_a_study_runs_from_creation_to_its_front(served: Served) -> None:
    served.planner.proposes = True
    study = served.study(trials=4)
    assert study["status"] == "active"
    results = [(1.0, 4.0), (2.0, 3.0), (5.0, 5.0), (3.0, 1.0)]
    for cost, size in results:
        [lease] = served.claim(wait_s=10)
        assert lease["study"] == "toy"
        assert lease["work"]["kind"] == "parameters"
        served.complete(lease, cost, size)
    wait_until(lambda: served.get("/studies/toy")["status"] == "ended")
    ended = served.get("/studies/toy")
    assert ended["ended_reason"] == "budget"
    assert ended["finished"] == 4
    assert ended["front_size"] == 3
    assert ended["best"] == {"cost": 1.0, "size": 1.0}
    front = served.get("/studies/toy/front")
    assert [item["values"]["cost"] for item in front["items"]] == [1.0, 2.0, 3.0]
    growth = served.get("/studies/toy/hypervolume")
    assert growth["reference"] == {"cost": 10.0, "size": 10.0}
    assert growth["points"][-1]["value"] == ended["hypervolume"]
    assert served.claim(wait_s=30) == [], "an ended study keeps nobody waiting"
