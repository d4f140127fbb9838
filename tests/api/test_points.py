"""The chart of a study: kept while nothing has changed, and never longer."""

from service.api.kept import Kept
from tests.api.conftest import Served, wait_until
from tests.api.test_lists import RESULTS, fill
from tests.service.stage import Stage


def columns(served: Served, study: str = "toy") -> dict[str, list[object]]:
    answers = [served.get(f"/studies/{study}/points") for _ in range(2)]
    assert answers[0] == answers[1]
    shown: dict[str, list[object]] = answers[0]["columns"]
    return shown


def test_a_chart_shows_what_was_entered_since(served: Served) -> None:
    fill(served, RESULTS)
    assert columns(served)["finish_no"] == [4, 3, 1, 2]
    served.enqueue(0.9, values={"cost": 0.5, "size": 0.5})  # better than all others
    wait_until(lambda: bool(served.get("/studies/toy")["finished"] == 5))
    after = columns(served)
    assert after["finish_no"] == [5, 4, 3, 2, 1]
    assert after["on_front"] == [True, False, False, False, False]


def test_a_chart_shows_a_late_result_once_it_is_entered(served: Served) -> None:
    served.study()
    served.enqueue(0.1)
    stage = Stage(served.db)
    leases = []
    for _ in range(6):
        leases += served.claim()
        with served.db.begin() as session:
            stage.now = served.db.now(session)
        stage.expire()
    wait_until(lambda: bool(served.get("/studies/toy")["finished"] == 1))
    assert columns(served)["status"] == ["failed"]
    served.complete(leases[0], cost=2.0, size=3.0)
    wait_until(lambda: bool(served.get("/studies/toy")["front_size"] == 1))
    assert columns(served) | {"trial_id": []} == {
        "finish_no": [1],
        "trial_id": [],
        "number": [1],
        "status": ["completed"],
        "on_front": [True],
        "feasible": [True],
        "values": {"cost": [2.0], "size": [3.0]},
    }


def test_each_study_has_its_own_chart(served_sqlite: Served) -> None:
    fill(served_sqlite, RESULTS)
    served_sqlite.study(name="other")
    assert columns(served_sqlite, "other")["finish_no"] == []
    assert len(columns(served_sqlite)["finish_no"]) == 4


def test_an_answer_is_kept_until_another_version_is_asked_for() -> None:
    kept = Kept()
    kept.put("a", 3, b"three")
    assert [kept.get("a", 3), kept.get("a", 4), kept.get("b", 3)] == [b"three", None, None]
    kept.put("a", 4, b"four")
    kept.put("a", 3, b"three")  # made by a thread that was slow
    assert [kept.get("a", 3), kept.get("a", 4)] == [None, b"four"]


def test_what_was_not_asked_for_the_longest_time_goes_first() -> None:
    kept = Kept(most_bytes=10)
    kept.put("a", 1, b"1234")
    kept.put("b", 1, b"1234")
    kept.put("a", 2, b"12345")
    assert kept.get("a", 2) == b"12345"
    kept.put("c", 1, b"1234")
    assert [kept.get("b", 1), kept.get("a", 2), kept.get("c", 1)] == [None, b"12345", b"1234"]
    kept.put("d", 1, b"1" * 11)  # too large for all
    assert [kept.get(name, 1) for name in "abcd"] == [None] * 4
