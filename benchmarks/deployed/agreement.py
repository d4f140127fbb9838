"""One network everywhere it can run: which bytes differ, what it takes, whether it fits."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from benchmarks.deployed import networks, trained
from benchmarks.deployed.networks import Case
from benchmarks.provenance import ROOT, code_of
from worker.deploy import host, tflm
from worker.deploy.boards.board import BOARDS
from worker.deploy.boards.emulate import emulate
from worker.deploy.boards.errors import LinkFailed
from worker.deploy.boards.link import Linked, Options, link
from worker.deploy.boards.tools import GCC, QEMU, version
from worker.deploy.c.figures import figures
from worker.deploy.c.project import project
from worker.deploy.levels import macs_of
from worker.deploy.tflite.writer import tflite_file

HERE, EMULATED = 100, 20  # inputs of each sort
CORES = {
    "m0": "microbit",
    "m3": "mps2-an385",
    "m4": "netduinoplus2",
    "m7": "mps2-an500",
    "m33": "mps2-an505",
}
ROOMY = {"m4": "mps2-an386"}  # where the board of the core is too small
LEVELS = ("-O2", "-O3")
DECIDING = (
    "worker.deploy.c.project",
    "worker.deploy.boards.emulate",
    "benchmarks.deployed.networks",
)
STEP_BYTES = 4  # RAM ends at a whole word


def run(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The line of the network that `fields` name by `space` and `number`, or by its data set."""
    learnt = fields["space"] in trained.NETWORKS
    case = trained.case if learnt else networks.case
    found = case(fields["space"], fields["number"], HERE)
    some = found.part(EMULATED)
    files, formula = project(found.record), asdict(figures(found.record))
    differing = here(found)
    counted: dict[str, dict[str, int]] = {}
    sizes_differ = 0
    for core, machine in CORES.items():
        for level in LEVELS:
            program = linked(files, core, machine, Options(level=level))
            ran = emulate(program, some.inputs)
            differing[f"{core} {level}"] = different(ran.outputs, some)
            sizes = asdict(program.sizes)
            sizes_differ += sum(sizes[name] != formula[name] for name in formula)
            counted[f"{core} {level}"] = {
                "instructions": max(ran.instructions),
                "least_instructions": min(ran.instructions),
                "stack_bytes": ran.stack_bytes,
                **{name: sizes[name] for name in ("code_bytes", "flash_bytes", "ram_bytes")},
                "stack_reserve_bytes": sizes["stack_bytes"],
            }
    return {
        **fields,
        "graph": found.record.graph.sha256(),
        "macs": macs_of(found.record),
        "formula": formula,
        "differing_bytes": differing,
        "sizes_that_differ": sizes_differ,
        "counted": counted,
        "gates_wrong": gates(files),
        "code": code_of(*DECIDING),
        **({"trained_by": code_of(*trained.DECIDING)} if learnt else {}),
        "texts": texts(),
        "tools": {GCC: version(GCC), QEMU: version(QEMU), tflm.PACKAGE: tflm.installed()},
    }


def texts() -> str:
    """Names the C that every program is made of: 16 digits."""
    found = hashlib.sha256()
    for path in sorted((ROOT / "worker" / "deploy").rglob("*.*")):
        if path.suffix in (".c", ".h", ".ld"):
            found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()[:16]


def here(found: Case) -> dict[str, int]:
    """Bytes that differ on this machine: TensorFlow Lite Micro, and C with sanitizers."""
    ran = tflm.run(tflite_file(found.record), found.inputs)
    return {
        "tflm": different(ran.answers, found),
        "host": different(host.run(found.record, found.inputs), found),
        "host dsp": different(host.run(found.record, found.inputs, dsp=True), found),
    }


def linked(files: Mapping[str, str], core: str, machine: str, options: Options) -> Linked:
    """A program for the board of a core, or where that is too small for a larger one."""
    board = BOARDS[machine]
    try:
        return link(files, board, board.flash.size_bytes, board.ram.size_bytes, options)
    except LinkFailed as failed:
        if not failed.over_bytes or core not in ROOMY:
            raise
    board = BOARDS[ROOMY[core]]
    return link(files, board, board.flash.size_bytes, board.ram.size_bytes, options)


def gates(files: Mapping[str, str]) -> int:
    """How many of four links end otherwise than they must: what fits exactly, and one step less."""
    board = BOARDS["mps2-an386"]
    need = link(files, board, board.flash.size_bytes, board.ram.size_bytes).sizes
    asked = (
        (need.flash_bytes, need.ram_bytes, {}),
        (need.flash_bytes, need.ram_bytes - STEP_BYTES, {"ram": STEP_BYTES}),
        (need.flash_bytes - 1, need.ram_bytes, {"flash": 1}),
        (need.flash_bytes - 1, need.ram_bytes - STEP_BYTES, {"flash": 1, "ram": STEP_BYTES}),
    )
    return sum(over(files, flash, ram) != must for flash, ram, must in asked)


def over(files: Mapping[str, str], flash_bytes: int, ram_bytes: int) -> Mapping[str, int]:
    """By how much a network overflows memory."""
    try:
        link(files, BOARDS["mps2-an386"], flash_bytes, ram_bytes)
    except LinkFailed as failed:
        return failed.over_bytes
    return {}


def different(answers: Any, found: Case) -> int:
    """Bytes that differ from the simulation."""
    return int(np.count_nonzero(answers.reshape(found.answers.shape) != found.answers))
