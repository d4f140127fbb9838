"""The bytes of `resource_models/code_size.py`, fitted to linked layers; how near they come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linprog

from benchmarks.deployed.counting import told
from benchmarks.deployed.fit import FOLDS, foretold
from benchmarks.deployed.fit import fitted as relative
from resource_models.code_size import loops

# Networks are still to come that no program here is like.
MARGIN = 1.5
Layer = tuple[str, tuple[bool, ...], int]  # form of the kernel, which loops it has, bytes


@dataclass(frozen=True, slots=True)
class Program:
    """What was linked for one network: bytes of its layers, and what is besides."""

    layers: Sequence[Layer]
    code_besides_bytes: int
    flash_besides_bytes: int
    ram_besides_bytes: int

    @property
    def code_bytes(self) -> int:
        """Of all code."""
        return self.code_besides_bytes + sum(size for *_, size in self.layers)


def program(line: Mapping[str, Any], core: str) -> Program:
    """The program of a line for a core."""
    sizes = line["code_sizes"][core]
    found = [(*runs, sizes["layers"][name]) for name, runs in loops(*told(line)).items()]
    return Program(found, *(sizes[name] for name in ("besides", "flash_besides", "ram_besides")))


def fitted(programs: Sequence[Program]) -> dict[str, Any]:
    """What `code_size.json` holds of a core."""
    layers = [layer for each in programs for layer in each.layers]
    most = {}
    for form in sorted({form for form, *_ in layers}):
        rows = [(runs, size) for own, runs, size in layers if own == form]
        design, sizes = (np.array(part, float) for part in zip(*rows, strict=True))
        found = linprog(design.sum(0), A_ub=-design, b_ub=-sizes, bounds=(0, None)).x
        most[form] = [round(MARGIN * float(each), 1) for each in found]
    flash = max(each.code_besides_bytes + each.flash_besides_bytes for each in programs)
    besides = {
        "code_bytes": round(np.mean([each.code_besides_bytes for each in programs])),
        "most_flash_bytes": round(MARGIN * flash),
        "most_ram_bytes": round(MARGIN * max(each.ram_besides_bytes for each in programs)),
    }
    return {"likely": relative(layers), "most": most, "besides": besides}


def held_out(programs: Sequence[Program]) -> tuple[float, int]:
    """Of programs that the fit has not seen: mean relative error, how many exceeded the most."""
    errors: list[float] = []
    larger = 0
    for number in range(FOLDS):
        costs = fitted([each for i, each in enumerate(programs) if i % FOLDS != number])
        besides = costs["besides"]
        for each in programs[number::FOLDS]:
            likely = foretold(each.layers, costs["likely"]) + besides["code_bytes"]
            errors.append(abs(likely - each.code_bytes) / each.code_bytes)
            most = foretold(each.layers, costs["most"]) + besides["most_flash_bytes"]
            larger += (
                each.code_bytes + each.flash_besides_bytes > most
                or each.ram_besides_bytes > besides["most_ram_bytes"]
            )
    return float(np.mean(errors)), larger
