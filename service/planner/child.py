"""The planner process: keeps the histories it has seen, knows no database, answers in turn."""

import json
import logging
import os
import signal
from collections import OrderedDict
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from service.planner.messages import Answer, Request, receive, send
from service.planner.surroundings import surroundings

if TYPE_CHECKING:  # imported late: threads are counted when NumPy is imported first
    from optimizer.history import Observation
    from optimizer.problem import Problem

LOG = logging.getLogger(__name__)
# Histories kept at once; the server sends an evicted one anew. 10,000 observations are about 10 MB.
STUDIES_KEPT = 16


@dataclass
class Memory:
    """What a process holds of one study; read once, since a long history takes its time."""

    problem: "Problem"
    observations: list["Observation"] = field(default_factory=list)


def main(connection: Connection) -> None:
    """Say where it runs, then answer requests until the pipe closes.

    The pipe also closes when the server is killed.
    """
    # What comes to a whole group is for the server, which kills this process when it ends.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # One thread: several planners share the machine with workers, and results stay the same bit
    # for bit. Set before torch is imported for the first time.
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    import torch

    import optimizer.designers.bayes  # noqa: F401  seconds of import, better before a worker waits

    torch.set_num_threads(1)
    memories: OrderedDict[int, Memory] = OrderedDict()
    try:
        here = surroundings(torch.backends.cpu.get_cpu_capability())
        connection.send_bytes(json.dumps(here).encode())  # which also says that it is ready
        while True:
            send(connection, answer(receive(connection, Request), memories))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def answer(request: Request, memories: "OrderedDict[int, Memory]") -> Answer:
    """Think about one request; whatever goes wrong becomes an answer, and the process lives on."""
    from optimizer.errors import InvalidSpace, SpaceExhausted
    from optimizer.history import Observation
    from optimizer.problem import Problem

    if request.problem is not None:
        memories[request.study_id] = Memory(Problem.from_json(request.problem))
    memory = memories[request.study_id]
    memories.move_to_end(request.study_id)
    if len(memories) > STUDIES_KEPT:
        memories.popitem(last=False)
    memory.observations += [Observation.from_json(row) for row in request.observations]
    try:
        return _propose(request, memory)
    except (InvalidSpace, SpaceExhausted) as exhausted:
        return Answer([], trouble="exhausted", reason=str(exhausted))
    except Exception as error:
        LOG.exception("Designer %s failed in study %d.", request.designer, request.study_id)
        return Answer([], trouble="failed", reason=f"{type(error).__name__}: {error}")


def _propose(request: Request, memory: Memory) -> Answer:
    from optimizer.designers import designer
    from optimizer.designers.designer import Fitted
    from optimizer.history import History

    problem, history = memory.problem, History(tuple(memory.observations))
    thinker = designer(request.designer)
    fitted = Fitted.from_json(request.fitted) if request.fitted is not None else None
    fresh = thinker.fit(problem, history, request.seed) if request.fit else None
    if request.count == 0:
        return Answer([], fresh.to_json() if fresh else None)
    proposals = thinker.suggest(
        problem, history, request.pending, fresh or fitted, request.count, request.seed
    )
    return Answer([p.to_json() for p in proposals], fresh.to_json() if fresh else None)
