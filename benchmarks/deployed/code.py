"""The bytes of `resource_models/code_size.py`, fitted to linked layers; how near they come."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linprog, nnls

from benchmarks.deployed.counting import told
from benchmarks.deployed.fit import FOLDS
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
    by_form: dict[str, list[tuple[tuple[bool, ...], int]]] = defaultdict(list)
    for found in programs:
        for form, runs, size in found.layers:
            by_form[form].append((runs, size))
    likely, most = {}, {}
    for form, rows in sorted(by_form.items()):
        design = np.array([runs for runs, _ in rows], float)
        sizes = np.array([size for _, size in rows], float)
        costs, _ = nnls(design / sizes[:, None], np.ones(len(sizes)))
        bounds = linprog(design.sum(0), A_ub=-design, b_ub=-sizes, bounds=(0, None)).x * MARGIN
        likely[form] = [round(float(each), 1) for each in costs]
        most[form] = [round(float(each), 1) for each in bounds]
    flash = max(each.code_besides_bytes + each.flash_besides_bytes for each in programs)
    besides = {
        "code_bytes": round(np.mean([each.code_besides_bytes for each in programs])),
        "most_flash_bytes": round(MARGIN * flash),
        "most_ram_bytes": round(MARGIN * max(each.ram_besides_bytes for each in programs)),
    }
    return {"likely": likely, "most": most, "besides": besides}


def held_out(programs: Sequence[Program]) -> tuple[float, int]:
    """Of programs that the fit has not seen: mean relative error, how many exceeded the most."""
    errors: list[float] = []
    larger = 0
    for number in range(FOLDS):
        costs = fitted([each for i, each in enumerate(programs) if i % FOLDS != number])
        besides = costs["besides"]
        for each in programs[number::FOLDS]:
            likely = _sum(costs["likely"], each.layers) + besides["code_bytes"]
            errors.append(abs(likely - each.code_bytes) / each.code_bytes)
            most = _sum(costs["most"], each.layers) + besides["most_flash_bytes"]
            larger += (
                each.code_bytes + each.flash_besides_bytes > most
                or each.ram_besides_bytes > besides["most_ram_bytes"]
            )
    return float(np.mean(errors)), larger


def _sum(costs: Mapping[str, Sequence[float]], layers: Iterable[Layer]) -> float:
    """A form that was not seen takes nothing."""
    return sum(float(np.dot(costs[form], runs)) for form, runs, _ in layers if form in costs)
