"""The programs that build for boards and emulate them, and what to do where they are missing."""

import re
import shutil
import subprocess
from functools import cache

from worker.deploy.boards.errors import ToolsMissing
from worker.deploy.scratch import MIB, Limits

GCC, NM, QEMU = "arm-none-eabi-gcc", "arm-none-eabi-nm", "qemu-system-arm"
PACKAGES = {GCC: "gcc-arm-none-eabi", NM: "binutils-arm-none-eabi", QEMU: QEMU}
LINKING, EMULATING = (GCC, NM), (GCC, NM, QEMU)
OLDEST_GCC = 10  # the first that writes call graphs
VERSION = re.compile(rb"\d+\.\d+[.\d]*")

BUILD_LIMITS = Limits(seconds=120)
EMULATION_LIMITS = Limits(memory_bytes=4096 * MIB)  # QEMU reserves what its largest board has


def missing(names: tuple[str, ...] = EMULATING) -> str | None:
    """Which of these programs are not here, and the command that installs them; None if all are."""
    lacking = [name for name in names if shutil.which(name) is None]
    if not lacking:
        return None
    # Without its recommended packages: a C library of 370 MB that nothing here needs.
    packages = " ".join(dict.fromkeys(PACKAGES.get(name, name) for name in lacking))
    command = f"sudo apt-get install -y --no-install-recommends {packages}"
    return f"{', '.join(lacking)} not found; on Debian and Ubuntu: {command}"


def require(*names: str) -> None:
    """Raise `ToolsMissing` unless these programs are here, and new enough."""
    reason = missing(names)
    if reason is not None:
        raise ToolsMissing("tools", reason)
    if GCC in names:
        found = version(GCC)
        if found.partition(".")[0].isdigit() and int(found.partition(".")[0]) < OLDEST_GCC:
            raise ToolsMissing("tools", f"need {GCC} {OLDEST_GCC} or newer, found {found}.")


@cache
def version(name: str) -> str:
    """The version that a program says it has."""
    if shutil.which(name) is None:
        raise ToolsMissing("tools", missing((name,)) or name)
    said = subprocess.run([name, "--version"], capture_output=True, timeout=60, check=False).stdout
    # The package's own name, in parentheses, has a version of its own.
    found = VERSION.search(re.sub(rb"\(.*?\)", b"", said))
    return found.group().decode() if found else "unknown"
