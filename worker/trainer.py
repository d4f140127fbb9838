"""Inside the training process: torch, the accelerator and a data set, kept between trials."""

import gc
import json
import os
import platform
import resource
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from worker import messages
from worker.child import Place
from worker.data import DataSet, binary_of, load
from worker.deploy_step import deployed_files
from worker.errors import Infeasible, NoTrainer, OtherData, UnsupportedWork, UnusableData
from worker.inherit import Parent
from worker.messages import receive, send
from worker.parents import FILES
from worker.tensors import Tensors, tensors
from worker.test_set import errors_on_test_set
from worker.train import train
from worker.weights import weights_file
from worker.work import ERROR, FLOAT_ERROR, Work

STATM = Path("/proc/self/statm")  # of Linux; the second number counts resident pages
GRAPH, WEIGHTS = FILES
LONGEST_REASON = 1000


@dataclass(frozen=True, slots=True)
class Held:
    """A data set, and its tensors as one kind of study sees them."""

    data: DataSet
    binary: int | None
    tensors: Tensors


class Trainer:
    """Trains one network after the other and holds on to the last data set."""

    def __init__(self, place: Place) -> None:
        cuda = torch.cuda.is_available()
        if place.accelerator == "cuda" and not cuda:
            raise NoTrainer("--accelerator cuda: torch finds no CUDA device here; use cpu or auto.")
        torch.set_num_threads(place.threads)
        self._place = place
        self._device = torch.device("cuda" if cuda and place.accelerator != "cpu" else "cpu")
        self._held: Held | None = None

    def ready(self) -> messages.Ready:
        """What the server is told of this process."""
        versions = {"python": platform.python_version(), "torch": str(torch.__version__)}
        return messages.Ready(self._device.type, versions, _memory_mib(self._device))

    def answer(self, asked: messages.Train, pipe: Connection) -> None:
        """Do the work and say how it ended.

        Raises:
            BrokenPipeError: nobody listens any more.
        """
        try:
            outcome = self._completed(asked, pipe)
        except Infeasible as error:
            outcome = messages.Infeasible(str(error))
        except (OtherData, UnusableData) as error:
            outcome = messages.OtherData(str(error))
        except UnsupportedWork as error:
            outcome = messages.Failed(str(error), broken=False)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:
            outcome = messages.Failed(_cause(error), broken=True)
        send(pipe, outcome)
        gc.collect()  # a network refers to itself; its memory is wanted back now, not some day
        if not gc.get_freeze_count():  # all of torch is not walked again after every trial
            gc.freeze()

    def _completed(self, asked: messages.Train, pipe: Connection) -> messages.Message:
        work = Work.from_json(asked.work)
        parent = Parent.from_files(*asked.contents) if work.inherits else None
        held = self._data(work)
        started_s = time.monotonic()
        stopped = False

        def report(epoch: int, metrics: dict[str, float]) -> bool:
            nonlocal stopped
            send(pipe, messages.Epoch(epoch, metrics))
            while pipe.poll():
                stopped = isinstance(receive(pipe), messages.Stop) or stopped
            return stopped

        trained = train(work, held.tensors, report, parent)
        metrics = {
            ERROR: trained.error,
            FLOAT_ERROR: trained.float_error,
            "validation_images": len(held.data.validation),
            "train_s": round(time.monotonic() - started_s, 3),
            **trained.figures,
        }
        if work.confirms:
            metrics |= errors_on_test_set(trained, held.data, self._device)
            metrics["test_images"] = len(held.data.y_test)
        details = {
            "epochs": trained.epochs,
            "stopped": stopped,
            "accelerator": self._device.type,
            "threads": self._place.threads,
            "torch": str(torch.__version__),
            **trained.details,
        }
        # What came out: of a pruned network, smaller than what was asked for.
        graph = json.dumps(trained.network.graph.to_json(), indent=1).encode()
        files = {WEIGHTS: weights_file(trained.network), GRAPH: graph}
        if trained.record is not None:
            files |= deployed_files(trained.record, trained.network, held.tensors)
        contents = list(files.values())
        return messages.Completed(metrics, details, list(files), memory_bytes(), contents)

    def _data(self, work: Work) -> Held:
        asked = (work.data, work.data_sha256, work.binary)
        held = self._held
        if held is None or (held.data.name, held.data.sha256, held.binary) != asked:
            self._held = held = None  # the old set goes before the new one needs its place
            data = load(self._place.data_dir, work.data)
            if data.sha256 != work.data_sha256:
                raise OtherData(
                    f"{work.data} has the sha256 {data.sha256[:12]}… on this worker; "
                    f"the study was made with {work.data_sha256[:12]}…."
                )
            if work.binary is not None:
                data = binary_of(data, work.binary)
            self._held = held = Held(data, work.binary, tensors(data, self._device))
        if held.data.split_sha256 != work.split_sha256:
            raise OtherData(
                f"This worker splits {work.data} in another way than the study does; "
                "give both the same release."
            )
        return held


def memory_bytes() -> int:
    """Memory that this process occupies now; where that is not told, the most it ever did."""
    if STATM.exists():
        return int(STATM.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _cause(error: Exception) -> str:
    """The error in one line, with the place where it came up."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return f"{text[:LONGEST_REASON]} ({Path(place.filename).name}, line {place.lineno})"


def _memory_mib(device: torch.device) -> int:
    """All memory of a GPU, or of this machine."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory) // 2**20
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
