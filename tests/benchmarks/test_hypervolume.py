"""The contests of black boxes: who stands beside whom, and that nothing is recorded too early."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import hypervolume
from benchmarks.hypervolume import CONTESTS, SEEDS, contest, judged, normalised, seeds_of
from benchmarks.hypervolume_peers import NAMES
from benchmarks.lines import Lines

BOX = "dtlz2"


def volumes(**changes: float) -> dict[tuple[str, str, int], dict[str, float]]:
    """Sobol around 1, rivals at 2, ours a little above them; changes are of methods."""
    levels = dict.fromkeys(("optuna_nsga2", "optuna_tpe", "optuna_gp", "ax"), 2.0)
    levels |= {"sobol": 1.0, "bayes": 3.0, "bayes_given": 3.0} | changes
    return {
        (box, method, seed): {
            after: level + 0.001 * seed
            for after in ("50", "100")
            if after == "50" or method not in ("ax", "bayes_given")
        }
        for box in NAMES
        for method, level in levels.items()
        for seed in SEEDS
    }


def verdict(after: str, **changes: float) -> tuple[bool, bool, bool]:
    return judged(normalised(volumes(**changes), BOX, after, SEEDS), after)[1]


def test_at_50_five_rivals_share_a_claim_and_ax_is_compared_with_what_knows_its_thresholds() -> (
    None
):
    h = normalised(volumes(bayes_given=1.5), BOX, "50", SEEDS)
    compared, _ = judged(h, "50")
    assert set(compared) == {"sobol", "optuna_nsga2", "optuna_tpe", "optuna_gp", "ax"}
    assert compared["ax"].median < 0
    assert compared["optuna_gp"].median > 0
    assert compared["optuna_gp"].adjusted == pytest.approx(5 / 1024)
    compared, _ = judged(normalised(volumes(), BOX, "100", SEEDS), "100")
    assert set(compared) == {"sobol", "optuna_nsga2", "optuna_tpe", "optuna_gp"}
    assert compared["optuna_gp"].adjusted == pytest.approx(4 / 1024)


def test_a_box_is_judged_over_all_rivals_of_a_contest() -> None:
    assert verdict("50") == (True, False, True)
    assert verdict("50", bayes_given=1.5) == (False, False, False)  # behind Ax alone
    assert verdict("50", bayes_given=1.5, optuna_gp=3.5) == (False, True, False)
    assert verdict("100", bayes_given=1.5) == (True, False, True)
    assert verdict("100", optuna_gp=3.005) == (True, False, False)  # by less than 0.01 of h
    assert verdict("100", optuna_gp=3.5) == (False, False, False)


def test_claims_count_the_boxes() -> None:
    figures, meets = contest(volumes(), "50", dict.fromkeys(NAMES, SEEDS))
    assert figures["at_50_boxes_near_the_best"] == len(NAMES)
    assert all(meets.values())
    _, meets = contest(volumes(bayes_given=1.5, optuna_gp=3.5), "50", dict.fromkeys(NAMES, SEEDS))
    assert not any(meets.values())


def test_so_far_only_seeds_that_all_methods_have_count() -> None:
    found = volumes()
    del found[BOX, "ax", 3], found[BOX, "bayes_given", 5], found[BOX, "optuna_gp", 9]
    assert seeds_of(found, BOX, "50") == [0, 1, 2, 4, 6, 7, 8]
    assert seeds_of(found, BOX, "100") == [0, 1, 2, 3, 4, 5, 6, 7, 8]


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Logs of all runs but one of Ax's; gives what is recorded."""
    recorded: list[Any] = []
    for name in ("OURS", "PEERS"):
        lines = Lines(tmp_path / f"{name}.jsonl", ("box", "method", "seed"))
        monkeypatch.setattr(hypervolume, name, lines)
        path = tmp_path / f"{name}.jsonl"
        with path.open("w") as file:
            for (box, method, seed), found in volumes().items():
                ours = method.startswith("bayes")
                if ours == (name == "OURS") and (method, box, seed) != ("ax", BOX, 3):
                    file.write(line(box, method, seed, found))
    monkeypatch.setattr(hypervolume, "finish", lambda *_, **__: None)
    monkeypatch.setattr(hypervolume, "record", lambda *told: recorded.append(told))
    return recorded


def line(box: str, method: str, seed: int, found: dict[str, float]) -> str:
    fields = {"box": box, "method": method, "seed": seed, "hypervolume": found}
    return json.dumps(fields) + "\n"


def test_missing_runs_of_others_are_named_before_hours_of_work_and_leave_no_record(
    logs: list[Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["hypervolume"])
    hypervolume.main()
    first, last = capsys.readouterr().out.splitlines()
    assert "1 runs of others are missing (1 of ax); make bench NAME=hypervolume_peers" in first
    assert last.endswith("no record yet")
    assert logs == []


def test_the_standing_is_shown_without_a_record(
    logs: list[Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["hypervolume", "--so-far"])
    hypervolume.main()
    told = capsys.readouterr().out
    assert f"at 50, {BOX}: 9 seeds that all have; median h: bayes 0." in told
    assert logs == []


def test_a_whole_comparison_is_recorded_with_the_number_of_lines_that_name_no_code(
    logs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["hypervolume"])
    hypervolume.PEERS.append({"box": BOX, "method": "ax", "seed": 3, "hypervolume": {"50": 2.003}})
    hypervolume.main()
    ((name, figures, meets),) = logs
    assert name == "hypervolume"
    assert figures["runs_of_ours_without_code"] == 160
    assert len(meets) == 3 * len(CONTESTS)
    for seed, code in enumerate("ab"):
        new = {"box": "new", "method": "bayes", "seed": seed, "hypervolume": {}, "code": code}
        hypervolume.OURS.append(new)
    with pytest.raises(RuntimeError, match=r'code: .* come from "a" and "b"'):
        hypervolume.main()


def test_a_line_of_ours_says_which_code_and_which_libraries_made_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(hypervolume.TRIALS, "bayes", 11)
    made = hypervolume.run({"box": "branin_currin", "method": "bayes", "seed": 99})
    assert len(made["code"]) == 16
    assert {"python", "torch"} <= set(made["versions"])
