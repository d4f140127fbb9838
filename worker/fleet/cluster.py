"""The Ray cluster as a fleet sees it: berths are launched there, and it tells what became of them.

Ray is imported when a fleet starts, never before: a command must not wait for it in vain.
"""

import logging
import os
import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from worker.api import own_version
from worker.cli import WRONG_USE
from worker.fleet.berth import Berth, Errand, Where
from worker.fleet.errors import (
    FleetError,
    NameTaken,
    NoCluster,
    NoRay,
    NoToken,
    OtherVersion,
)
from worker.fleet.plan import Node, Plan
from worker.fleet.slot import End
from worker.fleet.stock import Item

LOCAL, AUTO = "local", "auto"
NAMESPACE = "tinyfront"
CONNECT_S = 5.0
# How HTTP/2, which Ray's head speaks, begins (RFC 9113, 3.4): each side sends its settings.
SETTINGS = b"\4"
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0" + SETTINGS + b"\0\0\0\0\0"
GONE = {"ActorDiedError", "ActorUnavailableError", "NodeDiedError"}
THREADS = 4  # of an actor: one runs, the others answer
START = "Start one with `ray start --head`, or use --address local for this machine alone."


@dataclass(frozen=True, slots=True)
class Began:
    """A berth has its place and starts its workers."""

    berth: int
    host: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The workers of a berth have ended for good."""

    berth: int
    ends: Sequence[End]


@dataclass(frozen=True, slots=True)
class Lost:
    """A berth is gone, with its process or with its node."""

    berth: int
    reason: str


Event = Began | Ended | Lost


@dataclass(slots=True)
class _Actor:
    handle: Any
    where: Any  # a reference, until it was told
    run: Any


class Cluster:
    """A connection to Ray for as long as a fleet runs; its actors end with it."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._actors: dict[int, _Actor] = {}

    @classmethod
    def opened(cls, address: str, show_logs: bool = True) -> Self:
        """Connect, or start a cluster on this machine.

        Raises:
            FleetError: there is no Ray, no cluster, or another version of it.
        """
        # A tool that runs beside secrets reports to nobody; each line of a log counts.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_DEDUP_LOGS", "0")
        ray = _ray()
        _check(address)
        try:
            ray.init(
                address=address,
                namespace=NAMESPACE,
                log_to_driver=show_logs,
                logging_level=logging.WARNING,
                include_dashboard=False if address == LOCAL else None,
            )
        except ConnectionError:
            where = "on this machine" if address == AUTO else f"at {address}"
            raise NoCluster(f"--address: no Ray cluster answers {where}. {START}") from None
        except ray.exceptions.AuthenticationError as error:
            raise NoToken(address) from error
        except (RuntimeError, ValueError) as error:
            if "InvalidAuthToken" in str(error):
                raise NoToken(address) from error
            raise _explained(error, address) from error
        return cls(ray)

    def close(self) -> None:
        """Leave the cluster; one that was started for this fleet ends."""
        self._ray.shutdown()

    def nodes(self) -> list[Node]:
        """The machines that are there."""
        return [
            Node(
                name=each["NodeManagerHostname"],
                address=each["NodeManagerAddress"],
                cpus=each["Resources"].get("CPU", 0.0),
                gpus=each["Resources"].get("GPU", 0.0),
            )
            for each in self._ray.nodes()
            if each["Alive"]
        ]

    @property
    def own_address(self) -> str:
        """The node that this process is on."""
        return str(self._ray.util.get_node_ip_address())

    @property
    def version(self) -> str:
        """Of Ray."""
        return str(self._ray.__version__)

    def keep(self, content: bytes) -> list[Any]:
        """Keep bytes for the nodes. In a list the engine passes a reference on as it is."""
        return [self._ray.put(content)]

    def launch(self, plan: Plan, number: int, errand: Errand, items: Sequence[Item]) -> None:
        """Ask for a berth; the engine finds a node when there is room.

        Raises:
            NameTaken: there is one of this name.
        """
        kind = self._ray.remote(Berth).options(
            name=plan.berth(number),
            num_cpus=plan.cpus,
            num_gpus=plan.gpus,
            max_concurrency=THREADS,
            max_restarts=0,  # the fleet itself starts anew, later each time and under its own eyes
            scheduling_strategy="SPREAD",
        )
        try:
            handle = kind.remote(plan, number, errand, list(items), fetched)
        except ValueError as error:
            raise NameTaken(plan.name) from error
        self._actors[number] = _Actor(handle, handle.where.remote(), handle.run.remote())

    def poll(self, timeout_s: float) -> list[Event]:
        """What has happened; waits for the first of it, if need be until the time is over.

        Raises:
            OtherVersion: a node has another Tinyfront, or none.
        """
        pending = [r for a in self._actors.values() for r in (a.where, a.run) if r is not None]
        if not pending:
            time.sleep(timeout_s)
            return []
        self._ray.wait(pending, num_returns=1, timeout=timeout_s)
        ready, _ = self._ray.wait(pending, num_returns=len(pending), timeout=0)
        done = set(ready)
        return [event for number in list(self._actors) for event in self._events(number, done)]

    def stop(self, number: int) -> None:
        """Tell a berth to end; `poll` says when it has."""
        with suppress(self._ray.exceptions.RayError):
            self._actors[number].handle.stop.remote()

    def drop(self, number: int) -> None:
        """End a berth at once, or stop asking for it."""
        actor = self._actors.pop(number, None)
        if actor is not None:
            self._ray.kill(actor.handle)

    def _events(self, number: int, done: set[Any]) -> Iterator[Event]:
        actor = self._actors[number]
        try:
            if actor.where in done:
                where: Where = self._ray.get(actor.where)
                actor.where = None
                _check_version(where)
                yield Began(number, where.host)
            if actor.run in done:
                ends = self._ray.get(actor.run)
                self.drop(number)
                yield Ended(number, ends)
        except self._ray.exceptions.RayError as error:
            self.drop(number)
            if "ModuleNotFoundError" in str(error):
                raise OtherVersion(
                    "A node of the cluster cannot load the worker: "
                    "pip install 'tinyfront-server[ray,worker]' there, for Ray's own Python."
                ) from error
            yield Lost(number, _reason(error))


