"""`.tflite` files run by TensorFlow Lite Micro, in a process of its own with limits."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worker.deploy import tflm_child
from worker.deploy.errors import RuntimeLate, RuntimeRefused
from worker.deploy.packages import version_of
from worker.deploy.record import Int8Graph

PACKAGE = "tflite-micro"
INSTALL = "pip install 'tinyfront-server[deploy]'"
NAME = "model.tflite"
MIB = 2**20
TOTALS = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")
LONGEST_REASON = 500

Samples = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the process may take; the arena is the runtime's and counts as memory."""

    seconds: int = 60
    memory_bytes: int = 2048 * MIB
    file_bytes: int = 256 * MIB
    arena_bytes: int = 16 * MIB


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, eq=False)
class TflmRun:
    """What the runtime answered, and the bytes of its arena: tensors, what stays, both."""

    answers: Samples
    head_bytes: int
    tail_bytes: int
    total_bytes: int
    version: str


def installed() -> str | None:
    """The version of the runtime; None where there is none."""
    return version_of(PACKAGE)


def files(record: Int8Graph) -> dict[str, bytes]:
    """The `.tflite` file of a network, by its name; none where there is no runtime."""
    if installed() is None:
        return {}
    from worker.deploy.tflite.writer import tflite_file  # the schema comes with the runtime

    return {NAME: tflite_file(record)}


def run(model: bytes, samples: Samples, limits: Limits = DEFAULT_LIMITS) -> TflmRun:
    """Let TensorFlow Lite Micro answer int8 samples, `n x` the input's shape; see `run_all`."""
    return run_all([(model, samples)], limits)[0]


def run_all(
    jobs: Sequence[tuple[bytes, Samples]], limits: Limits = DEFAULT_LIMITS
) -> list[TflmRun]:
    """Run files, each on samples of its own, one after the other in one process.

    Raises:
        RuntimeRefused: it is not installed, refuses a file, crashes, or takes too much; `field`
            counts the files from 0, as in `tflm.3`.
    """
    found = installed()
    if found is None:
        raise RuntimeRefused("tflm", f"need tflite-micro: {INSTALL}.")
    with tempfile.TemporaryDirectory(prefix="tflm-") as name:
        folder = Path(name)
        for number, (model, samples) in enumerate(jobs):
            if samples.dtype != np.int8 or not len(samples):
                raise RuntimeRefused(f"tflm.{number}", "need at least one sample, of int8.")
            (folder / f"{number}.tflite").write_bytes(model)
            np.save(folder / f"{number}.npy", samples, allow_pickle=False)
        kind, cause = _started(folder, limits)
        for number in range(len(jobs)):
            if not (folder / f"{number}.answers.npy").exists():
                raise kind(f"tflm.{number}", cause)
        return [_result(folder, number, found) for number in range(len(jobs))]


def _result(folder: Path, number: int, version_: str) -> TflmRun:
    report = (folder / f"{number}.txt").read_text(errors="replace")
    sizes = {part: int(size) for part, size in TOTALS.findall(report)}
    if sizes.keys() != {"total", "head", "tail"}:
        raise RuntimeRefused(f"tflm.{number}", f"{version_} reports its arena in another way.")
    answers = np.load(folder / f"{number}.answers.npy", allow_pickle=False)
    return TflmRun(answers, sizes["head"], sizes["tail"], sizes["total"], version_)


def _started(folder: Path, limits: Limits) -> tuple[type[RuntimeRefused], str]:
    """Run the process to its end; what is wrong if an answer is missing then."""
    asked = (limits.arena_bytes, limits.seconds, limits.memory_bytes, limits.file_bytes)
    command = [sys.executable, tflm_child.__file__, str(folder), *map(str, asked)]
    # Nothing of our environment: it may hold keys. One thread: others would reserve memory.
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"}
    try:
        ended = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=limits.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return RuntimeLate, f"no answer within {limits.seconds} s."
    return RuntimeRefused, _cause(ended.returncode, ended.stderr)


def _cause(status: int, stderr: bytes) -> str:
    """Why the process ended: its signal, or its last words in one line."""
    if not status:
        return "the runtime gave no answer."
    if status < 0:
        return f"the runtime died of {signal.Signals(-status).name}."
    lines = stderr.decode(errors="replace").split("\n")
    said = [line for line in lines if line.strip() and not line.startswith(("Traceback", "  "))]
    return f"the runtime refused the file: {' '.join(said)[:LONGEST_REASON]}"
