"""What it takes to export and verify a network, and what that costs a study.

First some networks of digits are trained, and the time from the end of the training until all
levels are decided is taken: the files, and the check in a process of its own, as workers do it.
Then a study of 100 trials with a worker that verifies what comes onto the front and with one that
does not, in turn. Its networks are drawn at random, so that both arms of a round train the same
ones, and a worker never waits for a proposal. Forty minutes on two cores. Needs the boards' tools
(`make arm`).
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.deployed.trained import made
from benchmarks.load.place import Place, at_work, serving, until
from benchmarks.quantised import BOARD
from benchmarks.record import record
from resource_models.devices import DEVICES
from tests.conftest import upgrade
from worker.deploy.boards import tools
from worker.deploy.verification import PASSED, Verification
from worker.deploy.verify import DEVICE_NAME
from worker.deploy_step import deployed_files
from worker.verifier import started

DATA, NETWORKS = "digits", 8
TRIALS, ROUNDS = 100, 5
ARMS = {"verified": "--verify", "plain": "--no-verify"}
MOST_S, MOST_SHARE = 2.0, 0.10
PATIENCE_S = 3600.0


def after_training(number: int) -> tuple[float, float]:
    """Seconds of the files and of the check, of one network."""
    network, int8, data = made(DATA, number)
    begun_s = time.perf_counter()
    files = deployed_files(int8, network, data)
    exported_s = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        (folder / DEVICE_NAME).write_text(json.dumps(DEVICES[BOARD].to_json()))
        with (folder / "told").open("wb") as out:
            status = started(folder, out, out).wait()
        lines = (folder / "told").read_text().splitlines()
    ended_s = time.perf_counter()
    found = Verification.of_json(json.loads(lines[-1])["verification"])
    if status != 0 or any(level.state != PASSED for level in found.levels):
        raise RuntimeError(f"network {number}: {lines}")
    return exported_s - begun_s, ended_s - exported_s


def study_s(place: Place, arm: str, number: int, trials: int) -> tuple[float, int]:
    """Seconds of a study from its first claim to its end, and how many networks were verified."""
    name = f"{arm}-{number}"
    with at_work(place, [["worker", "--name", name, ARMS[arm], "--server", place.url]]):
        until(lambda: place.call("GET", f"/workers?contains={name}")["items"], PATIENCE_S)
        begun_s = time.perf_counter()
        place.call("POST", "/studies", _study(name, number, trials))
        place.await_end(name, PATIENCE_S)
        took_s = time.perf_counter() - begun_s
        if arm == "verified":  # what came last is, when the worker has nothing else to do
            until(lambda: _all_verified(place, name), PATIENCE_S)
    items = place.call("GET", f"/studies/{name}/trials?limit={trials}")["items"]
    return took_s, sum(trial["verified"] is not None for trial in items)


def _study(name: str, seed: int, trials: int) -> dict[str, Any]:
    return {
        "name": name,
        "space": {"kind": "tiny", "max_macs": 300_000},
        "data": DATA,
        "device": BOARD,
        "objectives": [
            {"name": "error"},
            {"name": "model_size:deployed"},
            {"name": "working_memory:arena"},
        ],
        "trials": trials,
        "designer": "random",
        "seed": seed,
    }


def _all_verified(place: Place, study: str) -> bool:
    front = place.call("GET", f"/studies/{study}/front")["items"]
    return all(trial["verified"] is not None for trial in front)


def studies(rounds: int, trials: int) -> dict[str, float]:
    """Seconds of both arms, and the median of what verification adds."""
    told: dict[str, list[float]] = {arm: [] for arm in ARMS}
    verified = []
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite:///{name}/tinyfront.db"
        upgrade(url)
        with serving(url, 1, Path(name)) as place:
            for number in range(rounds):
                # In turn, and by turns first: a machine changes its speed.
                for arm in sorted(ARMS, reverse=number % 2 == 1):
                    took_s, count = study_s(place, arm, number, trials)
                    print(arm, number, round(took_s, 1), count, flush=True)
                    told[arm].append(took_s)
                    verified += [count] if arm == "verified" else []
    ratios = [v / p for v, p in zip(told["verified"], told["plain"], strict=True)]
    return {
        **{f"{arm}_study_s": statistics.median(took) for arm, took in told.items()},
        "study_ratio": statistics.median(ratios),
        "study_ratio_least": min(ratios),
        "study_ratio_most": max(ratios),
        "networks_verified": statistics.median(verified),
    }


def main() -> None:
    """Measure, and record it if that is all."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="show that it works, keep nothing")
    quick = options.parse_args().quick
    reason = tools.missing()
    if reason is not None:
        raise SystemExit(f"verified: {reason}")
    torch.set_num_threads(1)
    times = [after_training(number) for number in range(2 if quick else NETWORKS)]
    sums = [sum(each) for each in times]
    figures = {
        "networks": len(times),
        "export_s": statistics.median(export for export, _ in times),
        "verify_s": statistics.median(check for _, check in times),
        "export_and_verify_s": statistics.median(sums),
        "longest_export_and_verify_s": max(sums),
    }
    print(figures, flush=True)
    figures |= studies(1, 6) if quick else studies(ROUNDS, TRIALS)
    claims = {
        f"each network exported and verified in {MOST_S:g} s": max(sums) < MOST_S,
        "a study of 100 trials at most 10 % slower": figures["study_ratio"] <= 1 + MOST_SHARE,
    }
    if quick:
        print(figures, claims)
    else:
        record("verified", {name: round(value, 4) for name, value in figures.items()}, claims)


if __name__ == "__main__":
    main()
