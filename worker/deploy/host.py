"""C projects built for this machine with sanitizers, and run."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files as package_files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worker.deploy import scratch
from worker.deploy.c.project import sources
from worker.deploy.errors import ToolFailed
from worker.deploy.record import Int8Graph

Samples = NDArray[np.int8]

DRIVER = package_files("worker.deploy.c") / "host" / "driver.c"
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror")
# What the standard leaves open ends the program: nothing may depend on this machine.
SANITIZERS = (
    "-O1",
    "-g1",
    "-DTINYFRONT_SHARED",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
)
RESERVING = replace(scratch.DEFAULT_LIMITS, memory_bytes=None)  # sanitizers do: terabytes
DSP = "-DTINYFRONT_DSP_IN_C"
OPTIONS = {
    "ASAN_OPTIONS": "hard_rss_limit_mb=1024:detect_leaks=0",
    "UBSAN_OPTIONS": "print_stacktrace=0",
}


def run(
    record: Int8Graph,
    samples: Samples,
    dsp: bool = False,
    arena_budget_bytes: int | None = None,
) -> Samples:
    """The answers of a network in C to int8 samples, `n x` the input's shape; see `run_all`."""
    return run_all([(record, samples)], dsp, [arena_budget_bytes])[0]


def run_all(
    jobs: Sequence[tuple[Int8Graph, Samples]],
    dsp: bool = False,
    budgets_bytes: Sequence[int | None] | None = None,
) -> list[Samples]:
    """Build networks into one program and let each answer its samples.

    Args:
        jobs: networks and int8 samples, `n x` the input's shape.
        dsp: take the kernels for the DSP extension, its instructions written in C.
        budgets_bytes: the largest arena of each network; left out, any.

    Raises:
        ToolMissing: there is no compiler.
        ToolFailed: it does not compile, or a sanitizer found something.
    """
    scratch.require("gcc")
    with tempfile.TemporaryDirectory(prefix="host-") as place:
        folder = Path(place)
        names = [f"net{number}" for number in range(len(jobs))]
        budgets_bytes = budgets_bytes or [None] * len(jobs)
        for name, (record, samples), most in zip(names, jobs, budgets_bytes, strict=True):
            _check(name, record, samples)
            scratch.write(folder, sources(record, name, arena_budget_bytes=most))
            (folder / f"{name}.in").write_bytes(samples.tobytes())
        scratch.write(folder, {"nets.h": _nets(names), "driver.c": DRIVER.read_text("utf-8")})
        flags = [*STRICT, *SANITIZERS, *([DSP] if dsp else [])]
        scratch.run(["gcc", *flags, "-I.", "-o", "host", "driver.c"], folder)
        scratch.run([str(folder / "host")], folder, RESERVING, OPTIONS)
        found = [folder / f"{name}.out" for name in names]
        return [_answers(path, *job) for path, job in zip(found, jobs, strict=True)]


def _check(name: str, record: Int8Graph, samples: Samples) -> None:
    shape = record.graph.input.shape
    if samples.dtype != np.int8 or samples.shape[1:] != shape or not len(samples):
        need = f"need at least one sample of int8 {shape}"
        raise ToolFailed(name, f"{need}, got {samples.dtype} {samples.shape}.")


def _nets(names: Sequence[str]) -> str:
    # All in one file: so they share their kernels, and it compiles in a moment.
    lines = [f'#include "{name}.c"' for name in names]
    lines += ["#define NETS \\"]
    lines += [
        f'    {{"{name}", {name}_input, {name}_output, {name}_run, '
        f"{name.upper()}_INPUT_BYTES, {name.upper()}_OUTPUT_BYTES}}, \\"
        for name in names
    ]
    return "\n".join([*lines, ""]) + "\n"


def _answers(path: Path, record: Int8Graph, samples: Samples) -> Samples:
    found = np.frombuffer(path.read_bytes(), np.int8)
    return found.reshape(len(samples), *record.graph.shapes[record.graph.output])
