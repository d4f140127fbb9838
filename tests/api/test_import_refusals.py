"""A file that our own code could not have written is refused, by line and path."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from service.models import Attempt, Hypervolume, Metric, Report, Study, Trial
from service.transfer import rules
from tests.api.conftest import Served, assert_problem
from tests.api.exported import Lines, bring, export, fill, fill_networks, text

Change = tuple[Callable[[Lines], Any], str]
Exports = tuple[Served, dict[str, Lines]]


def setting(line: int, path: str, value: Any, field: str | None = None) -> Change:
    """Change one value; the refusal names it, unless it names another `field`."""
    *above, last = path.split(".")

    def change(lines: Lines) -> None:
        holder: Any = lines[line - 1]
        for step in above:
            holder = holder[int(step) if isinstance(holder, list) else step]
        holder[int(last) if isinstance(holder, list) else last] = value

    return change, f"line {line}.{path if field is None else field}"


def both(first: Change, *others: Change) -> Change:
    """Make several changes; the refusal is that of the first one."""

    def change(lines: Lines) -> None:
        for spoil, _ in (first, *others):
            spoil(lines)

    return change, first[1]


YEAR_1, YEAR_9999 = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"
# Lines of the study that `fill` makes: 2, 4 and 5 are completed, 3 failed once before, 6 is
# infeasible, 7 cancelled, 8 ran, 9 waits; then comes the hypervolume.
CHANGES: dict[str, Change] = {
    "an unknown field": (lambda lines: lines[2].update(colour=1), "line 3.colour"),
    "a missing field": (lambda lines: lines[1].pop("status"), "line 2.status"),
    "a value that is none": setting(2, "values.cost", "low"),
    "infinity": setting(2, "values.cost", float("inf")),
    "another format": setting(1, "format", 2),
    "a wrong definition": setting(1, "definition.designer", "oracle"),
    "an end for no reason of ours": setting(1, "ended_reason", "boredom"),
    "hours beyond all times": setting(1, "hours", 1e300),
    "no room to count on": setting(1, "last_number", 2**31 - 1),
    "another front size": setting(1, "front_size", 9),
    "places without trials": setting(1, "finish_no", 9),
    "a time before all others": setting(1, "created_at", YEAR_1),
    "a time after all others": setting(1, "started_at", YEAR_9999),
    "a trial of the year 1": setting(2, "created_at", YEAR_1),
    "a trial of the year 9999": setting(2, "finished_at", YEAR_9999),
    "an attempt of the year 9999": setting(2, "tries.0.expires_at", YEAR_9999),
    "a report of the year 9999": setting(2, "tries.0.reports.0.at", YEAR_9999),
    "a point outside": setting(2, "point", {"x": 7.0}, "point.x"),
    "a foreign key": setting(2, "key", "0" * 64),
    "a number twice": setting(3, "number", 1),
    "a place twice": setting(3, "finish_no", 1),
    "a place in a queue": setting(9, "finish_no", 1),
    "no place of what was entered": setting(2, "finish_no", None),
    "a place of what was not entered": setting(6, "entered_at", None),
    "entered before it had finished": setting(9, "entered_at", "2026-01-01T00:00:00Z"),
    "judged before it was entered": setting(2, "entered_at", None, "feasible"),
    "not judged": setting(2, "feasible", None),
    "a front without a result": setting(6, "on_front", True),
    "a parent in a black box": setting(3, "parent", 1),
    "a parent that comes later": setting(2, "parent", 4),
    "a confirm run of a black box": both(
        setting(3, "purpose", "confirm"), setting(3, "confirms", 1)
    ),
    "no values of a completed trial": both(
        setting(2, "values", {}, "values.cost"),
        setting(2, "entered_at", None),
        setting(2, "finish_no", None),
        setting(2, "feasible", None),
        setting(2, "on_front", False),
    ),
    "no value of a constraint": setting(2, "values", {"cost": 1.0, "size": 1.0}, "values.heat"),
    "values of a trial that waits": setting(9, "values", {"cost": 1.0}, "values"),
    "values of an infeasible trial": setting(6, "values", {"cost": 1.0}, "values"),
    "two counting attempts": setting(3, "tries.0.counts", True, "tries"),
    "a counting attempt at a trial that waits": (
        lambda lines: lines[8].update(tries=lines[1]["tries"], attempts=1),
        "line 9.tries",
    ),
    "a step twice": (
        lambda lines: lines[1]["tries"][0].update(reports=lines[1]["tries"][0]["reports"] * 2),
        "line 2.tries.0.reports.1.step",
    ),
    "no work": setting(2, "work", {}, "work.kind"),
    "other work": setting(2, "work.parameters.x", 0.7),
    "work of another kind of number": setting(9, "work.replicate", False, "work"),
    "work that measures nothing": setting(9, "work.metrics", []),
    "work on data": setting(9, "work.data", "digits"),
    "a figure that nobody knows": setting(2, "known.weight", 1.0),
    "seconds that are none": setting(2, "details.think_s", "x"),
    "a fallback that is none": setting(2, "details.fallback", 5),
    "a basis that is none": setting(2, "details.basis", {"place": "x"}, "details.basis.designer"),
    "a prediction that is none": setting(2, "prediction", {"cost": 3}, "prediction.cost"),
    "a prediction without numbers": setting(
        2, "prediction", {"cost": {"mean": "x"}}, "prediction.cost.mean"
    ),
    "the hypervolume of a place twice": setting(11, "finish_no", 1),
    "the hypervolume of no place": setting(10, "finish_no", 9),
    "no first line": (lambda lines: lines.pop(0), "line 1.record"),
    "a trial less": (lambda lines: lines.pop(8), "line {end}.trials"),
    "no last line": (lambda lines: lines.pop(), "line {last}"),
    "a line after the last": (lambda lines: lines.append(lines[1]), "line {last}"),
    "an unknown record": setting(2, "record", "dream"),
}
# Lines of the study that `fill_networks` makes: 2 is completed, 3 its child, 4 is to be pruned, 5
# and 6 confirm the first one.
OF_NETWORKS: dict[str, Change] = {
    "unusable data": setting(1, "data.problem", "broken"),
    "no known figure": setting(2, "known", {}, "known.model_size:deployed"),
    "another known figure": setting(2, "known.macs", 1.0),
    "a value that is known otherwise": setting(2, "values.macs", 1.0),
    "no nodes": setting(2, "work.graph.nodes", []),
    "no graph": setting(2, "work.graph", None),
    "no training": setting(2, "work.training", None),
    "longer training": setting(2, "work.training.epochs", 10**6),
    "foreign data": setting(2, "work.data", "mnist"),
    "another seed": setting(2, "work.seed", 1),
    "no parent of a child": setting(3, "parent", None),
    "a parent without a result": setting(5, "parent", 3),
    "less to measure of a pruned network": setting(4, "work.metrics", ["error"]),
    "no purpose": setting(5, "work.purpose", "search"),
    "a confirm run of nothing": setting(5, "confirms", None),
    "a confirm run of what has no result": setting(5, "confirms", 2),
    "a place of a confirm run": setting(5, "finish_no", 1),
}


@pytest.fixture(scope="module")
def exports(shared_anywhere: Served, tmp_path_factory: pytest.TempPathFactory) -> Exports:
    served = shared_anywhere
    fill(served)
    fill_networks(served, tmp_path_factory.mktemp("networks"))
    return served, {name: export(served, name) for name in ("toy", "nets")}


def copied(lines: Lines) -> Lines:
    made: Lines = json.loads(json.dumps(lines))
    return made


def assert_nothing_came_in(served: Served) -> None:
    assert {study["name"] for study in served.get("/studies")["items"]} == {"toy", "nets"}


@pytest.mark.parametrize("change", CHANGES)
def test_a_broken_line_names_its_number_and_nothing_comes_in(exports: Exports, change: str) -> None:
    served, kept = exports
    lines = copied(kept["toy"])
    spoil, field = CHANGES[change]
    spoil(lines)
    end = len(lines)
    last = end + 1 if change == "no last line" else end
    problem = assert_problem(bring(served, text(lines)), 422, field.format(end=end, last=last))
    assert problem["type"] == "/problems/import-refused"
    assert_nothing_came_in(served)


@pytest.mark.parametrize("change", OF_NETWORKS)
def test_so_does_a_broken_line_of_a_study_of_networks(exports: Exports, change: str) -> None:
    served, kept = exports
    lines = copied(kept["nets"])
    spoil, field = OF_NETWORKS[change]
    spoil(lines)
    problem = assert_problem(bring(served, text(lines)), 422, field)
    assert problem["type"] == "/problems/import-refused"
    assert_nothing_came_in(served)


@pytest.mark.parametrize("name", ["toy", "nets"])
def test_sound_lines_come_in(exports: Exports, name: str) -> None:
    served, kept = exports
    answer = bring(served, text(kept[name]))
    assert answer.status_code == 201, answer.text
    again = export(served, "copy")
    served.ask("DELETE", "/studies/copy")
    for line in (*again, *kept[name]):
        if line.get("parent"):  # its files lie elsewhere here
            line["work"]["parent"].pop("trial", None)
    assert again[1:] == kept[name][1:]


def test_what_only_the_database_notices_is_refused_too_and_nothing_is_left(
    exports: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, kept = exports
    lines = copied(kept["toy"])
    lines[2]["finish_no"] = 1
    monkeypatch.setattr(rules.Trials, "_faults", lambda *_: iter(()))
    monkeypatch.setattr(rules.Trials, "end", lambda *_: None)
    before = rows(served)
    problem = assert_problem(bring(served, text(lines)), 422, None)
    assert problem["type"] == "/problems/import-refused"
    assert rows(served) == before


def rows(served: Served) -> list[int]:
    tables = (Attempt, Hypervolume, Metric, Report, Study, Trial)
    with served.db.read() as session:
        return [session.scalars(select(func.count()).select_from(each)).one() for each in tables]
