"""CUDA's Multi-Process Service: kernels of several processes on one GPU at the same time.

Without it the GPU takes turns between processes, and a small network fills but a part of it.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from worker.fleet.plan import Plan

CONTROL = "nvidia-cuda-mps-control"
ANSWER_S = 20.0


@contextmanager
def shared(plan: Plan) -> Iterator[dict[str, str]]:
    """The environment of workers that share the GPU of a berth; empty where each has turns.

    The service is the berth's own, so only a berth that has a whole GPU starts one: of a GPU that
    several berths share nobody could say when to end it.
    """
    control = shutil.which(CONTROL)
    if control is None or plan.slots == 1 or plan.gpus != 1:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="tf-mps-", ignore_cleanup_errors=True) as folder:
        places = {"CUDA_MPS_PIPE_DIRECTORY": folder, "CUDA_MPS_LOG_DIRECTORY": folder}
        environment = {**os.environ, **places}
        started = subprocess.run(
            [control, "-d"], env=environment, capture_output=True, timeout=ANSWER_S, check=False
        )
        if started.returncode != 0:
            yield {}
            return
        try:
            # The service numbers anew the devices that it was given.
            yield {**places, "CUDA_VISIBLE_DEVICES": "0"}
        finally:
            subprocess.run(
                [control],
                input=b"quit\n",
                env=environment,
                capture_output=True,
                timeout=ANSWER_S,
                check=False,
            )
