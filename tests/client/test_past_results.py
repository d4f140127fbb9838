"""Past results: rows of every make, checked before anything is sent, added once."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import tinyfront
from tests.client.scripted import Scripted, objective_json, ok, problem, study_json, trial_json
from tinyfront import (
    Choice,
    Client,
    Integer,
    Parameters,
    Real,
    Study,
    Trial,
    WrongRows,
    minimize,
)
from tinyfront.adding import plan
from tinyfront.past import Row, rows_of
from tinyfront.records import StudyState, state_of

SPACE = Parameters(
    Choice("kind", ["gas", "wood", 3]),
    Real("x", 0.0, 1.0),
    Integer("n", 1, 9),
    Real("draught", 0.0, 1.0, when={"kind": ["wood"]}),
).to_json()


def state(**changes: Any) -> StudyState:
    objectives = [objective_json("cost"), objective_json("fuel", role="known")]
    fields: dict[str, Any] = {
        "definition": {"space": SPACE},
        "objectives": objectives,
        "constraints": [{"name": "heat", "limit": 80.0, "goal": "minimize"}],
    }
    return state_of(study_json(**(fields | changes)), "test")


GAS = {"kind": "gas", "x": 0.5, "n": 3}


def test_a_row_is_nested_or_flat() -> None:
    values = {"cost": 1.0, "heat": 70.0}
    nested = {"parameters": GAS, "values": values}
    under_point = {"point": GAS, "values": values}
    flat = {**GAS, **values}
    (a, b, c) = rows_of([nested, under_point, flat], state())
    assert a.point == b.point == c.point == GAS
    assert a.values == b.values == c.values == values
    assert [row.place for row in (a, b, c)] == [1, 2, 3]


def test_a_data_frame_gives_its_rows_blanks_and_numpy_numbers_included() -> None:
    table = pd.DataFrame(
        {
            "kind": ["gas", "wood"],
            "x": [0.5, 1],
            "n": [3, 4],
            "draught": [None, 0.25],
            "cost": [1, 2],
            "heat": [70.0, 60.0],
        }
    )
    rows = rows_of(table, state())
    assert [row.point for row in rows] == [GAS, {"kind": "wood", "x": 1.0, "n": 4, "draught": 0.25}]
    assert [row.values["cost"] for row in rows] == [1.0, 2.0]


def test_a_csv_gives_its_rows_with_each_value_as_its_parameter_has_it(tmp_path: Path) -> None:
    path = tmp_path / "past.csv"
    path.write_text("\ufeffkind,x,n,draught,cost,heat\n3,.5,3.0,,1e0,70\nwood,1,4,0.25,2,60\n")
    rows = rows_of(path, state())
    assert rows[0].point == {"kind": 3, "x": 0.5, "n": 3}
    assert rows_of(str(path), state()) == rows


def test_every_wrong_row_is_named_and_none_is_sent(server: Scripted) -> None:
    server.say("GET", "/studies/toy", ok(study_json(**state().wire)))
    study = server.client().study("toy")
    good = {**GAS, "cost": 1.0, "heat": 70.0}
    wrong = [
        {**good, "x": 2},
        {**good, "n": 2.5},
        {**good, "kind": "coal"},
        {**good, "draught": 0.5},
        {**good, "kind": "wood"},
        {**good, "cost": None},
        {**good, "heat": float("inf")},
        {**good, "x": "wide"},
        {**good, "note": "by hand"},
        {"parameters": {**GAS, "y": 1}, "values": {"cost": 1.0, "heat": 1.0}},
        {**good, "status": "failed"},
        "no row",
    ]
    with pytest.raises(WrongRows) as caught:
        study.add_results([good, *wrong])
    assert caught.value.problems == {
        2: "x: need 0 to 1, got 2.",
        3: "n: need a whole number, got 2.5.",
        4: "kind: need one of 'gas', 'wood', 3, got 'coal'.",
        5: "draught has no value unless kind is 'wood'.",
        6: "draught is missing.",
        7: "cost is missing.",
        8: "heat: need a finite number, got inf.",
        9: "x: need a number, got 'wide'.",
        10: "note: need a number, got 'by hand'.",
        11: "y: no parameter of this study.",
        12: "its status is failed; only completed trials are results.",
        13: "need a mapping, got str.",
    }
    assert str(caught.value).startswith("12 rows of 13 cannot be added; none was sent.\nrow 2: x:")
    assert [request.method for request in server.requests] == ["GET"]


def test_a_message_of_many_wrong_rows_is_not_endless() -> None:
    with pytest.raises(WrongRows) as caught:
        rows_of([{"x": 0}] * 500, state())
    assert len(caught.value.problems) == 500
    assert len(str(caught.value).splitlines()) == 22
    assert str(caught.value).endswith("and 480 more")


def test_the_point_of_a_network_is_taken_as_it_is_or_as_json() -> None:
    nets = state(definition={"space": {"kind": "tiny"}}, constraints=[])
    given = [
        {"point": {"blocks": []}, "values": {"cost": 0.5}},
        {"point": '{"blocks": []}', "cost": 0.5, "designer": "bayes", "finish_no": 3},
    ]
    first, second = rows_of(given, nets)
    assert first.point == second.point == {"blocks": []}
    assert second.values == {"cost": 0.5}
    with pytest.raises(WrongRows, match="point is missing"):
        rows_of([{"cost": 0.5}], nets)


@pytest.mark.parametrize("results", [5, {"x": 1}, None])
def test_what_is_no_list_of_rows_is_refused(results: Any) -> None:
    with pytest.raises(tinyfront.InvalidArgument, match="results"):
        rows_of(results, state())


def trial(number: int, x: float, cost: float, status: str = "completed") -> Trial:
    values = {"cost": cost} if status == "completed" else {}
    nobody: Any = None  # it is only compared
    return Trial(nobody, 100 + number, 7, number, status, {"x": x}, values)


def row(place: int, x: float, cost: float) -> Row:
    return Row(place, {"x": x}, {"cost": cost})


def test_what_a_study_holds_is_not_added_again() -> None:
    steps = plan(
        [row(1, 0.5, 1.0), row(2, 1, 2.0)], [trial(1, 0.5, 1.0), trial(2, 1.0, 2.0)], False
    )
    assert [step.present.number for step in steps if step.present] == [1, 2]


def test_the_same_point_with_other_values_is_a_replicate_or_an_error() -> None:
    held = [trial(4, 0.5, 1.0)]
    with pytest.raises(WrongRows, match=r"row 1: the study holds the point as trial 4 with other"):
        plan([row(1, 0.5, 9.0)], held, False)
    (step,) = plan([row(1, 0.5, 9.0)], held, True)
    assert (step.present, step.replicate) == (None, True)


def test_a_point_that_is_being_measured_is_named_as_such() -> None:
    with pytest.raises(WrongRows, match="about to be measured as trial 2"):
        plan([row(1, 0.5, 1.0)], [trial(2, 0.5, 0.0, "running")], False)


def test_the_same_point_twice_among_the_rows_is_a_replicate_or_an_error() -> None:
    rows = [row(1, 0.5, 1.0), row(2, 0.5, 1.0)]
    with pytest.raises(WrongRows, match="row 2: the point is that of row 1"):
        plan(rows, [], False)
    assert [step.replicate for step in plan(rows, [], True)] == [False, True]
    (first, second) = plan(rows, [trial(1, 0.5, 1.0)], True)
    assert first.present is not None
    assert (second.present, second.replicate) == (None, True)
    # Both were added before: both are there.
    held = [trial(1, 0.5, 1.0), trial(2, 0.5, 1.0)]
    assert all(step.present is not None for step in plan(rows, held, True))


def test_a_budget_without_room_is_told_before_anything_is_sent(server: Scripted) -> None:
    small = study_json(**{**state().wire, "trials": 4, "finished": 3})
    server.say("GET", "/studies/toy", ok(small))
    server.say("GET", "/studies/7", ok(small))
    server.say("GET", "/studies/7/trials", ok({"items": [], "next": None}))
    rows = [{**GAS, "n": n, "cost": 1.0, "heat": 70.0} for n in (1, 2, 3)]
    with pytest.raises(tinyfront.InvalidArgument, match=r"room for 1 of 3 .* study\.extend\(2\)"):
        server.client().study("toy").add_results(rows)
    assert all(request.method == "GET" for request in server.requests)


def test_rows_that_the_server_refuses_are_named_and_the_others_are_in(server: Scripted) -> None:
    server.say("GET", "/studies/toy", ok(study_json(**state().wire)))
    server.say("GET", "/studies/7", ok(study_json(**state().wire)))
    server.say("GET", "/studies/7/trials", ok({"items": [], "next": None}))
    made, refused = ok(trial_json(1), 201), problem(422, "x + n: over the limit.")
    server.say("POST", "/studies/7/trials", made, refused, made)
    rows = [{**GAS, "n": n, "cost": 1.0, "heat": 70.0} for n in (1, 2, 3)]
    with pytest.raises(WrongRows) as caught:
        server.client().study("toy").add_results(rows)
    assert caught.value.problems == {2: "x + n: over the limit."}
    assert caught.value.added == 2
    assert "2 were added" in str(caught.value)


def toy(client: Client, name: str, **more: Any) -> Study:
    return client.create_study(
        name,
        space=Parameters(Real("x", 0, 1), Choice("kind", ["a", "b"])),
        objectives=[minimize("cost", ideal=0, reference=1)],
        trials=20,
        designer="random",
        **more,
    )


def test_results_go_from_study_to_study_by_every_way(client: Client, tmp_path: Path) -> None:
    first = toy(client, "past-first")
    rows = [{"x": n / 8, "kind": "ab"[n % 2], "cost": n / 8} for n in range(6)]
    trials = first.add_results(rows)
    assert [trial.values["cost"] for trial in trials] == [row["cost"] for row in rows]
    assert [trial.id for trial in first.add_results(rows)] == [trial.id for trial in trials]
    assert len(list(first.trials())) == 6

    (tmp_path / "past.csv").write_bytes(b"".join(first.export("csv")))
    ways: dict[str, Any] = {"frame": first.to_pandas(), "csv": tmp_path / "past.csv"}
    for name, way in ways.items():
        other = toy(client, f"past-{name}")
        other.add_results(way)
        assert [each.point for each in other.trials()] == [each.point for each in first.trials()]
        assert other.add_results(rows)[0].number == 1
        assert other.refresh().state.counts["completed"] == 6
