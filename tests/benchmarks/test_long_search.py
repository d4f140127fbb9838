import json
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import search_digits, search_mnist
from benchmarks.lines import Lines, keep
from benchmarks.network_search import crew
from benchmarks.network_search.clock import ENDING_S, Clock
from benchmarks.network_search.drawing import Mark, svg
from benchmarks.network_search.parallel import (
    Plan,
    confirm,
    confirmed_lines,
    judged,
    longest_s,
    networks_of,
    search,
)
from benchmarks.network_search.targets import Target, frozen, to_confirm

SMALL = Target("small", {"bytes": 100}, 0.9, candidates=2, required=True)
LARGE = Target("large", {"bytes": 1000}, 0.95, candidates=2, required=True)


def network(key: str, error: float, size: float) -> dict[str, Any]:
    return {"key": key, "error": error, "figures": {"bytes": size}}


class Steps:
    """A clock that gives time for so many trainings."""

    spent_s, left_s = 0.0, 1e6

    def __init__(self, trainings: int) -> None:
        self._left = trainings

    def tick(self) -> None:
        pass

    def allows(self, usual_s: float) -> bool:
        self._left -= 1
        return self._left >= 0


def unexpected(*failure: object) -> None:
    raise AssertionError(failure)


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


def test_the_longest_training_so_far_decides_whether_another_one_begins(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock.json", "search", most_s=ENDING_S + 60)
    assert longest_s([]) == 0.0
    assert clock.allows(longest_s([{"wall_s": 10.0}, {"wall_s": 30.0}]))
    assert not clock.allows(longest_s([{"wall_s": 10.0}, {"wall_s": 70.0}, {"wall_s": 20.0}]))


def test_both_phases_must_have_kept_their_time() -> None:
    spent = {"search_s": 6000.0, "confirm_s": 3600.0}
    meets = search_mnist.claims(spent)
    assert meets["search at most 100 min"]
    assert meets["confirm at most 60 min"]
    late = search_mnist.claims({"search_s": 6000.1, "confirm_s": 3600.1})
    assert not late["search at most 100 min"]
    assert not late["confirm at most 60 min"]


def test_a_frozen_choice_is_tested_and_never_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = dict.fromkeys(search_mnist.FIGURES, 90.0)
    name = search_mnist.TARGETS[0].name
    lines = {
        key: [{"key": key, "error": error, "figures": sizes, "test_error": 0.2}] * 2
        for key, error in (("a", 0.3), ("b", 0.1))
    }
    keep(tmp_path / "to_confirm.json", [{"key": "a"}, {"key": "b"}])
    keep(tmp_path / "clock.json", {"search": 1.0, "confirm": 1.0})
    keep(tmp_path / "frozen.json", {name: "a"})  # though b is better by now
    tested: list[str] = []

    def judged(plan: Plan, keys: list[str], confirmed: dict[str, Any]) -> list[dict[str, Any]]:
        tested.extend(keys)
        return lines[keys[0]]

    known = {
        "done_trials": lambda plan: [],
        "networks_of": lambda plan, trials: [],
        "confirmed_lines": lambda plan, networks, seeds: lines,
        "confirm": unexpected,
        "judged": judged,
    }
    for word, function in known.items():
        monkeypatch.setattr(search_mnist, word, function)
    this = search_mnist.plan(tmp_path, tmp_path, "random", None, 1)
    figures, _ = search_mnist.complete(this, 1.0, 1.0)
    assert tested == ["a"]
    assert figures[f"{name}_validation_accuracy_mean"] == pytest.approx(0.7)
    assert json.loads((tmp_path / "frozen.json").read_text()) == {name: "a"}


def test_a_long_search_goes_on_confirms_and_reads_the_test_set_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Processes would load torch again and again.
    monkeypatch.setattr(crew, "pool", ThreadPoolExecutor)
    setting = replace(search_digits.setting(), epochs=1)
    size, memory = (objective.name for objective in setting.objectives[1:])
    plan = Plan(tmp_path, (setting, setting), setting, "random", 0, (size, memory), images=200)
    first = search(plan, Steps(3))  # type: ignore[arg-type]
    trials = search(plan, Steps(2))  # type: ignore[arg-type]
    assert [trial.number for trial in trials] == [1, 2, 3, 4, 5]
    assert [trial.key for trial in trials[:3]] == [trial.key for trial in first]
    assert len({trial.key for trial in trials}) == 5

    networks = networks_of(plan, trials)[:2]
    confirm(plan, networks, 2, Steps(3))  # type: ignore[arg-type]
    assert confirmed_lines(plan, networks, 2).keys() == {networks[0]["key"]}
    confirm(plan, networks, 2, Steps(9))  # type: ignore[arg-type]
    confirmed = confirmed_lines(plan, networks, 2)
    assert {key: len(lines) for key, lines in confirmed.items()} == {n["key"]: 2 for n in networks}
    lines = judged(plan, [networks[0]["key"]], confirmed)
    assert len(lines) == 2
    monkeypatch.setattr("benchmarks.network_search.parallel.test_error", None)
    assert judged(plan, [networks[0]["key"]], confirmed) == lines


def test_a_trial_that_raises_is_entered_as_failed_and_its_confirmation_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "pool", ThreadPoolExecutor)
    setting = replace(search_digits.setting(), epochs=1)
    size, memory = (objective.name for objective in setting.objectives[1:])
    plan = Plan(tmp_path, (setting,), setting, "random", 0, (size, memory), images=200)

    def broken(*told: object) -> None:
        raise MemoryError("too large")

    monkeypatch.setattr("benchmarks.network_search.parallel.trained_trial", broken)
    monkeypatch.setattr("benchmarks.network_search.parallel.trained_again", broken)
    trials = search(plan, Steps(3))  # type: ignore[arg-type]
    assert [(trial.number, trial.status) for trial in trials] == [(n, "failed") for n in (1, 2, 3)]
    assert all(set(trial.values) == {size, memory} for trial in trials)
    assert search(plan, Steps(0)) == trials  # type: ignore[arg-type]
    assert networks_of(plan, trials) == []
    network = {"key": trials[0].key, "point": trials[0].point}
    confirm(plan, [network], 2, Steps(9))  # type: ignore[arg-type]
    assert confirmed_lines(plan, [network], 2) == {}
    monkeypatch.setattr("benchmarks.network_search.parallel.trained_again", None)
    confirm(plan, [network], 2, Steps(9))  # type: ignore[arg-type]
