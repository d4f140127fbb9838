"""The training process: started by spawn, fed by a pipe, ended with whoever started it.

Importing this module is cheap; torch is imported by the process itself.
"""

import ctypes
import os
import signal
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from worker.errors import NoTrainer
from worker.messages import NotReady, Train, receive, send

PR_SET_PDEATHSIG = 1  # from Linux' prctl.h


@dataclass(frozen=True, slots=True)
class Place:
    """Where and with what the process trains."""

    accelerator: str = "auto"  # auto, cpu or cuda
    threads: int = 1
    data_dir: Path | None = None


def main(pipe: Connection, place: Place, parent_pid: int) -> None:
    """Train what comes through the pipe until it closes."""
    _die_with(parent_pid)
    # The worker decides what a signal means; this process ends with its pipe, or is killed.
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):  # read when torch is imported
        os.environ[name] = str(place.threads)
    from worker.trainer import Trainer

    try:
        trainer = Trainer(place)
        send(pipe, trainer.ready())
        while True:
            asked = receive(pipe)
            if isinstance(asked, Train):  # else a stop that came after the last epoch
                trainer.answer(asked, pipe)
    except NoTrainer as error:
        send(pipe, NotReady(str(error)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _die_with(parent_pid: int) -> None:
    """Have the kernel kill this process with its parent, even in the middle of a training.

    Elsewhere than on Linux it ends at its next word, when it finds the pipe closed.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it died before the kernel knew
        sys.exit(1)
