from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import search_digits
from benchmarks.lines import Lines
from benchmarks.network_search import methods
from benchmarks.network_search.confirmation import Confirmation, chosen, observed_volume
from benchmarks.network_search.methods import Designed, Entry
from benchmarks.network_search.runs import Run
from benchmarks.network_search.setting import Bench
from benchmarks.network_search.trials import Trial, Workshop, used_epochs


@pytest.fixture(scope="module")
def bench() -> Bench:
    """The digits, one epoch a trial."""
    return Bench.of(replace(search_digits.setting(), epochs=1, inherit_epochs=1))


def results(trials: list[Trial]) -> list[tuple[str, str, dict[str, float]]]:
    return [(trial.key, trial.status, trial.values) for trial in trials]


def test_a_killed_run_goes_on_where_it_was(bench: Bench, tmp_path: Path) -> None:
    whole = Run(bench, tmp_path, "nsga2", seed=0).search(14)
    assert used_epochs(whole) == 14
    log = tmp_path / "nsga2-0.jsonl"
    lines = log.read_text().splitlines()
    log.write_text("\n".join([*lines[:2], lines[2][:40]]))
    again = Run(bench, tmp_path, "nsga2", seed=0).search(14)
    assert results(again) == results(whole)
    assert [line["number"] for line in Lines(log, ("number",)).read()] == [11, 12, 13, 14]


def test_methods_share_the_results_of_their_first_networks(bench: Bench, tmp_path: Path) -> None:
    first = Run(bench, tmp_path, "random", seed=0).search(11)
    log = (tmp_path / "initial-0.jsonl").read_text()
    second = Run(bench, tmp_path, "nsga2", seed=0).search(11)
    assert results(first)[:10] == results(second)[:10]
    assert (tmp_path / "initial-0.jsonl").read_text() == log


def test_a_trial_that_would_take_more_epochs_than_are_left_ends_the_search_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = Bench.of(replace(search_digits.setting(), epochs=2))
    trials = Run(two, tmp_path, "random", seed=0).search(23)
    assert used_epochs(trials) == 22
    # As if another proposal would fit into the epoch that is left.
    monkeypatch.setattr(Workshop, "planned_epochs", lambda self, point: 1)
    assert Run(two, tmp_path, "random", seed=0).search(23) == trials
    assert used_epochs(Run(two, tmp_path, "random", seed=0).search(24)) == 24


def test_a_run_belongs_to_one_process_at_a_time(bench: Bench, tmp_path: Path) -> None:
    first, second = (Run(bench, tmp_path, "random", seed=0) for _ in range(2))
    with first.held(), pytest.raises(RuntimeError, match=r"random-0\.jsonl"), second.held():
        pass


def test_children_inherit_in_a_run_and_are_confirmed_from_scratch(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = Entry(lambda problem: Designed(problem, "bayes"), inherits=True)
    monkeypatch.setitem(methods.METHODS, "bayes", entry)  # type: ignore[misc]
    this = Run(bench, tmp_path, "bayes", seed=0)
    trials = this.search(18)
    children = [trial for trial in trials if "parent" in trial.point]
    assert children
    for child in children:
        assert child.line_epochs == child.epochs + child.point["parent"]["epochs"]
    again = Run(bench, tmp_path, "bayes", seed=0).search(18)
    assert results(again) == results(trials)

    frozen = chosen(
        this.problem, [replace(t, values={**t.values, "error": 0.1}) for t in trials], 3
    )
    confirmation = Confirmation(bench, tmp_path / "confirmed.jsonl", seed=0, seeds=2)
    found = confirmation.of([*frozen, *(child for child in children if child not in frozen)][:4])
    trained = (tmp_path / "confirmed.jsonl").read_text()
    assert confirmation.of(frozen) == found[: len(frozen)]
    assert (tmp_path / "confirmed.jsonl").read_text() == trained
    assert confirmation.volume([]) == 0.0
    assert observed_volume(this.problem, trials) >= 0.0
    this.end()
    assert not (tmp_path / "bayes-0").exists()


def test_whoever_develops_a_method_does_not_read_the_test_set(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*given: object) -> float:
        raise AssertionError("the test set was read")

    monkeypatch.setattr("benchmarks.network_search.confirmation.test_error", read)
    networks = Run(bench, tmp_path, "random", seed=0).search(11)[-1:]
    (found,) = Confirmation(bench, tmp_path / "a.jsonl", 0, 1, test=False).of(networks)
    assert 0 <= found["confirmed"]["error"] <= 1
    with pytest.raises(AssertionError, match="was read"):
        Confirmation(bench, tmp_path / "b.jsonl", 0, 1).of(networks)


@pytest.mark.parametrize(("seed", "test"), [(9, True), (search_digits.DEVELOPMENT, False)])
def test_the_seeds_of_development_are_confirmed_on_validation_images(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, test: bool
) -> None:
    class Asked(Exception):
        """Ends the run with what was asked."""

    def confirmation(*given: object) -> None:
        raise Asked(given[-1])

    monkeypatch.setattr("benchmarks.network_search.confirmation.Confirmation", confirmation)
    monkeypatch.setattr(search_digits, "setting", lambda: bench.setting)
    with pytest.raises(Asked) as asked:
        search_digits.run({"method": "random", "seed": seed}, epochs=11, folder=tmp_path)
    assert asked.value.args == (test,)
