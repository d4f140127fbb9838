"""The programs that build for boards and emulate them, each in a process of its own with limits."""

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from worker.deploy.boards import limited
from worker.deploy.boards.errors import ToolsMissing

GCC, NM, QEMU = "arm-none-eabi-gcc", "arm-none-eabi-nm", "qemu-system-arm"
PACKAGES = {GCC: "gcc-arm-none-eabi", NM: "binutils-arm-none-eabi", QEMU: "qemu-system-arm"}
LINKING, EMULATING = (GCC, NM), (GCC, NM, QEMU)
MIB = 2**20
VERSION = re.compile(rb"\d+\.\d+[.\d]*")
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may take."""

    seconds: int = 60
    memory_bytes: int = 4096 * MIB  # QEMU reserves what its largest board has
    file_bytes: int = 64 * MIB


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: its status, below 0 for a signal, None if its time was over."""

    status: int | None
    out: str
    error: str

    @property
    def cause(self) -> str:
        """Why it failed, in one line."""
        if self.status is None:
            return "no end in time."
        if self.status < 0:
            return f"it died of {signal.Signals(-self.status).name}."
        return " ".join(self.error.split())[:LONGEST_REASON] or f"status {self.status}."


def missing(names: tuple[str, ...] = EMULATING) -> str | None:
    """Which of these programs are not here, and the command that installs them; None if all are."""
    lacking = [name for name in names if shutil.which(name) is None]
    if not lacking:
        return None
    # Without its recommended packages: a C library of 370 MB that nothing here needs.
    packages = " ".join(dict.fromkeys(PACKAGES[name] for name in lacking))
    command = f"sudo apt-get install -y --no-install-recommends {packages}"
    return f"{', '.join(lacking)} not found; on Debian and Ubuntu: {command}"


def require(*names: str) -> None:
    """Raise `ToolsMissing` unless these programs are here."""
    reason = missing(names)
    if reason is not None:
        raise ToolsMissing("tools", reason)


@cache
def version(name: str) -> str:
    """The version that a program says it has."""
    require(name)
    said = subprocess.run([name, "--version"], capture_output=True, timeout=60, check=False).stdout
    # The package's own name, in parentheses, has a version of its own.
    found = VERSION.search(re.sub(rb"\(.*?\)", b"", said))
    return found.group().decode() if found else "unknown"


def run(words: list[str], folder: Path, limits: Limits = DEFAULT_LIMITS) -> Ended:
    """Run a program in a folder to its end. Whatever it started ends with it."""
    out, error = folder / "tool.out", folder / "tool.error"
    asked = map(str, (limits.seconds, limits.memory_bytes, limits.file_bytes))
    command = [sys.executable, "-I", "-S", limited.__file__, *asked, *words]
    # Nothing of our environment: it may hold keys. Messages in English, for we read them.
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TMPDIR": str(folder)}
    with out.open("wb") as out_file, error.open("wb") as error_file:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out_file,
            stderr=error_file,
            start_new_session=True,
        )
        try:
            status: int | None = process.wait(limits.seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return Ended(status, out.read_text(errors="replace"), error.read_text(errors="replace"))
