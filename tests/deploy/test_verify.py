"""Verification level by level: what is checked, what a missing or late tool means, as JSON."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest

from resource_models.devices import device
from tests.deploy import networks
from worker.deploy import levels, scratch, storage, tflm, vectors
from worker.deploy.boards import tools
from worker.deploy.c.figures import figures
from worker.deploy.errors import InvalidVectors, InvalidVerification, ToolLate
from worker.deploy.levels import against
from worker.deploy.simulate import Simulation
from worker.deploy.vectors import Vectors
from worker.deploy.verification import NAMES, Level, Verification
from worker.deploy.verify import CPU_S, DEVICE_NAME, verify

RECORD = networks.drawn_int8(networks.ENDS_FLAT)
INPUTS = networks.bytes_for(RECORD.graph, 4)
SAMPLES = Vectors(INPUTS.numpy(), Simulation(RECORD).run(INPUTS).numpy())
M4 = device("stm32f446re")
WITHOUT_TORCH = """
import runpy, sys
sys.modules["torch"] = None
runpy.run_module("worker.deploy.verify", run_name="__main__")
import resource
print(resource.getrlimit(resource.RLIMIT_CPU)[0], file=sys.stderr)
"""


def states(found: Verification) -> list[str]:
    return [level.state for level in found.levels]


def laid(folder: Path) -> None:
    """Lay what the program reads into its folder."""
    content = {**storage.files(RECORD), vectors.NAME: vectors.file(SAMPLES)}
    for name, each in {**content, DEVICE_NAME: json.dumps(M4.to_json()).encode()}.items():
        (folder / name).write_bytes(each)


def without_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tflm, "installed", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    tools.version.cache_clear()


def printed(folder: Path) -> Verification:
    """What the program finds, and says of each level as it ends."""
    laid(folder)
    # Without torch, whose import would take longer than the check.
    words = [sys.executable, "-c", WITHOUT_TORCH, str(folder)]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, f"{CPU_S}\n")
    *told, whole = [json.loads(line) for line in ran.stdout.splitlines()]
    found = Verification.of_json(whole["verification"])
    assert (whole["verdict"], whole["verification"]) == (found.verdict, found.to_json())
    assert told == [{"level": level.to_json()} for level in found.levels]
    return found


def test_the_program_checks_on_this_machine_without_torch(tmp_path: Path) -> None:
    found = printed(tmp_path)
    assert (found.device, found.inputs) == ("stm32f446re", 4)
    formula, here, *_ = found.levels
    assert states(found)[:2] == ["passed"] * 2, [level.reason for level in found.levels]
    assert formula.figures["weights_bytes"] > 0
    assert here.tools.keys() == {"tflite-micro", "gcc"}


@pytest.mark.arm
def test_the_program_passes_all_levels_and_measures_what_the_formulas_say(tmp_path: Path) -> None:
    found = printed(tmp_path)
    assert found.verdict == "L3", [level.reason for level in found.levels]
    formula, _, linked, run = found.levels
    for name in ("arena_bytes", "weights_bytes", "tables_bytes"):
        assert linked.figures[name] == formula.figures[name] > 0
    assert linked.tools.keys() == {"arm-none-eabi-gcc"}
    assert run.tools.keys() == {"qemu-system-arm"}
    assert 0 < run.figures["stack_bytes"] <= linked.figures["stack_reserve_bytes"]
    assert run.figures["instructions"] > formula.figures["macs"]


def test_missing_tools_leave_levels_open_with_the_command_that_installs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_tools(monkeypatch)
    found = verify(RECORD, SAMPLES, M4)
    assert states(found) == ["passed", *["not verified"] * 3]
    assert found.verdict == "L0"
    for level, command in zip(
        found.levels[1:], ("pip install", "apt-get install", "linked"), strict=True
    ):
        assert command in level.reason


def test_code_for_weights_of_4_bits_has_no_formula_and_is_left_to_the_linker() -> None:
    record = networks.drawn_int8(RECORD.graph, bits=4)
    found = levels.formulas(levels.Case(record, SAMPLES, M4))
    assert (found.state, found.figures.keys()) == (
        "not verified",
        {"arena_bytes", "weights_bytes", "tables_bytes", "macs"},
    )
    assert found.reason.endswith("weights of 4 bits has no formula: the linker decides.")
    tiny = dataclasses.replace(M4, flash_bytes=16)
    assert levels.formulas(levels.Case(record, SAMPLES, tiny)).state == "failed"


def test_a_level_passes_only_if_all_its_tools_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tflm, "installed", lambda: None)
    monkeypatch.setattr(levels.host, "run", lambda *_, **__: SAMPLES.answers)
    found = levels.runs_here(levels.Case(RECORD, SAMPLES, M4))
    install = "TensorFlow Lite Micro is not installed: pip install 'tinyfront-server[deploy]'."
    assert (found.state, found.tools.keys()) == ("not verified", {"gcc"})
    assert found.reason == f"{install} The C project agrees on 4 inputs."


def test_the_first_failed_level_is_the_last_one_that_is_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_tools(monkeypatch)
    tiny = dataclasses.replace(M4, sram_bytes=16)
    found = verify(RECORD, SAMPLES, tiny)
    assert states(found) == ["failed", *["not verified"] * 3]
    assert "of SRAM are needed, stm32f446re has 16 B." in found.levels[0].reason
    assert {level.reason for level in found.levels[1:]} == {"L0 failed."}
    assert found.verdict == "failed"


def test_an_answer_that_differs_fails_its_level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    wrong = SAMPLES.answers.copy()
    wrong[2, 0] ^= 1
    found = verify(RECORD, Vectors(SAMPLES.inputs, wrong), M4)
    assert found.levels[1].state == "failed"
    words = "TensorFlow Lite Micro differs on 1 of 4 inputs, first on number 2."
    assert found.levels[1].reason.startswith(words)


def test_what_fits_only_with_little_code_is_left_to_the_linker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = levels.formulas(levels.Case(RECORD, SAMPLES, M4)).figures
    least = told["weights_bytes"] + told["tables_bytes"]
    for flash_bytes, state in (
        (least - 1, "failed"),
        (least, "not verified"),
        (told["most_flash_bytes"] - 1, "not verified"),
        (told["most_flash_bytes"], "passed"),
    ):
        board = dataclasses.replace(M4, flash_bytes=flash_bytes)
        assert levels.formulas(levels.Case(RECORD, SAMPLES, board)).state == state
    near = dataclasses.replace(M4, flash_bytes=least, core="Xtensa LX6")
    level = levels.formulas(levels.Case(RECORD, SAMPLES, near))
    assert level.reason.endswith(f"stm32f446re has {least:,} B: the linker decides.")
    assert level.figures["most_flash_bytes"] >= told["most_flash_bytes"], "the most of all cores"

    open_ = {name: lambda _, name=name: Level(name, "not verified", "?") for name in NAMES}
    linked = {"L2": lambda _: Level("L2", "passed")}
    for checks, state in ((open_, "not verified"), (open_ | linked, "passed")):
        monkeypatch.setattr("worker.deploy.verify.LEVELS", checks)
        assert states(verify(RECORD, SAMPLES, M4))[0] == state


@pytest.mark.arm
def test_a_link_that_does_not_fit_says_what_overflows() -> None:
    # There is no room for code and stack.
    case = levels.Case(RECORD, SAMPLES, dataclasses.replace(M4, sram_bytes=128))
    assert levels.formulas(case).state == "not verified"
    found = levels.linked(case)
    assert (found.state, "ram: need" in found.reason) == ("failed", True)


def test_symbols_that_differ_from_the_formulas_fail_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    formula = asdict(figures(RECORD))
    names = ("code_bytes", "statics_bytes", "stack_bytes", "flash_bytes", "ram_bytes")
    sizes = SimpleNamespace(**dict.fromkeys(names, 8), **formula | {"tables_bytes": 7})
    monkeypatch.setattr(levels, "link", lambda *_: SimpleNamespace(sizes=sizes))
    monkeypatch.setattr(levels, "version", lambda name: "12")
    found = levels.linked(levels.Case(RECORD, SAMPLES, M4))
    words = f"tables_bytes: {formula['tables_bytes']:,} by formula, 7 linked."
    assert (found.state, found.reason) == ("failed", words)


def test_what_the_device_answers_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    def emulate(program: Any, inputs: Any) -> Any:
        wrong = SAMPLES.answers[: len(inputs)] ^ 1
        ran = {"outputs": wrong.reshape(len(inputs), -1), "instructions": [3], "stack_bytes": 8}
        return SimpleNamespace(**ran, machine="a board", version="7")

    monkeypatch.setattr(levels, "emulate", emulate)
    program: Any = SimpleNamespace()
    found = levels.emulated(levels.Case(RECORD, SAMPLES, M4, program))
    words = "The program on a board differs on 4 of 4 inputs, first on number 0."
    assert (found.state, found.reason) == ("failed", words)


def test_a_program_that_is_told_to_end_ends_its_tools(tmp_path: Path) -> None:
    laid(tmp_path)
    slow, told = tmp_path / "bin" / "gcc", tmp_path / "told"
    slow.parent.mkdir()
    slow.write_text(f"#!/bin/sh\necho $$ > {told}.part\nmv {told}.part {told}\nsleep 600\n")
    slow.chmod(0o755)
    path = f"{slow.parent}:{os.environ['PATH']}"
    words = [sys.executable, "-m", "worker.deploy.verify", str(tmp_path)]
    with subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"PATH": path}
    ) as program:
        while not told.exists():
            assert program.poll() is None
            time.sleep(0.02)  # a tool of its own tells us by a file alone
        program.terminate()
    tool = int(told.read_text())
    assert not psutil.pid_exists(tool) or psutil.Process(tool).status() == psutil.STATUS_ZOMBIE


def test_a_core_that_nobody_emulates_is_not_linked() -> None:
    case = levels.Case(RECORD, SAMPLES, device("arduino-uno"))
    found = levels.linked(case)
    assert (found.state, "AVR" in found.reason) == ("not verified", True)
    assert levels.emulated(case).state == "not verified"


def test_a_tool_whose_time_is_over_says_nothing_of_the_network(tmp_path: Any) -> None:
    with pytest.raises(ToolLate) as late:
        scratch.run(["sleep", "60"], tmp_path, scratch.Limits(seconds=1))
    assert against(late.value) == "not verified"


@pytest.mark.parametrize(
    ("part", "value", "need"),
    [
        ("version", 2, "version: need 1"),
        ("inputs", -1, "inputs: need an integer"),
        ("device", "", "device: need its name"),
        ("levels", [], "levels: need L0, L1, L2, L3, got none"),
        ("levels", 3, "levels: need a list"),
        ("more", 3, "verification: need an object of version"),
    ],
)
def test_a_record_that_is_none_is_refused(part: str, value: Any, need: str) -> None:
    rows = [Level(name, "passed").to_json() for name in ("L0", "L1", "L2", "L3")]
    told = {"version": 1, "device": "a", "inputs": 3, "levels": rows, part: value}
    with pytest.raises(InvalidVerification, match=need):
        Verification.of_json(told)


@pytest.mark.parametrize(
    ("part", "value", "need"),
    [
        ("name", "L9", "name: need one of L0"),
        ("state", "good", "L1.state: need one of passed"),
        ("reason", "why", "L1.reason: need a reason, of a level that did not pass"),
        ("figures", {"macs": True}, "L1.figures.macs: need int"),
        ("tools", {"gcc": 12}, "L1.tools.gcc: need str"),
    ],
)
def test_a_level_that_is_none_is_refused(part: str, value: Any, need: str) -> None:
    with pytest.raises(InvalidVerification, match=need):
        Level.of_json(Level("L1", "passed").to_json() | {part: value})


def test_vectors_come_back_as_they_were_written_and_belong_to_their_network() -> None:
    found = vectors.read(vectors.file(SAMPLES))
    assert np.array_equal(found.inputs, SAMPLES.inputs)
    assert np.array_equal(found.answers, SAMPLES.answers)
    with pytest.raises(InvalidVectors, match="need the shape"):
        verify(networks.drawn_int8(networks.SHARED), SAMPLES, M4)
    with pytest.raises(InvalidVectors, match="need a safetensors file"):
        vectors.read(b"{}")
    with pytest.raises(InvalidVectors, match="need an answer for each input"):
        Vectors(SAMPLES.inputs, SAMPLES.answers[:1])
