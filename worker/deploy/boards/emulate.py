"""A linked program run on its emulated board: what it answers, how many instructions that takes.

Files of the host are out of reach of the program: samples are put into its memory before it starts,
answers leave by the serial port. What it says there is not trusted.
"""

import struct
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worker.deploy import scratch
from worker.deploy.boards import tools
from worker.deploy.boards.board import BOARDS, Counter
from worker.deploy.boards.errors import EmulationFailed
from worker.deploy.boards.link import Linked, relink
from worker.deploy.boards.symbols import function_at
from worker.deploy.boards.tools import EMULATION_LIMITS
from worker.deploy.errors import ToolFailed
from worker.deploy.scratch import Limits

Samples = NDArray[np.int8]
HEAD = struct.Struct("<cI")
NOTHING = 1  # instructions of the function that gauges the clock: its return

# No files beyond those named, no new processes; QEMU drops these rights before the program starts.
SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
TRANSLATED_MIB = 32  # room for translated code; QEMU would take a gigabyte


@dataclass(frozen=True, slots=True, eq=False)
class Emulated:
    """What a program did.

    Args:
        outputs: int8, a row for each sample.
        instructions: of `model_run`, for each sample.
        stack_bytes: how deep the stack got, the harness below the network included.
        machine: the board that answered.
        version: that of QEMU.
    """

    outputs: Samples
    instructions: tuple[int, ...]
    stack_bytes: int
    machine: str
    version: str


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that the harness tells: its kind, and words or bytes."""

    kind: str
    body: bytes

    def words(self) -> tuple[int, ...]:
        """The body as 32-bit numbers."""
        return struct.unpack(f"<{len(self.body) // 4}I", self.body[: len(self.body) // 4 * 4])


def emulate(linked: Linked, inputs: Samples, limits: Limits = EMULATION_LIMITS) -> Emulated:
    """Let a program answer samples on its board.

    On a board without a timer that is fine enough, instructions are counted on another of its core.

    Args:
        linked: the program.
        inputs: int8, `n x` the input's shape, or flat.
        limits: of each start of QEMU.

    Raises:
        ToolsMissing: there is no QEMU.
        EmulationFailed: the program faults, needs more stack, does not end, or says nonsense.
    """
    samples = _checked(inputs)
    runs = list(_runs(linked, samples, limits))
    outputs = [answer.body[4:] for records in runs for answer in records if answer.kind == "O"]
    if len(outputs) != len(samples) or len({*map(len, outputs)}) != 1:
        need = f"need {len(samples)} answers of one length, got {len(outputs)}"
        raise EmulationFailed("answers", f"{need} of {sorted({*map(len, outputs)})} bytes.")
    stack = max(record.words()[0] for records in runs for record in records if record.kind == "S")
    if linked.board.counter is None:
        other = relink(linked, BOARDS[linked.board.counted_on])
        instructions = emulate(other, samples, limits).instructions
    else:
        instructions = tuple(
            count for records in runs for count in _counts(records, linked.board.counter)
        )
    return Emulated(
        np.frombuffer(b"".join(outputs), np.int8).reshape(len(samples), -1),
        instructions,
        stack,
        linked.board.machine,
        tools.version(tools.QEMU),
    )


def layers(linked: Linked, sample: Samples, limits: Limits = EMULATION_LIMITS) -> dict[int, int]:
    """Instructions of each layer for one sample, by the number that the network gives it.

    Counted in a build of its own, with a call behind each layer (`MODEL_LAYER`). What the call
    costs is gauged and taken off; what else it costs, as gcc cannot keep values over it in
    registers, is some instructions per layer.
    """
    counter = linked.board.counter
    if counter is None:
        return layers(relink(linked, BOARDS[linked.board.counted_on]), sample, limits)
    built = linked if linked.options.layers else relink(linked, linked.board, layers=True)
    [records] = _runs(built, _checked(sample[None]), limits)
    told = [record.words() for record in records if record.kind == "L"]
    ticks = [(number, counter.instructions(count)) for number, count in told]
    (_, first), (_, other), *found = ticks
    costs: dict[int, int] = {}
    for place, (number, count) in enumerate(found):
        costs[number] = costs.get(number, 0) + max(0, count - (other if place else first))
    return costs


def _checked(inputs: Samples) -> Samples:
    if inputs.dtype != np.int8 or not len(inputs):
        raise EmulationFailed("inputs", "need at least one sample, of int8.")
    return np.ascontiguousarray(inputs).reshape(len(inputs), -1)


def _runs(linked: Linked, samples: Samples, limits: Limits) -> Iterator[list[Record]]:
    """Run the program as often as it takes to hold all samples."""
    start = linked.symbols["board_samples"].address
    room = linked.board.flash.base + linked.board.flash.size_bytes - start - 4
    at_once = room // samples.shape[1]
    if at_once < 1:
        need = f"need {samples.shape[1]} bytes of flash beside the program for a sample"
        raise EmulationFailed("inputs", f"{need}, there are {max(room, 0)}.")
    for first in range(0, len(samples), at_once):
        yield _run(linked, samples[first : first + at_once], start, limits)


def _run(linked: Linked, samples: Samples, start: int, limits: Limits) -> list[Record]:
    tools.require(tools.QEMU)
    board = linked.board
    with tempfile.TemporaryDirectory(prefix="board-") as name:
        folder = Path(name)
        (folder / "program.elf").write_bytes(linked.elf)
        (folder / "samples.bin").write_bytes(struct.pack("<I", len(samples)) + samples.tobytes())
        shift = 0 if board.counter is None else board.counter.shift
        words = [
            *(tools.QEMU, "-M", board.machine, "-nodefaults", "-no-user-config", "-no-reboot"),
            *("-display", "none", "-monitor", "none", "-serial", "file:answers.bin"),
            *(("-sandbox", SANDBOX) if sys.platform == "linux" else ()),
            *("-accel", f"tcg,tb-size={TRANSLATED_MIB}", "-icount", f"shift={shift}"),
            *("-kernel", "program.elf", *board.words),
            *("-device", f"loader,file=samples.bin,addr={start:#x},force-raw=on"),
        ]
        cause = None
        try:
            scratch.run(words, folder, limits)
        except ToolFailed as failed:
            cause = failed
        answers = folder / "answers.bin"
        records = list(_records(answers.read_bytes() if answers.exists() else b""))
    for record in records:
        if record.kind == "F":
            raise _fault(linked, record)
    if cause is not None:
        raise EmulationFailed("qemu", f"{board.machine}: {cause.message}") from cause
    if not records or records[-1].kind != "E":
        raise EmulationFailed("qemu", f"{board.machine}: the program ended too early.")
    return records


def _records(told: bytes) -> Iterator[Record]:
    at = 0
    while at + HEAD.size <= len(told):
        kind, length = HEAD.unpack_from(told, at)
        at += HEAD.size
        if at + length > len(told):
            return
        yield Record(kind.decode("latin-1"), told[at : at + length])
        at += length


def _fault(linked: Linked, record: Record) -> EmulationFailed:
    number, where = record.words()
    if not where:
        need = f"need more stack than the {linked.sizes.stack_bytes} bytes reserved."
        return EmulationFailed("stack", need)
    place = function_at(linked.symbols.values(), where)
    return EmulationFailed("fault", f"exception {number} in {place} on {linked.board.machine}.")


def _counts(records: list[Record], counter: Counter) -> Iterator[int]:
    """Instructions of each answer in a run, less those of reading the clock."""
    [nothing] = [counter.instructions(r.words()[0]) for r in records if r.kind == "N"]
    for record in records:
        if record.kind == "O":
            yield counter.instructions(record.words()[0]) - nothing + NOTHING
