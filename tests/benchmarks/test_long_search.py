import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import search_digits
from benchmarks.lines import Lines
from benchmarks.network_search import crew
from benchmarks.network_search.clock import Clock
from benchmarks.network_search.crew import work_through
from benchmarks.network_search.drawing import Mark, svg
from benchmarks.network_search.parallel import Plan, confirm, judged, networks_of, search
from benchmarks.network_search.targets import Target, frozen, to_confirm

SMALL = Target("small", {"bytes": 100}, 0.9, candidates=2, required=True)
LARGE = Target("large", {"bytes": 1000}, 0.95, candidates=2, required=True)


def network(key: str, error: float, size: float) -> dict[str, Any]:
    return {"key": key, "error": error, "figures": {"bytes": size}}


class Steps:
    """A clock that gives time for so many trainings."""

    spent_s = 0.0

    def __init__(self, trainings: int) -> None:
        self._left = trainings

    def tick(self) -> None:
        pass

    @property
    def left_s(self) -> float:
        self._left -= 1
        return 1e6 if self._left >= 0 else -1.0


def test_a_clock_goes_on_where_the_process_before_it_ended(tmp_path: Path) -> None:
    first = Clock(tmp_path / "clock.json", "search", most_s=100)
    first._begun_s -= 30  # as if it had run for so long
    first.tick()
    second = Clock(tmp_path / "clock.json", "search", most_s=100)
    assert 30 <= second.spent_s < 40
    assert 60 < second.left_s <= 70
    assert Clock(tmp_path / "clock.json", "confirm", most_s=100).spent_s < 10


def test_the_best_of_each_target_come_before_the_second_ones_and_none_twice() -> None:
    networks = [
        network("a", 0.3, 90),
        network("b", 0.2, 80),
        network("b", 0.1, 80),
        network("c", 0.05, 900),
        network("d", 0.01, 2000),
    ]
    assert [n["key"] for n in to_confirm([SMALL, LARGE], networks)] == ["b", "c", "a"]


def test_the_least_mean_error_is_frozen_among_what_keeps_the_sizes_in_all_trainings() -> None:
    confirmed = {
        "a": [network("a", 0.1, 90), network("a", 0.3, 90)],
        "b": [network("b", 0.1, 90), network("b", 0.1, 110)],
        "c": [network("c", 0.3, 50), network("c", 0.3, 50)],
    }
    assert frozen([SMALL, LARGE], confirmed) == {"small": "a", "large": "b"}
    assert frozen([Target("none", {"bytes": 1}, 0.9, 1, False)], confirmed) == {}


def test_a_line_is_not_lost_when_the_one_before_it_was_cut_short(tmp_path: Path) -> None:
    lines = Lines(tmp_path / "lines.jsonl", ("number",))
    lines.append({"number": 1})
    with (tmp_path / "lines.jsonl").open("a") as file:
        file.write('{"numb')
    lines.append({"number": 2})
    assert lines.read() == [{"number": 1}, {"number": 2}]


def test_the_figure_is_well_formed_and_names_every_convention() -> None:
    marks = [
        Mark("search", 0.95, {"size": 500.0}),
        Mark("published", 0.99, {"size:theirs": 480.0}, "theirs & others"),
        Mark("search", 0.2, {"size": 50.0}),
    ]
    drawn = svg(marks, [("size", "size:theirs")], {"search": "ours", "published": "theirs"}, 0.9)
    root = ET.fromstring(drawn)
    circles = [node for node in root.iter() if node.tag.endswith("circle")]
    assert len(circles) == 2 + 2  # and two of the legend; what is below the bottom is left out
    texts = [node.text for node in root.iter() if node.tag.endswith("text")]
    assert "theirs & others" in texts
    assert "accuracy, % / size or size:theirs, B" in texts


def test_processes_are_kept_busy_until_there_is_no_task_left() -> None:
    tasks, ended = [1, 2, 3, 4, 5], []

    def begin(running: list[int]) -> Any:
        assert len(running) < 2
        return (tasks[0], dict, ([("task", tasks.pop(0))],)) if tasks else None

    work_through(Steps(0), 2, begin, lambda task, line: ended.append((task, line["task"])))  # type: ignore[arg-type]
    assert sorted(ended) == [(number, number) for number in (1, 2, 3, 4, 5)]


def test_a_long_search_goes_on_confirms_and_reads_the_test_set_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Processes would load torch again and again.
    monkeypatch.setattr(crew, "ProcessPoolExecutor", lambda n, mp_context: ThreadPoolExecutor(n))
    setting = replace(search_digits.setting(), epochs=1)
    size, memory = (objective.name for objective in setting.objectives[1:])
    plan = Plan(tmp_path, (setting, setting), setting, "random", 0, (size, memory), images=200)
    first = search(plan, Steps(3))  # type: ignore[arg-type]
    trials = search(plan, Steps(2))  # type: ignore[arg-type]
    assert [trial.number for trial in trials] == [1, 2, 3, 4, 5]
    assert [trial.key for trial in trials[:3]] == [trial.key for trial in first]
    assert len({trial.key for trial in trials}) == 5

    networks = networks_of(plan, trials)[:2]
    assert confirm(plan, networks, 2, Steps(3)).keys() == {networks[0]["key"]}  # type: ignore[arg-type]
    confirmed = confirm(plan, networks, 2, Steps(9))  # type: ignore[arg-type]
    assert {key: len(lines) for key, lines in confirmed.items()} == {n["key"]: 2 for n in networks}
    lines = judged(plan, [networks[0]["key"]], confirmed)
    assert len(lines) == 2
    monkeypatch.setattr("benchmarks.network_search.parallel.test_error", None)
    assert judged(plan, [networks[0]["key"]], confirmed) == lines
