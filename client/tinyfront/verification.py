"""What was checked of a network, level by level, and the check itself, on this machine.

The code that checks is that of the workers: the distribution `tinyfront-server`. Here it is only
started, as a program of its own.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tinyfront.errors import CheckFailed, MissingWorker, UnreadableAnswer

# What each level does, in words.
MEANING: Mapping[str, str] = {
    "L0": "by formula",
    "L1": "run on the host",
    "L2": "linked for the device",
    "L3": "run under QEMU",
}
PASSED, FAILED, NOT_VERIFIED = "passed", "failed", "not verified"
FORMULAS = "L0"
# What a worker leaves of a network that can be checked.
RECORD = ("int8.json", "int8.safetensors", "vectors.safetensors")
DEVICE = "device.json"
VERIFY, EXPORT, ONNX = "worker.deploy.verify", "worker.deploy.export", "worker.deploy.onnx"
ONNX_NAME = "model.onnx"
ONNX_PACKAGE = "onnx"  # by which the workers' code writes it
# What makes a device of what the server says of one.
DEVICE_FIELDS = ("name", "title", "core", "clock_hz", "sram_bytes", "flash_bytes", "source")


@dataclass(frozen=True, slots=True)
class Level:
    """One level: `passed`, `failed` or `not verified`; then `reason` says why and what to do.

    `figures` are whole numbers with units in their names: of L0 by formula, else as measured.
    """

    name: str
    state: str
    reason: str = ""
    figures: Mapping[str, int] = field(default_factory=dict)
    tools: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verification:
    """All levels of a network on one device; `inputs` says on how many answers were compared."""

    device: str
    inputs: int
    levels: tuple[Level, ...]
    wire: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def verdict(self) -> str:
        """In one word: `failed`, or the last level up to which all passed, or `none`."""
        if self.failed is not None:
            return FAILED
        reached = "none"
        for level in self.levels:
            if level.state != PASSED:
                break
            reached = level.name
        return reached

    @property
    def failed(self) -> Level | None:
        """The level that failed, if one did."""
        return next((level for level in self.levels if level.state == FAILED), None)

    def reaches(self, name: str) -> bool:
        """Whether all levels passed up to this one."""
        names = [level.name for level in self.levels]
        return name in names and self.verdict in names[names.index(name) :]

    def figures(self) -> list[tuple[str, int | None, int | None]]:
        """Each figure by its name: by formula, and as measured; None where it is not known."""
        formulas: dict[str, int] = {}
        measured: dict[str, int] = {}
        for level in self.levels:
            (formulas if level.name == FORMULAS else measured).update(level.figures)
        names = dict.fromkeys((*formulas, *measured))
        return [(name, formulas.get(name), measured.get(name)) for name in names]

    def __str__(self) -> str:
        """A line for each level, for `print`."""
        lines = [f"{level.name} {level.state} {level.reason}".rstrip() for level in self.levels]
        return "\n".join([f"{self.device}: {self.verdict}", *lines])


Told = Callable[[Level], None]


def verification_of(body: Any, url: str) -> Verification:
    """Read a verification; what a later release adds is left out."""
    try:
        levels = tuple(_level(each) for each in body["levels"])
        return Verification(str(body["device"]), int(body["inputs"]), levels, body)
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableAnswer(url, f"no verification ({error})") from None


def check(files: Mapping[str, Path], device: Mapping[str, Any], told: Told) -> Verification:
    """Check a network on this machine.

    Args:
        files: those of `RECORD`, by name.
        device: as the server describes it.
        told: hears of each level as it ends.

    Raises:
        MissingWorker: the code that checks is not installed.
        CheckFailed: it could not check this network; the message says why.
    """
    require()
    with tempfile.TemporaryDirectory(prefix="tinyfront-") as name:
        folder = Path(name)
        _lay(folder, files)
        _describe(folder, device)
        found: Any = None
        for line in _said(VERIFY, folder):
            said = json.loads(line)
            if "level" in said:
                told(_level(said["level"]))
            found = said.get("verification", found)
    return verification_of(found, "The check")


def export(files: Mapping[str, Path], device: Mapping[str, Any], target: Path) -> list[Path]:
    """Write a network for a board into a folder: C project, `.tflite` file, figures.

    Args:
        files: those of `RECORD`, by name.
        device: as the server describes it.
        target: a folder that is there.

    Raises:
        MissingWorker: the code that writes them is not installed.
        CheckFailed: it could not write this network; the message says why.
    """
    require()
    with tempfile.TemporaryDirectory(prefix="tinyfront-") as name:
        folder = Path(name)
        _lay(folder, files)
        _describe(folder, device)
        return _written(EXPORT, folder, target)


def export_onnx(files: Mapping[str, Path], target: Path) -> list[Path]:
    """Write a network as `.onnx` into a folder; as `export`, but for no board."""
    require_onnx()
    with tempfile.TemporaryDirectory(prefix="tinyfront-") as name:
        folder = Path(name)
        _lay(folder, files)
        return _written(ONNX, folder, target)


def _lay(folder: Path, files: Mapping[str, Path]) -> None:
    for file, path in files.items():
        shutil.copyfile(path, folder / file)


def _describe(folder: Path, device: Mapping[str, Any]) -> None:
    own = {each: device[each] for each in DEVICE_FIELDS}
    (folder / DEVICE).write_text(json.dumps(own))


def _written(module: str, folder: Path, target: Path) -> list[Path]:
    """Let a program write into its folder; the files that it names, in ours."""
    written = []
    for path in [line.rstrip("\n") for line in _said(module, folder)]:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        written.append(Path(shutil.copyfile(folder / path, target / path)))
    return written


def require() -> None:
    """Raise `MissingWorker` unless the code of the workers is here."""
    if not _there(VERIFY):
        raise MissingWorker


def require_onnx() -> None:
    """Raise `MissingWorker` unless that code, and the package that it takes, are here."""
    try:
        version(ONNX_PACKAGE)  # not by its name alone: a folder here may be called so
    except PackageNotFoundError:
        found = False
    else:
        found = _there(ONNX)
    if not found:
        raise MissingWorker("Writing .onnx needs the workers' code and onnx", "onnx")


def _there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that it would be in
        return False


def _level(body: Any) -> Level:
    figures = {str(name): int(value) for name, value in body["figures"].items()}
    tools = {str(name): str(value) for name, value in body["tools"].items()}
    return Level(str(body["name"]), str(body["state"]), str(body["reason"]), figures, tools)


def _said(module: str, folder: Path) -> Iterator[str]:
    """The lines of a program as they come; however we leave, it has ended by then."""
    # -P: a user's own folder named `worker`, where the command is called, is not ours.
    with _running([sys.executable, "-P", "-m", module, str(folder)]) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        yield from process.stdout
        cause = " ".join(process.stderr.read().split())
        if process.wait() != 0:
            raise CheckFailed(cause or f"it ended with status {process.returncode}.")


@contextmanager
def _running(words: list[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
