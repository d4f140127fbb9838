"""Write a network for a device: its C project, its `.tflite` file and its figures.

A program, `python -m worker.deploy.export FOLDER`. Of the folder it reads what `verify.py` reads,
and it writes into it: the project below `c/`, `model.tflite` and `figures.json`. It prints the
path of each file, a line each.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from resource_models.devices import Device
from worker.deploy import tflm
from worker.deploy.c.project import project
from worker.deploy.levels import Case, formulas
from worker.deploy.record import Int8Graph
from worker.deploy.vectors import Vectors
from worker.deploy.verification import FAILED, NOT_VERIFIED, PASSED, State
from worker.deploy.verify import case_of, run

FITS: Mapping[State, bool | None] = {PASSED: True, FAILED: False, NOT_VERIFIED: None}
PROJECT, FIGURES = "c", "figures.json"


def exported(record: Int8Graph, samples: Vectors, device: Device) -> Mapping[str, bytes]:
    """The files of a network, by their path.

    Args:
        record: the network.
        samples: inputs with their answers; the project compares some of them on the device.
        device: to whose memory the figures are held. Parts of a network that does not fit its SRAM
            run in bands, if it fits then.
    """
    case = Case(record, samples, device)
    texts = project(record, vectors=samples, arena_budget_bytes=case.budget_bytes)
    found = {f"{PROJECT}/{name}": text.encode() for name, text in texts.items()}
    level = formulas(case)
    figures = {
        "device": device.name,
        "fits_by_formula": FITS[level.state],
        "sram_bytes": device.sram_bytes,
        "flash_bytes": device.flash_bytes,
        **level.figures,
    }
    return found | tflm.files(record) | {FIGURES: json.dumps(figures, indent=1).encode() + b"\n"}


def main(folder: Path) -> None:
    """Write the files of what lies in a folder, beside it."""
    case = case_of(folder)
    for name, content in exported(case.record, case.vectors, case.device).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    run(main)
