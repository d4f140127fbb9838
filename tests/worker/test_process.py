"""The training process: alive between trials, replaced in doubt, dead with its worker."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from safetensors.torch import load

from resource_models.devices import device
from resource_models.footprint import footprint
from resource_models.graph import Graph
from resource_models.nodes import Dense
from tests.worker.samples import CHAIN, data_set, save, work_json
from worker import process as process_module
from worker.child import Place
from worker.data import DataSet
from worker.errors import NoTrainer, TrainerLost
from worker.messages import Completed, Epoch, Failed, Infeasible, Message, OtherData, Train
from worker.process import TrainingProcess
from worker.trainer import Trainer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def data(folder: Path) -> DataSet:
    return data_set(folder)


@pytest.fixture(scope="module")
def process(folder: Path) -> Iterator[TrainingProcess]:
    """One process for all tests here: starting it takes seconds."""
    started = TrainingProcess(Place("cpu", 1, folder))
    started.start()
    yield started
    started.kill()


def words(process: TrainingProcess, work: dict[str, Any]) -> list[Message]:
    """Everything the process says about one trial."""
    process.train(Train(work))
    heard: list[Message] = []
    deadline_s = time.monotonic() + 60
    while not heard or isinstance(heard[-1], Epoch):
        assert time.monotonic() < deadline_s, "The training process says nothing."
        said = process.said(0.5)
        if said is not None:
            heard.append(said)
    return heard


def last(process: TrainingProcess, work: dict[str, Any]) -> Message:
    return words(process, work)[-1]


def wait_for_ever(process: TrainingProcess) -> None:
    while True:
        process.said(0.5)


def test_each_epoch_is_told_then_the_result_with_its_weights(
    process: TrainingProcess, data: DataSet
) -> None:
    *epochs, result = words(process, work_json(data))
    assert [said.step for said in epochs if isinstance(said, Epoch)] == [1, 2, 3]
    assert isinstance(result, Completed)
    assert isinstance(epochs[-1], Epoch)
    assert result.metrics["error"] == epochs[-1].metrics["error"]
    assert result.metrics["validation_images"] == 30
    assert result.metrics["train_s"] >= 0
    assert result.details["epochs"] == 3
    assert result.details["stopped"] is False
    assert result.artefacts == ["weights.safetensors", "graph.json"]
    assert load(result.contents[0])["conv/linear.weight"].shape == (4, 1, 3, 3)
    assert json.loads(result.contents[1]) == work_json(data)["graph"]


def test_the_process_lives_from_trial_to_trial_and_repeats_itself_to_the_bit(
    process: TrainingProcess, data: DataSet
) -> None:
    first = last(process, work_json(data))
    before = process.pid
    second = last(process, work_json(data))
    process.renew_if_due(second)
    assert process.pid == before
    assert isinstance(first, Completed)
    assert isinstance(second, Completed)
    assert first.contents == second.contents


def test_the_same_data_serve_studies_of_all_classes_and_of_two(
    process: TrainingProcess, data: DataSet
) -> None:
    two = Graph((*CHAIN.nodes[:-1], Dense("out", ("mean",), 2)))
    for graph, binary in ((two, 1), (CHAIN, None), (two, 2), (two, 1)):
        ended = last(process, work_json(data, graph) | {"binary": binary})
        assert isinstance(ended, Completed), ended
    one_side = last(process, work_json(data, two) | {"binary": 3})
    assert isinstance(one_side, Failed)
    assert (one_side.reason.startswith("binary: "), one_side.broken) == (True, False)


def test_a_pruned_network_comes_back_as_it_was_cut_with_its_figures(
    process: TrainingProcess, data: DataSet
) -> None:
    pruning = {"scope": "channels", "method": "magnitude", "target": 0.5}
    pruning |= {"weighting": "none", "start": 0.0, "end": 0.5}
    board = device("stm32f446re")
    more = {"pruning": pruning, "device": board.to_json(), "metrics": ["error", "macs", "latency"]}
    ended = last(process, work_json(data) | more)
    assert isinstance(ended, Completed), ended
    left = Graph.from_json(json.loads(ended.contents[1]))
    assert left.shapes["conv"][-1] == 2
    assert load(ended.contents[0])["conv/linear.weight"].shape == (2, 1, 3, 3)
    figures = footprint(left, board).figures()
    assert ended.metrics["macs"] == figures["macs"]
    assert ended.metrics["latency"] == figures["latency"]
    assert ended.details["pruning"]["after"]["channels"] == 5


def test_an_impossible_network_is_infeasible_and_the_process_goes_on(
    process: TrainingProcess, data: DataSet
) -> None:
    work = work_json(data)
    work["graph"]["nodes"][1]["kernel"] = [9, 9]
    work["graph"]["nodes"][1]["padding"] = "valid"
    told = last(process, work)
    assert isinstance(told, Infeasible)
    assert "conv.kernel" in told.reason
    assert isinstance(last(process, work_json(data)), Completed)


def test_work_of_a_newer_server_fails_and_the_process_goes_on(
    process: TrainingProcess, data: DataSet
) -> None:
    told = last(process, work_json(data, mixup=0.5))
    assert isinstance(told, Failed)
    assert not told.broken
    before = process.pid
    process.renew_if_due(told)
    assert process.pid == before


def test_other_bytes_or_another_split_are_told_with_the_reason(
    process: TrainingProcess, data: DataSet
) -> None:
    bytes_differ = last(process, work_json(data) | {"data_sha256": "0" * 64})
    split_differs = last(process, work_json(data) | {"split_sha256": "0" * 64})
    missing = last(process, work_json(data) | {"data": "nothing"})
    assert isinstance(bytes_differ, OtherData)
    assert "000000000000" in bytes_differ.reason
    assert isinstance(split_differs, OtherData)
    assert "splits rows in another way" in split_differs.reason
    assert isinstance(missing, OtherData)
    assert "nothing.npz cannot be read" in missing.reason


def test_a_file_that_changes_is_read_again(
    process: TrainingProcess, data: DataSet, folder: Path
) -> None:
    assert isinstance(last(process, work_json(data)), Completed)
    content = (folder / "rows.npz").read_bytes()
    save(folder, x_test=data.x_test[:, ::-1, :, 0])
    try:
        assert isinstance(last(process, work_json(data)), Completed)  # still holds the first bytes
        assert isinstance(last(process, work_json(data) | {"data_sha256": "1" * 64}), OtherData)
        assert isinstance(last(process, work_json(data)), OtherData)
    finally:
        (folder / "rows.npz").write_bytes(content)
    assert isinstance(last(process, work_json(data)), Completed)


def test_a_stop_ends_the_training_and_what_was_reached_counts(
    process: TrainingProcess, data: DataSet
) -> None:
    process.train(Train(work_json(data, epochs=10_000)))
    while not isinstance(process.said(0.5), Epoch):
        pass
    process.stop()
    result: Message | None = None
    while not isinstance(result, Completed):
        result = process.said(0.5)
    assert result.details["stopped"] is True
    assert 1 <= result.details["epochs"] < 10_000
    assert isinstance(last(process, work_json(data)), Completed)


def test_a_stop_after_the_end_is_harmless(process: TrainingProcess, data: DataSet) -> None:
    last(process, work_json(data))
    process.stop()
    again = last(process, work_json(data))
    assert isinstance(again, Completed)
    assert again.details["stopped"] is False


def test_a_killed_process_is_told_with_its_cause_and_replaced(
    process: TrainingProcess, data: DataSet
) -> None:
    process.train(Train(work_json(data, epochs=10_000)))
    while not isinstance(process.said(0.5), Epoch):
        pass
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(TrainerLost, match=r"killed \(signal 9\), most likely for want of memory"):
        wait_for_ever(process)
    process.renew_if_due(Failed("", broken=True))
    assert isinstance(last(process, work_json(data)), Completed)


def test_a_process_is_replaced_after_many_trials_or_when_it_has_grown(
    process: TrainingProcess, data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced: list[str] = []
    for limit, value in {"TRIALS_AT_MOST": 1, "MEMORY_SPARE_BYTES": -(2**40)}.items():
        with monkeypatch.context() as patch:
            patch.setattr(process, "replace", lambda limit=limit: replaced.append(limit))
            patch.setattr(process_module, "MEMORY_GROWTH", 0.5)
            patch.setattr(process_module, limit, value)
            process.renew_if_due(last(process, work_json(data)))
    assert replaced == ["TRIALS_AT_MOST", "MEMORY_SPARE_BYTES"]


def test_a_graph_that_breaks_the_trainer_names_the_cause(
    process: TrainingProcess, data: DataSet, folder: Path
) -> None:
    work = work_json(data)
    work["training"] = None
    told = last(process, work)
    assert isinstance(told, Failed)
    assert told.broken
    assert "TypeError" in told.reason
    assert "recipe.py" in told.reason


def test_a_missing_accelerator_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(NoTrainer, match="--accelerator cuda: torch finds no CUDA device"):
        Trainer(Place("cuda"))


PARENT = """
import sys, time
from pathlib import Path
from tests.worker.samples import data_set, work_json
from worker.child import Place
from worker.messages import Epoch, Train
from worker.process import TrainingProcess

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    process = TrainingProcess(Place("cpu", 1, folder))
    process.start()
    process.train(Train(work_json(data_set(folder), epochs=10_000)))
    while not isinstance(process.said(0.5), Epoch):
        pass
    sys.stdout.write(f"{process.pid}\\n")
    sys.stdout.flush()
    time.sleep(60)
"""


def test_the_process_dies_with_its_worker_in_the_middle_of_a_training(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    root = Path(__file__).parents[2]
    parent = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(root)},
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        # Halted it cannot notice that its pipe is closed, as in an epoch that takes an hour.
        child.suspend()
        parent.kill()
    # Ends as a zombie where nobody reaps orphans, as in some containers.
    deadline_s = time.monotonic() + 10
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline_s, "The training process outlived its worker."
        time.sleep(0.05)
