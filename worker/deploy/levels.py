"""What each level of a verification does: formulas, runs on this machine, the device's own code."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from resource_models.devices import Device
from resource_models.footprint import footprint
from worker.deploy import tflm
from worker.deploy.errors import RuntimeRefused
from worker.deploy.record import Int8Graph
from worker.deploy.vectors import Vectors
from worker.deploy.verification import FAILED, NOT_VERIFIED, PASSED, Level, State

INSTALL_TFLM = "pip install 'tinyfront-server[deploy]'"


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What is verified: a network, inputs with the answers it must give, and where it will run."""

    record: Int8Graph
    vectors: Vectors
    device: Device


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
    """L0: what the network takes by formula lies within the device."""
    device = case.device
    found = footprint(case.record.graph, device, case.record.non_zeros())
    figures = {
        "arena_bytes": found.working_memory_arena_bytes,
        "model_bytes": found.model_size_deployed_bytes,
        "macs": found.macs,
    }
    over = [
        f"needs {figures[name]:,} B of {what}, and {device.name} has {budget:,} B."
        for name, what, budget in (
            ("arena_bytes", "SRAM", device.sram_bytes),
            ("model_bytes", "flash", device.flash_bytes),
        )
        if figures[name] > budget
    ]
    words = f"The network {' It '.join(over)}" if over else ""
    return Level("L0", FAILED if over else PASSED, words, figures)


def runs_here(case: Case) -> Level:
    """L1: TensorFlow Lite Micro and the C project, on this machine, answer every input alike."""
    return joined("L1", [_tflm(case), _c_project(case)])


def linked(case: Case) -> Level:
    """L2: linked for the device, within its flash and RAM, each symbol as large as by formula."""
    return Level("L2", NOT_VERIFIED, "This release writes no C project to link.")


def emulated(case: Case) -> Level:
    """L3: the linked program answers alike under QEMU; instructions and stack are counted."""
    return Level("L3", NOT_VERIFIED, "This release writes no C project to emulate.")


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
        return Part(NOT_VERIFIED, f"{name} is not installed: {INSTALL_TFLM}.")
    from worker.deploy.tflite.writer import tflite_file  # the schema comes with the runtime

    tools = {tflm.PACKAGE: found}
    model = tflite_file(case.record)
    try:
        ran = tflm.run(model, case.vectors.inputs)
    except RuntimeRefused as refused:
        return Part(FAILED, f"{name}: {refused.message}", tools=tools)
    figures = {
        "tflite_bytes": len(model),
        "tflm_arena_bytes": ran.total_bytes,
        "tflm_head_bytes": ran.head_bytes,
    }
    return compared(name, ran.answers, case, figures, tools)


def _c_project(case: Case) -> Part:
    return Part(NOT_VERIFIED, "This release writes no C project to run.")


def compared(
    name: str,
    answers: NDArray[np.int8],
    case: Case,
    figures: Mapping[str, int],
    tools: Mapping[str, str],
) -> Part:
    """What a tool says that gave these answers: they must be equal to the last bit."""
    expected = case.vectors.answers
    count = len(expected)
    if answers.shape != expected.shape:
        words = f"{name} gave answers of the shape {answers.shape}, not {expected.shape}."
        return Part(FAILED, words, figures, tools)
    wrong = np.flatnonzero((answers != expected).reshape(count, -1).any(1))
    if len(wrong):
        words = f"{name} differs on {len(wrong)} of {count} inputs, first on number {wrong[0]}."
        return Part(FAILED, words, figures, tools)
    return Part(PASSED, f"{name} agrees on {count} inputs.", figures, tools)
