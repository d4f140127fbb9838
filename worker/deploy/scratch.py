"""A tool run in a folder of its own, in a child process with limits; nothing else is trusted to it.

A tool is a list of words and never a line for a shell. It sees none of our environment, which may
hold keys; whatever it starts ends with it.
"""

import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from worker.deploy import scratch_child
from worker.deploy.errors import ToolFailed, ToolLate, ToolMissing

MIB = 2**20
LONGEST_REASON = 500
SAID = "said.txt"  # in the folder, all that the last tool said
PACKAGES = {"gcc": "gcc", "make": "make", "cmake": "cmake"}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a tool may take. Programs with sanitizers reserve terabytes: they get no memory limit
    of ours, and one by `ASAN_OPTIONS` instead."""

    seconds: int = 60
    memory_bytes: int | None = 2048 * MIB
    file_bytes: int = 64 * MIB
    output_bytes: int = MIB


DEFAULT_LIMITS = Limits()
# Tools that run now, in whatever thread; and whether this program is about to end.
_running: set["subprocess.Popen[bytes]"] = set()
_ending = threading.Event()


def end_all() -> None:
    """End all tools, and let none begin: before this program ends, for threads hear no signal."""
    _ending.set()
    for process in list(_running):
        _kill(process)


def require(tool: str) -> None:
    """Raise `ToolMissing`, with the command that installs it, unless a tool is there."""
    if shutil.which(tool) is None:
        command = f"sudo apt-get install -y {PACKAGES.get(tool, tool)}"
        raise ToolMissing(tool, f"not found; on Debian and Ubuntu: {command}")


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files into a folder; a name that leads out of it is refused."""
    for name, text in files.items():
        path = PurePosixPath(name)
        if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
            raise ToolFailed("files", f"need names inside the folder, got {name!r}.")
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")


def run(
    words: list[str],
    folder: Path,
    limits: Limits = DEFAULT_LIMITS,
    environment: dict[str, str] | None = None,
) -> str:
    """Run a tool in a folder; what it said, the first bytes of it.

    Raises:
        ToolLate: its time was over.
        ToolFailed: it failed, died, or took too much; `field` is the tool.
    """
    said = folder / SAID
    memory = resource.RLIM_INFINITY if limits.memory_bytes is None else limits.memory_bytes
    asked = map(str, (limits.seconds, memory, limits.file_bytes))
    child = [sys.executable, "-I", "-S", scratch_child.__file__, *asked, *words]
    with said.open("wb") as out:
        process = subprocess.Popen(
            child,
            cwd=folder,
            # Messages in English, for we read them.
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TMPDIR": str(folder)}
            | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        _running.add(process)
        try:
            if _ending.is_set():
                _kill(process)
            status = process.wait(limits.seconds)
        except subprocess.TimeoutExpired:
            raise ToolLate(Path(words[0]).name, f"no end within {limits.seconds} s.") from None
        finally:
            _kill(process)
            process.wait()
            _running.discard(process)
    with said.open("rb") as found:
        text = found.read(limits.output_bytes).decode(errors="replace")
    if status:
        raise ToolFailed(Path(words[0]).name, _cause(status, text))
    return text


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End what is left of a tool and of all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _cause(status: int, said: str) -> str:
    if status < 0:
        return f"it died of {signal.Signals(-status).name}."
    return " ".join(said.split())[:LONGEST_REASON] or f"it ended with status {status}."
