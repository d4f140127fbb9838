"""A black box through the SDK: `bayes` against `sobol` on BraninCurrin, 40 trials, 10 paired seeds.

Hypervolume is of the raw objectives over the reference point that BoTorch gives for the problem.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from botorch.test_functions.multi_objective import BraninCurrin
from moocore import hypervolume

from benchmarks.record import record
from tinyfront import Client, Parameters, Real, ServerUnreachable, minimize

TRIALS = 40
SEEDS = range(10)
BOX = BraninCurrin(negate=False).double()
REFERENCE = (18.0, 6.0)


@contextmanager
def server() -> Iterator[Client]:
    """A server of our own on a fresh database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        log = (Path(folder) / "log").open("wb")
        command = [sys.executable, "-m", "service", "serve", "--port", str(port)]
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=log,
            stderr=log,
            env=os.environ | {"PYTHONPATH": os.getcwd()},
        )
        try:
            with Client(f"http://127.0.0.1:{port}") as client:
                for _ in range(300):
                    try:
                        client.devices()
                        break
                    except ServerUnreachable:
                        time.sleep(0.1)
                yield client
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
            log.close()


def run(client: Client, designer: str, seed: int) -> float:
    """The hypervolume after all trials of one study."""
    study = client.create_study(
        f"{designer}-{seed}",
        space=Parameters(Real("x", 0, 1), Real("y", 0, 1)),
        objectives=[
            minimize("branin", reference=REFERENCE[0]),
            minimize("currin", reference=REFERENCE[1]),
        ],
        trials=TRIALS,
        designer=designer,
        seed=seed,
        think_s=60,  # the machine may be slow; a fallback would not be `bayes`
    )
    for trial in study.ask():
        point = torch.tensor([trial.parameters["x"], trial.parameters["y"]], dtype=torch.float64)
        branin, currin = BOX(point).tolist()
        trial.complete({"branin": branin, "currin": currin})
    front = np.array([[t.values["branin"], t.values["currin"]] for t in study.front()])
    return float(hypervolume(front, ref=REFERENCE))


def main() -> None:
    """Run all pairs and record them."""
    figures: dict[str, float] = {}
    with server() as client:
        for seed in SEEDS:
            for designer in ("sobol", "bayes"):
                figures[f"hypervolume_{designer}_seed_{seed}"] = run(client, designer, seed)
    pairs = [
        (figures[f"hypervolume_bayes_seed_{s}"], figures[f"hypervolume_sobol_seed_{s}"])
        for s in SEEDS
    ]
    figures["mean_hypervolume_bayes"] = sum(b for b, _ in pairs) / len(pairs)
    figures["mean_hypervolume_sobol"] = sum(s for _, s in pairs) / len(pairs)
    meets = {"bayes has more hypervolume than sobol in each seed": all(b > s for b, s in pairs)}
    record("branin_currin", figures, meets)


if __name__ == "__main__":
    main()
