"""One shape for every benchmark's result: figures measured, claims computed from them."""

import json
import os
import platform
import subprocess
from pathlib import Path

from benchmarks.provenance import versions_of

RESULTS = Path(__file__).parent / "results"
LIBRARIES = ("tinyfront-server", "torch", "gpytorch", "botorch", "fastapi", "sqlalchemy")


def record(name: str, figures: dict[str, float], meets: dict[str, bool]) -> None:
    """Save the record of benchmark `name` and print it as one line of JSON.

    Args:
        name: the module's name; the record lies under `benchmarks/results/<name>.json`.
        figures: what was measured, with the unit in each name.
        meets: each claim asked of this benchmark, computed from the figures.
    """
    entry = {
        "name": name,
        "commit": _commit(),
        "versions": versions_of(LIBRARIES),
        "machine": _machine(),
        "figures": figures,
        "meets": meets,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(entry, indent=1) + "\n")
    print(json.dumps(entry))


def _commit() -> str:
    """The commit measured; `+changes` when the working tree holds more than the commit."""
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    status = subprocess.run(
        ["git", "status", "--porcelain", "--", ".", ":!benchmarks/results"],
        capture_output=True,
        text=True,
    )
    return head.stdout.strip() + ("+changes" if status.stdout.strip() else "")


def _machine() -> dict[str, str | int]:
    return {
        "cores": len(os.sched_getaffinity(0)),
        "architecture": platform.machine(),
        "system": platform.system(),
    }
