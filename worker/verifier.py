"""Verifies networks that came onto a front: in a thread, while the next one is trained.

Which ones, the server says: it alone knows the front. Each is checked by a process of its own, and
whatever comes of it, the trial keeps its result.
"""

import json
import logging
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from worker.api import Api, Lease
from worker.deploy.verification import NAMES, NOT_VERIFIED, Level, Verification
from worker.errors import Refused, ServerAway
from worker.messages import Completed
from worker.patience import Patience

LOG = logging.getLogger(__name__)
# What `worker.deploy.verify` reads of a network; its own names would bring NumPy into this process.
RECORD = ("int8.json", "int8.safetensors", "vectors.safetensors")
DEVICE = "device.json"
LIMIT_S = 300.0  # of one network; far more than its tools may take together
LOOK_S = 0.2
# Until the server knows the place of a trial, which takes it half a second.
ASK_AGAIN_S = 0.25
PATIENCE_S = 60.0
LAST_WORD_S = 5.0
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Delivered:
    """A trial whose result the server has, with the files of its network."""

    lease: Lease
    files: Mapping[str, bytes]


class Verifier:
    """A thread for all trials of a worker, one after the other.

    Left in peace it first finishes what was offered; left by an error, or when the worker is told
    to stop, it drops that.
    """

    def __init__(self, api: Api, stopping: threading.Event) -> None:
        self._api, self._stopping = api, stopping
        self._offered: queue.SimpleQueue[Delivered | None] = queue.SimpleQueue()
        self._dropping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="verifier", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._dropping.set()
        self._offered.put(None)
        while self._thread.is_alive():
            self._thread.join(LOOK_S)

    def offer(self, lease: Lease, result: Completed) -> None:
        """Verify the network of a trial if it is on the front by the time that its turn comes."""
        left = dict(zip(result.artefacts, result.contents, strict=True))
        if left.keys() >= set(RECORD):
            self._offered.put(Delivered(lease, {name: left[name] for name in RECORD}))

    @property
    def _ends(self) -> bool:
        return self._stopping.is_set() or self._dropping.is_set()

    def _run(self) -> None:
        while (each := self._offered.get()) is not None and not self._ends:
            name = f"Trial {each.lease.number} of {each.lease.study}"
            try:
                self._verify(each, name)
            except (ServerAway, Refused) as error:
                LOG.warning("%s is not verified: %s", name, error)
            except Exception:  # the worker goes on training, whatever it was
                LOG.exception("%s is not verified.", name)

    def _verify(self, each: Delivered, name: str) -> None:
        device = self._device(each.lease)
        if device is None:
            return
        found = self._checked(each.files, device)
        if found is None:
            return
        record = found.to_json()
        patience = Patience(self._stopping, PATIENCE_S)
        patience.persist(lambda: self._api.verified(each.lease, record))
        failed = found.failed
        if failed is not None:
            LOG.warning("%s fails %s: %s", name, failed.name, failed.reason)
        else:
            LOG.info("%s is verified: %s.", name, found.verdict)

    def _device(self, lease: Lease) -> dict[str, Any] | None:
        """The device to verify for, once the server knows; None if it does not want that."""
        patience = Patience(self._stopping, PATIENCE_S)
        until_s = time.monotonic() + PATIENCE_S
        while not self._ends and time.monotonic() < until_s:
            try:
                asked = self._api.verification(lease.trial_id)
            except ServerAway as away:
                patience.wait(away)
                continue
            if asked["wanted"] is not None:
                device: dict[str, Any] | None = asked["device"]
                return device if asked["wanted"] else None
            self._stopping.wait(ASK_AGAIN_S)
        return None

    def _checked(
        self, files: Mapping[str, bytes], device: Mapping[str, Any]
    ) -> Verification | None:
        """What the process says; None if there is no time left to hear it."""
        with tempfile.TemporaryDirectory(prefix="verify-") as name:
            folder = Path(name)
            for file, content in files.items():
                (folder / file).write_bytes(content)
            own = {name: value for name, value in device.items() if name != "figures"}
            (folder / DEVICE).write_text(json.dumps(own))
            told = [folder / "told.out", folder / "told.error"]
            with told[0].open("wb") as out, told[1].open("wb") as error:
                status = self._watched(started(folder, out, error))
            if self._ends:
                return None
            said, cause = (path.read_text(errors="replace") for path in told)
        if status == 0:
            return Verification.of_json(json.loads(said.splitlines()[-1])["verification"])
        late = f"it took longer than {LIMIT_S:g} s." if status is None else ""
        return nothing(str(device["name"]), late or " ".join(cause.split())[-LONGEST_REASON:])

    def _watched(self, process: "subprocess.Popen[bytes]") -> int | None:
        """How a process ended; None if it had to be killed. What it started ends with it."""
        until_s = time.monotonic() + LIMIT_S
        try:
            while not self._ends and time.monotonic() < until_s:
                try:
                    return process.wait(LOOK_S)
                except subprocess.TimeoutExpired:
                    continue
            return None
        finally:
            if process.poll() is None:
                process.terminate()  # so that it ends its own tools
                try:
                    process.wait(LAST_WORD_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def started(folder: Path, out: IO[bytes], error: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Start the process that verifies what lies in a folder."""
    # Of our environment what finds programs, and nothing that may be a key.
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": os.pathsep.join(sys.path),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "TMPDIR": str(folder),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "worker.deploy.verify", str(folder)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=error,
    )


def nothing(device: str, cause: str) -> Verification:
    """What is known of a network whose check did not end: nothing, and why."""
    reason = f"The check did not end: {cause or 'no cause was given.'}"
    return Verification(device, 0, tuple(Level(name, NOT_VERIFIED, reason) for name in NAMES))
