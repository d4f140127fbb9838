"""A trial of a study, as the server last described it."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyfront.calls import trials as calls
from tinyfront.calls import workers
from tinyfront.connection import Connection
from tinyfront.errors import InvalidArgument, NoNetwork, UnreadableAnswer
from tinyfront.figures import TRIAL_FIGURES, figure
from tinyfront.records import Artefact, items, read
from tinyfront.verification import (
    ONNX_NAME,
    RECORD,
    Level,
    Verification,
    check,
    export,
    export_onnx,
    require,
    require_onnx,
    verification_of,
)

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

# The server's own rule; checked again because the name becomes a path on this machine.
ARTEFACT_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Trial:
    """One proposal and what became of it."""

    _connection: Connection = field(repr=False, compare=False)
    id: int
    study_id: int
    number: int
    status: str
    point: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    on_front: bool = False
    feasible: bool | None = None
    # Of its network, in one word: up to which level all passed, or `failed`; None if unchecked.
    verified: str | None = None
    finish_no: int | None = None
    reason: str | None = None
    designer: str | None = None
    origin: str | None = None
    think_s: float | None = None  # from the wish to the proposal; of a batch, for all of it
    fallback: str | None = None  # which designer did not answer, and why another one did
    purpose: str = "search"
    replicate: int = 0
    prediction: Mapping[str, Any] | None = None
    # Of a network that is pruned: what it was expected to cost, beside what was measured.
    predicted_figures: Mapping[str, float] | None = None
    worker: str | None = None
    attempts: int = 0
    created_at: datetime | None = None
    finished_at: datetime | None = None
    # The answer as it came, with fields that this release does not know.
    wire: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The point of a black box, by parameter name."""
        return self.point

    def detail(self) -> dict[str, Any]:
        """All that the server knows, as plain JSON: graph, attempts, reports, artefacts."""
        detail = self._connection.json(calls.read(self.id))
        if not isinstance(detail, dict):
            raise UnreadableAnswer(self._connection.url, "no trial")
        return detail

    def artefacts(self) -> list[Artefact]:
        """The files of the attempt that counted."""
        url = self._connection.url
        return [read(Artefact, each, url) for each in self.detail().get("artefacts", [])]

    def download(
        self, folder: str | Path, device: str | None = None, onnx: bool = False
    ) -> list[Path]:
        """Fetch all artefacts into a folder, which is made; returns the paths written.

        A file appears under its name only when it is complete and its checksum agrees.

        Args:
            folder: where to.
            device: a board: then the folder gets the firmware for it, too, a C project, a `.tflite`
                file and `figures.json`. That takes the workers' code, as in `verify`.
            onnx: the folder gets `model.onnx`, too. If the worker has not left it, it is written
                here, which takes the workers' code (`pip install 'tinyfront-server[onnx]'`).

        Raises:
            MissingWorker: that code is needed and not installed.
            NoNetwork: firmware or ONNX is asked for, and the trial left no network in integers.
            InvalidArgument: there is no such board.
        """
        if device is not None:
            require()
        board = None if device is None else self._board(device)
        left = self.artefacts()
        names = {artefact.name for artefact in left}
        missing = onnx and ONNX_NAME not in names
        if missing or board is not None:
            self._need_record(names)
        if missing:
            require_onnx()
        target = Path(folder)
        paths = self._fetched(left, target)
        files = {path.name: path for path in paths if path.name in RECORD}
        if board is not None:
            paths += export(files, board, target)
        if missing:
            paths += export_onnx(files, target)
        return list(dict.fromkeys(paths))

    @property
    def verification(self) -> Verification | None:
        """What was checked of its network, level by level; None if nothing was."""
        if self.verified is None:
            return None
        found = self.wire.get("verification") or self._checked().get("verification")
        return None if found is None else verification_of(found, self._connection.url)

    def verify(
        self,
        device: str | None = None,
        told: Callable[[Level], None] = lambda _: None,
        store: bool = False,
    ) -> Verification:
        """Check the network of this trial on this machine, for a board of any name.

        It takes the workers' code (`pip install 'tinyfront-server[deploy]'`), and each level the
        tools that it names if they are missing.

        Args:
            device: a board; that of the study if it is left out.
            told: hears of each level as it ends.
            store: keep the result on the trial, where its worker would have left it; only for the
                board of its study.

        Raises:
            MissingWorker: that code is not installed.
            NoNetwork: the trial left no network that can be checked.
            InvalidArgument: there is no such board, or to store, it is not that of the study.
        """
        require()
        if store and device is not None:
            self._need_own(device)
        board = self._board(device)
        left = {artefact.name: artefact for artefact in self.artefacts()}
        self._need_record(left.keys())
        with tempfile.TemporaryDirectory(prefix="tinyfront-") as folder:
            files = {name: self._fetch(left[name], Path(folder)) for name in RECORD}
            found = check(files, board, told)
        if store:
            self._connection.json(calls.keep_verification(self.id, found.wire))
        return found

    def plot(self, name: str = "learning", **options: Any) -> Figure:
        """Draw the trial's `learning` curves or its `memory` over time, as on its page."""
        call = calls.figure(self.id, name, options)
        return figure(self._connection, call, TRIAL_FIGURES)

    def cancel(self) -> Trial:
        """Close the trial; a worker that has it is told to stop."""
        body = self._connection.json(calls.cancel(self.id))
        return trial_of(self._connection, body)

    def _fetched(self, left: Iterable[Artefact], target: Path) -> list[Path]:
        target.mkdir(parents=True, exist_ok=True)
        return [self._fetch(artefact, target) for artefact in left]

    def _need_record(self, left: Collection[str]) -> None:
        for name in RECORD:
            if name not in left:
                raise NoNetwork(self.id, name)

    def _checked(self) -> Mapping[str, Any]:
        found = self._connection.json(calls.verification(self.id))
        if not isinstance(found, Mapping):
            raise UnreadableAnswer(self._connection.url, "no verification")
        return found

    def _need_own(self, device: str) -> None:
        own = self._checked().get("device")
        if own is not None and own["name"] != device:
            need = f"to store, need {own['name']}, the board of the study, got {device!r}."
            raise InvalidArgument("device", need)

    def _board(self, name: str | None) -> Mapping[str, Any]:
        """A board as the server describes it."""
        if name is None:
            found: Mapping[str, Any] | None = self._checked().get("device")
            if found is None:
                raise InvalidArgument("device", "needed: the study of this trial names none.")
            return found
        known = items(self._connection.json(workers.devices()), self._connection.url)
        boards = {str(each["name"]): each for each in known}
        if name not in boards:
            raise InvalidArgument("device", f"need one of {', '.join(boards)}, got {name!r}.")
        board: Mapping[str, Any] = boards[name]
        return board

    def _fetch(self, artefact: Artefact, folder: Path) -> Path:
        if ARTEFACT_NAME.fullmatch(artefact.name) is None:
            raise UnreadableAnswer(self._connection.url, f"an artefact named {artefact.name!r}")
        path = folder / artefact.name
        part = folder / f"{artefact.name}.part"
        digest = hashlib.sha256()
        call = calls.artefact(self.id, artefact.name)
        try:
            with self._connection.stream(call) as response, part.open("wb") as file:
                for piece in response.iter_bytes():
                    digest.update(piece)
                    file.write(piece)
            if digest.hexdigest() != artefact.sha256:
                raise UnreadableAnswer(
                    self._connection.url, f"{artefact.name} with another checksum than it states"
                )
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
        return path


def trial_of(connection: Connection, body: Any) -> Trial:
    """Read a trial from the server's answer."""
    return read(Trial, body, connection.url, _connection=connection, wire=body)
