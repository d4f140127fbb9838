"""What each level of a verification does: formulas, runs on this machine, the device's own code.

A tool that is missing leaves its level open, with the command that installs it. Whatever else a
tool says against a network fails the level.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from resource_models.arena_banded import plan_within
from resource_models.arena_in_place import plan_in_place
from resource_models.devices import Device
from resource_models.weights import macs, weights
from worker.deploy import host, tflm
from worker.deploy.boards.board import board_for
from worker.deploy.boards.emulate import emulate
from worker.deploy.boards.errors import EmulationFailed, LinkFailed, ToolsMissing
from worker.deploy.boards.link import Linked, link
from worker.deploy.boards.tools import GCC, QEMU, version
from worker.deploy.budget import arena_budget_bytes, code_of
from worker.deploy.c.figures import figures
from worker.deploy.c.project import sources
from worker.deploy.errors import (
    DeployError,
    InvalidProject,
    RuntimeLate,
    RuntimeRefused,
    ToolFailed,
    ToolLate,
    ToolMissing,
)
from worker.deploy.record import Int8Graph
from worker.deploy.vectors import Vectors
from worker.deploy.verification import FAILED, NOT_VERIFIED, PASSED, Level, State

HOST_GCC = "gcc"
# Under QEMU, so that a large network takes seconds, too.
MOST_MACS, FEWEST = 100_000_000, 4


@dataclass(slots=True, eq=False)
class Case:
    """What is verified: a network, inputs with the answers it must give, and where it will run.

    `program` is left by the level that links for the one that runs. With `budget_bytes` for its
    arena it is sure to fit: if it has more, parts of it run in bands, where that helps.

    Raises:
        InvalidVectors: the vectors are those of another network.
    """

    record: Int8Graph
    vectors: Vectors
    device: Device
    program: Linked | None = None
    budget_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        self.vectors.check(self.record.graph)
        self.budget_bytes = arena_budget_bytes(self.record, self.device)


@dataclass(frozen=True, slots=True)
class Part:
    """What one tool says; `words` tell how it ended, whichever way."""

    state: State
    words: str
    figures: Mapping[str, int] = field(default_factory=dict)
    tools: Mapping[str, str] = field(default_factory=dict)


def joined(name: str, parts: Sequence[Part]) -> Level:
    """A level of several parts: it passed if all did, and failed if one did."""
    states = {part.state for part in parts}
    state = FAILED if FAILED in states else NOT_VERIFIED if NOT_VERIFIED in states else PASSED
    # What failed or is missing first; what did pass beside it is worth a word, too.
    order = sorted(parts, key=lambda part: (part.state != state, part.state == PASSED))
    figures: dict[str, int] = {}
    tools: dict[str, str] = {}
    for part in parts:
        figures |= part.figures
        tools |= part.tools
    reason = "" if state == PASSED else " ".join(part.words for part in order)
    return Level(name, state, reason, figures, tools)


def formulas(case: Case) -> Level:
    """L0: what the network takes by formula lies within the device, with all the code it may have.

    Code and stack are known between bounds only. A device that has enough for the least of them,
    and not for the most, is left to the linker; so is the code of kernels for weights of 4 bits,
    to which no bound was fitted.
    """
    device, found = case.device, figures(case.record, case.budget_bytes)
    plan = plan_within(case.record.graph, case.budget_bytes)
    stored = found.weights_bytes + found.tables_bytes
    most: dict[str, int] = {}
    if case.record.weight_bits == 8:
        code = code_of(case.record, device, plan)
        most = {
            "code_bytes": code.likely_bytes,
            "most_flash_bytes": stored + code.most_flash_bytes,
            "most_ram_bytes": found.arena_bytes + code.most_ram_bytes,
        }
    told = {**asdict(found), **most, "macs": macs_of(case.record)}
    if plan.stages:
        told["whole_maps_arena_bytes"] = plan_in_place(case.record.graph).arena_bytes
        told["moved_bytes"] = sum(stage.moved_bytes for stage in plan.stages)
    needs = (
        ("SRAM", found.arena_bytes, most.get("most_ram_bytes"), device.sram_bytes),
        ("flash", stored, most.get("most_flash_bytes"), device.flash_bytes),
    )
    over = [
        f"{least:,} B of {what} are needed, {device.name} has {there:,} B."
        for what, least, _, there in needs
        if least > there
    ]
    open_ = [
        f"{least:,} B of {what} are needed and up to {all_:,} B with code and stack, {device.name} "
        f"has {there:,} B: the linker decides."
        for what, least, all_, there in needs
        if all_ is not None and least <= there < all_
    ]
    if not most:
        open_ = ["The code of kernels for weights of 4 bits has no formula: the linker decides."]
    state = FAILED if over else NOT_VERIFIED if open_ else PASSED
    return Level("L0", state, " ".join(over or open_), told)


def macs_of(record: Int8Graph) -> int:
    """Multiplications of an inference, those with weights that are zero left out."""
    return macs(record.graph, weights(record.graph, record.non_zeros()))


def runs_here(case: Case) -> Level:
    """L1: TensorFlow Lite Micro and the C project, on this machine, answer every input alike."""
    return joined("L1", [_tflm(case), _c_project(case)])


def linked(case: Case) -> Level:
    """L2: linked for the device, within its flash and RAM, each symbol as large as by formula."""
    device = case.device
    board = board_for(device)
    if board is None:
        words = f"There is no emulated board for the {device.core} of {device.name}."
        return Level("L2", NOT_VERIFIED, words)
    try:
        files = sources(case.record, arena_budget_bytes=case.budget_bytes)
        program = link(files, board, device.flash_bytes, device.sram_bytes)
        tools = {GCC: version(GCC)}
    except ToolsMissing as missing:
        return Level("L2", NOT_VERIFIED, missing.message)
    except (LinkFailed, InvalidProject, ToolFailed) as failed:
        return Level("L2", against(failed), f"{failed}")
    case.program, sizes = program, program.sizes
    told = {
        "arena_bytes": sizes.arena_bytes,
        "weights_bytes": sizes.weights_bytes,
        "tables_bytes": sizes.tables_bytes,
        "code_bytes": sizes.code_bytes,
        "statics_bytes": sizes.statics_bytes,
        "stack_reserve_bytes": sizes.stack_bytes,
        "flash_bytes": sizes.flash_bytes,
        "ram_bytes": sizes.ram_bytes,
    }
    formula = asdict(figures(case.record, case.budget_bytes))
    differ = [
        f"{name}: {formula[name]:,} by formula, {told[name]:,} linked."
        for name in formula
        if told[name] != formula[name]
    ]
    return Level("L2", FAILED if differ else PASSED, " ".join(differ), told, tools)


def emulated(case: Case) -> Level:
    """L3: the linked program answers alike under QEMU; instructions and stack are counted."""
    if case.program is None:
        return Level("L3", NOT_VERIFIED, "Nothing is linked that could run.")
    # Inputs from all over: the first half of them is real, the other drawn.
    wanted = max(FEWEST, min(len(case.vectors.inputs), MOST_MACS // max(1, macs_of(case.record))))
    some = np.linspace(0, len(case.vectors.inputs) - 1, wanted).round().astype(int)
    chosen = Vectors(case.vectors.inputs[some], case.vectors.answers[some])
    try:
        ran = emulate(case.program, chosen.inputs)
    except ToolsMissing as missing:
        return Level("L3", NOT_VERIFIED, missing.message)
    except (EmulationFailed, LinkFailed, ToolFailed) as failed:
        return Level("L3", against(failed), f"{failed}")
    told = {"instructions": max(ran.instructions), "stack_bytes": ran.stack_bytes}
    name = f"The program on {ran.machine}"
    answers = ran.outputs.reshape(len(some), *chosen.answers.shape[1:])
    tools = {QEMU: ran.version}
    return joined("L3", [compared(name, answers, chosen, told, tools)])


LEVELS: Mapping[str, Callable[[Case], Level]] = {
    "L0": formulas,
    "L1": runs_here,
    "L2": linked,
    "L3": emulated,
}


def _tflm(case: Case) -> Part:
    name = "TensorFlow Lite Micro"
    found = tflm.installed()
    if found is None:
        return Part(NOT_VERIFIED, f"{name} is not installed: {tflm.INSTALL}.")
    from worker.deploy.tflite.writer import tflite_file  # the schema comes with the runtime

    tools = {tflm.PACKAGE: found}
    model = tflite_file(case.record)
    try:
        ran = tflm.run(model, case.vectors.inputs)
    except RuntimeRefused as refused:
        return Part(against(refused), f"{name}: {refused.message}", tools=tools)
    told = {
        "tflite_bytes": len(model),
        "tflm_arena_bytes": ran.total_bytes,
        "tflm_head_bytes": ran.head_bytes,
    }
    return compared(name, ran.answers, case.vectors, told, tools)


def _c_project(case: Case) -> Part:
    name = "The C project"
    try:
        answers = host.run(case.record, case.vectors.inputs, arena_budget_bytes=case.budget_bytes)
        tools = {HOST_GCC: version(HOST_GCC)}
    except ToolMissing as missing:
        return Part(NOT_VERIFIED, f"{missing}")
    except (ToolFailed, InvalidProject) as failed:
        return Part(against(failed), f"{name}: {failed}")
    return compared(name, answers, case.vectors, {}, tools)


def against(error: DeployError) -> State:
    """What an error of a tool says: nothing, if only its time was over."""
    kinds = (ToolLate, RuntimeLate)
    late = isinstance(error, kinds) or isinstance(error.__cause__, kinds)
    return NOT_VERIFIED if late else FAILED


def compared(
    name: str,
    answers: NDArray[np.int8],
    vectors: Vectors,
    figures: Mapping[str, int],
    tools: Mapping[str, str],
) -> Part:
    """What a tool says that gave these answers: they must be equal to the last bit."""
    expected = vectors.answers
    count = len(expected)
    if answers.shape != expected.shape:
        words = f"{name} gave answers of the shape {answers.shape}, not {expected.shape}."
        return Part(FAILED, words, figures, tools)
    wrong = np.flatnonzero((answers != expected).reshape(count, -1).any(1))
    if len(wrong):
        words = f"{name} differs on {len(wrong)} of {count} inputs, first on number {wrong[0]}."
        return Part(FAILED, words, figures, tools)
    return Part(PASSED, f"{name} agrees on {count} inputs.", figures, tools)
