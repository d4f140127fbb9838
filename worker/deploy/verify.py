"""Check a network level by level, from formulas to the program that its device runs.

This is also a program, `python -m worker.deploy.verify FOLDER`, so that whoever wants a network
checked can do it in a process of its own, with limits. Of the folder it reads the two files of the
record, the vectors and `device.json`; it prints a line of JSON for each level as it ends, and the
whole record as the last one.
"""

import json
import resource
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from resource_models.devices import Device
from resource_models.errors import ResourceError
from worker.deploy import scratch, storage, vectors
from worker.deploy.errors import DeployError
from worker.deploy.levels import LEVELS, Case
from worker.deploy.record import Int8Graph
from worker.deploy.vectors import Vectors
from worker.deploy.verification import FAILED, NOT_VERIFIED, PASSED, Level, Verification

DEVICE_NAME = "device.json"
HERE, ON_BOARD = "L1", ("L2", "L3")
FILES = (storage.JSON_NAME, storage.ARRAYS_NAME, vectors.NAME, DEVICE_NAME)
# Of the program itself; the tools that it starts have limits of their own, below these.
CPU_S = 300
REFUSED = 1
Told = Callable[[Level], None]


def verify(
    record: Int8Graph, samples: Vectors, device: Device, told: Told = lambda _: None
) -> Verification:
    """Check all levels, in order, up to the first that fails.

    What the formulas had to leave to the linker has passed if it did.

    Args:
        record: the network.
        samples: inputs, and the answers that its simulation gives.
        device: where it will run.
        told: called with each level as soon as it is decided.

    Raises:
        InvalidVectors: the samples are those of another network.
    """
    case = Case(record, samples, device)
    levels: list[Level] = []
    checks = dict(LEVELS)
    with ThreadPoolExecutor(1) as beside:
        for name in LEVELS:
            failed = next((each.name for each in levels if each.state == FAILED), None)
            if failed is None and name == HERE:
                # What this machine and the board's tools do, they do at the same time.
                for there in ON_BOARD:
                    checks[there] = _waiting(beside.submit(checks[there], case))
            level = (
                checks[name](case)
                if failed is None
                else Level(name, NOT_VERIFIED, f"{failed} failed.")
            )
            levels.append(level)
            told(level)
    formula, _, linked, _ = levels
    if formula.state == NOT_VERIFIED and linked.state == PASSED:
        levels[0] = replace(formula, state=PASSED, reason="")
    return Verification(device.name, len(samples.inputs), tuple(levels))


def _waiting(level: Future[Level]) -> Callable[[Case], Level]:
    return lambda _: level.result()


def main(folder: Path) -> None:
    """Verify what lies in a folder."""
    _limit()
    signal.signal(signal.SIGTERM, _leave)
    case = case_of(folder)
    found = verify(
        case.record, case.vectors, case.device, lambda level: _say({"level": level.to_json()})
    )
    _say({"verification": found.to_json(), "verdict": found.verdict})


def case_of(folder: Path) -> Case:
    """The network that lies in a folder, with its vectors and its device."""
    content = {name: (folder / name).read_bytes() for name in FILES}
    record = storage.read(content[storage.JSON_NAME], content[storage.ARRAYS_NAME])
    device = Device.from_json(json.loads(content[DEVICE_NAME]))
    return Case(record, vectors.read(content[vectors.NAME]), device)


def run(program: Callable[[Path], None]) -> None:
    """Let a program work in the folder that it is given; why it refuses, it says in a line."""
    try:
        program(Path(sys.argv[1]))
    except (DeployError, ResourceError, OSError, ValueError) as error:
        sys.stderr.write(" ".join(f"{error}".split()) + "\n")
        sys.exit(REFUSED)


def _leave(number: int, frame: FrameType | None) -> None:
    """End, and all tools with us."""
    scratch.end_all()
    sys.exit(REFUSED)


def _limit() -> None:
    """A graph that is made to take for ever to plan is as far as it gets."""
    for kind, most in (
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        if hard == resource.RLIM_INFINITY or most < hard:
            resource.setrlimit(kind, (most, most))


def _say(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run(main)
