"""Runs `.tflite` files in TensorFlow Lite Micro; a program of its own, started by `tflm.py`.

It is given a folder and its limits. The interpreter may crash on a file it does not like, so nobody
else lives in this process, and it imports nothing of ours.
"""

import os
import resource
import sys
from pathlib import Path


def limit(cpu_s: int, memory_bytes: int, file_bytes: int) -> None:
    """Take from this process what it does not need."""
    for kind, most in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(kind, (most, most))


def main(folder: Path, arena_bytes: int) -> None:
    """Answer `N.npy` by `N.tflite` in `N.answers.npy`, with the report of the runtime in `N.txt`.

    N counts from 0; what is there when the process ends says how far it came.
    """
    import numpy as np
    from tflite_micro.python.tflite_micro import runtime

    errors = os.dup(2)
    for number in range(len(list(folder.glob("*.tflite")))):
        samples = np.load(folder / f"{number}.npy", allow_pickle=False)
        model = (folder / f"{number}.tflite").read_bytes()
        interpreter = runtime.Interpreter.from_bytes(model, arena_size=arena_bytes)
        answers = []
        for sample in samples:
            interpreter.set_input(sample[None], 0)
            interpreter.invoke()
            answers.append(interpreter.get_output(0)[0].copy())
        report = os.open(folder / f"{number}.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(report, 2)  # the runtime prints its allocations there, from C
        interpreter.print_allocations()
        os.dup2(errors, 2)
        os.close(report)
        np.save(folder / f"{number}.answers.npy", np.stack(answers), allow_pickle=False)


if __name__ == "__main__":
    limit(*map(int, sys.argv[3:]))
    main(Path(sys.argv[1]), int(sys.argv[2]))