def fetched(source: list[Any]) -> bytes:
    """The bytes that `keep` was given, on any node; they cross the network once for each."""
    content: bytes = _ray().get(source[0])
    return content


def _ray() -> Any:
    try:
        import ray
    except ImportError:
        raise NoRay from None
    return ray


def _check(address: str) -> None:
    """Find out soon what Ray finds out late, and in many lines."""
    if address in (LOCAL, AUTO):
        return
    if address.startswith("ray://"):
        raise FleetError(
            "--address: ray:// is Ray's way for laptops; run this command on a node of the cluster "
            f"with --address {AUTO}.",
            WRONG_USE,
        )
    host, colon, port = address.rpartition(":")
    if not (host and colon and port.isdigit() and 0 < int(port) < 1 << 16):
        raise FleetError(
            f"--address: need {AUTO}, {LOCAL} or HOST:PORT of the head node, got {address!r}.",
            WRONG_USE,
        )
    try:
        with socket.create_connection((host, int(port)), CONNECT_S) as line:
            line.sendall(GREETING)
            answer = line.recv(9)
    except OSError as error:
        reason = error.strerror or str(error)
        raise NoCluster(f"--address: nothing answers at {address} ({reason}). {START}") from None
    if answer[3:4] != SETTINGS:
        raise NoCluster(f"--address: what answers at {address} is no Ray cluster. {START}")


def _explained(error: Exception, address: str) -> FleetError:
    found = re.findall(r"^\s*(Ray|Python): (\S+)$", str(error), re.MULTILINE)
    if "Version mismatch" in str(error) and len(found) == 4:
        theirs, ours = (" and ".join(" ".join(each) for each in found[i : i + 2]) for i in (0, 2))
        return OtherVersion(
            f"The cluster at {address} runs {theirs}, this command {ours}: install the same on all "
            "nodes and here."
        )
    return NoCluster(f"--address {address}: {str(error).strip().splitlines()[0]} {START}")


def _check_version(where: Where) -> None:
    if where.version != own_version():
        raise OtherVersion(
            f"{where.host} has tinyfront-server {where.version}, this command {own_version()}: "
            "install the same on all nodes."
        )


def _reason(error: Exception) -> str:
    """Why a berth is gone, in a line: an engine's own words fill a page."""
    if "OutOfMemory" in type(error).__name__:
        return "its node ran out of memory."
    if type(error).__name__ in GONE:
        return "its process or its node is gone."
    lines = [line.strip() for line in str(error).splitlines() if " " in line.strip()]
    return lines[0] if lines else type(error).__name__
