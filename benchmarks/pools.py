"""Processes of one thread each, which end with the process that began them."""

import ctypes
import multiprocessing
import os
import signal
import sys
from concurrent.futures import ProcessPoolExecutor

PR_SET_PDEATHSIG = 1  # of <sys/prctl.h>


def pool(processes: int) -> ProcessPoolExecutor:
    """So many processes; each begins when the first task for it is submitted."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(
        processes, mp_context=context, initializer=end_with, initargs=(os.getpid(),)
    )


def end_with(parent: int) -> None:
    """Let the kernel kill this process once its parent has ended, in whatever way; Linux only.

    The processes of a pool whose parent was killed stay otherwise: they finish their task, write
    into the files of the run that goes on by now, and wait for the next task for ever. The kernel
    watches the thread that began the process, so tasks are submitted by the main thread.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it had ended before the kernel knew
        os._exit(1)
