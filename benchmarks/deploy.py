"""From networks to programs: equal bytes everywhere, instructions on every core.

Three parts, each resumed where it was stopped: `agreement` (random networks and ten trained ones on
every runtime and board, at two levels of optimisation), `counting` (each layer of random ones on
every core), `fit` (the formulas, from what was counted; it also writes `counted.json` and
`code_size.json` of `resource_models`). Without `--part` all run, and the record is written. Needs
the compiler and the emulator of the boards: `make arm`.
"""

import argparse
import hashlib
import json
import os
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.deployed import agreement, code, counting, trained
from benchmarks.deployed.fit import fitted, held_out
from benchmarks.deployed.networks import NAMES
from benchmarks.lines import Lines, finish, keep_bytes
from benchmarks.provenance import check_same
from benchmarks.record import RESULTS, record
from worker.deploy.boards import tools

AGREEING, COUNTED = 105, 315  # networks; as many of each space
KEY = ("space", "number")
FITTED = Path(__file__).parents[1] / "resource_models" / "counted.json"
CODE = FITTED.with_name("code_size.json")
# Instructions on an M4: of the best network of kernels of the study, and of CMSIS-NN.
CHAIN_MOST, CMSIS_NN = 1_320_000, 1_990_000
CHAIN = {"space": "chain", "number": 0}


def wanted(count: int) -> list[dict[str, Any]]:
    """So many networks, of each space in turn."""
    return [{"space": NAMES[i % len(NAMES)], "number": i // len(NAMES)} for i in range(count)]


def agreement_figures(lines: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Sums over all networks, and the chain network by itself."""
    check_same(lines, "code", "texts", "tools", "trained_by")
    chain = next(line for line in lines if line["space"] == "chain")
    random = [line for line in lines if line["space"] in NAMES]
    figures: dict[str, float] = {
        "networks": len(random),
        "trained_networks": sum(line["space"] in trained.NETWORKS for line in lines),
        "differing_bytes": sum(sum(line["differing_bytes"].values()) for line in lines),
        "sizes_that_differ": sum(line["sizes_that_differ"] for line in lines),
        "gates_wrong": sum(line["gates_wrong"] for line in lines),
        "stack_beyond_reserve": sum(
            found["stack_bytes"] > found["stack_reserve_bytes"]
            for line in lines
            for found in line["counted"].values()
        ),
    }
    for name, found in chain["counted"].items():
        figures[f"chain {name} instructions"] = found["instructions"]
    for name in chain["counted"]:
        per_mac = [line["counted"][name]["instructions"] / line["macs"] for line in random]
        figures[f"{name} median_instructions_per_mac"] = statistics.median(per_mac)
    return figures


def fit_figures(lines: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Fit every core, keep the costs, say how well networks that were left out are foretold."""
    check_same(lines, "code", "texts")
    figures: dict[str, float] = {
        "counted_networks": len(lines),
        "layers_in_place": sum(len(line["in_place"]) for line in lines),
    }
    costs = {}
    for core in agreement.CORES:
        formula, macs = held_out(lines, core)
        for name, found in (("formula", formula), ("macs", macs)):
            figures[f"{core} {name} r2"] = found.r2
            figures[f"{core} {name} mean_error"] = found.mean_error
            figures[f"{core} {name} worst_error"] = found.worst_error
        costs[core] = fitted(
            layer for line in lines for layer in counting.examples(line, core, ordinary=True)
        )
    text = json.dumps({"networks": len(lines), "level": counting.LEVEL, "cores": costs}, indent=1)
    keep_bytes(FITTED, f"{text}\n".encode())
    figures |= code_figures(lines)
    figures["fit"] = int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)
    return figures


def code_figures(lines: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Fit the bytes of code on every core, keep them, say how near they come."""
    figures: dict[str, float] = {"programs_larger_than_foretold": 0}
    cores = {}
    for core in agreement.CORES:
        programs = [code.program(line, core) for line in lines]
        cores[core] = code.fitted(programs)
        figures[f"{core} code mean_error"], larger = code.held_out(programs)
        figures["programs_larger_than_foretold"] += larger
    kept = {"networks": len(lines), "level": counting.LEVEL, "cores": cores}
    keep_bytes(CODE, f"{json.dumps(kept, indent=1)}\n".encode())
    return figures


def claims(figures: dict[str, float]) -> dict[str, bool]:
    """What is required."""
    cores = tuple(agreement.CORES)
    return {
        "at least 100 random networks": figures["networks"] >= 100,
        "ten trained networks": figures["trained_networks"] >= 10,
        "no byte differs anywhere": figures["differing_bytes"] == 0,
        "arena, weights and tables as by formula": figures["sizes_that_differ"] == 0,
        "links fail exactly where flash or RAM end": figures["gates_wrong"] == 0,
        "no stack beyond its reserve": figures["stack_beyond_reserve"] == 0,
        "the chain on an M4 in at most 1.32 M": figures["chain m4 -O3 instructions"] <= CHAIN_MOST,
        "the chain on an M4 in 1/1.5 of CMSIS-NN": 1.5 * figures["chain m4 -O3 instructions"]
        <= CMSIS_NN,
        "by formula none fits that the linker refuses": figures["programs_larger_than_foretold"]
        == 0,
        "a formula from at least 300 networks": figures["counted_networks"] >= 300,
        "it foretells better than MACs on every core": all(
            figures[f"{core} formula mean_error"] < figures[f"{core} macs mean_error"]
            for core in cores
        ),
    }


def main() -> None:
    """Run the parts that are missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=("agreement", "counting", "fit"))
    parser.add_argument("--networks", type=int, help="fewer than all; no record is written")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    reason = tools.missing()
    if reason is not None:
        raise SystemExit(f"deploy: not verified: {reason}")
    agreeing = Lines(RESULTS / "deploy_agreement.jsonl", KEY)
    counted = Lines(RESULTS / "deploy_counts.jsonl", KEY)
    if asked.part in (None, "agreement"):
        learnt = trained.wanted()[: asked.networks]
        runs = [CHAIN, *wanted(asked.networks or AGREEING), *learnt]
        finish(agreeing, runs, agreement.run, asked.processes)
    if asked.part in (None, "counting"):
        finish(counted, wanted(asked.networks or COUNTED), counting.run, asked.processes)
    figures: dict[str, float] = {}
    if asked.part in (None, "agreement"):
        figures |= agreement_figures(agreeing.read())
    if asked.part in (None, "fit"):
        figures |= fit_figures(counted.read())
    for name, value in figures.items():
        print(f"{name}: {value:,.4g}")
    if asked.part is None and asked.networks is None:
        record("deploy", figures, claims(figures))


if __name__ == "__main__":
    main()
