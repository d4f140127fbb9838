"""Client and worker of a kept release as programs: their own code, from the zip."""

import os
import zipfile
from pathlib import Path

RELEASE = "0.1.0"
KEPT = Path(__file__).parent
# What a worker and a user of that release had installed; the rest is of the server.
PACKAGES = ("resource_models", "tinyfront", "worker")


def unpack(folder: Path, release: str = RELEASE) -> Path:
    """Unpack that release's code, and return where it is."""
    with zipfile.ZipFile(KEPT / release / "client-and-worker.zip") as code:
        code.extractall(folder)
    return folder


def paths(code: Path) -> str:
    """The paths in which that release's packages go before this one's."""
    return os.pathsep.join((str(code), str(code / "client")))


def program(code: Path, text: str) -> str:
    """A program that fails if a package of its is not that release's."""
    names = ", ".join(PACKAGES)
    check = f"all(each.__file__.startswith({str(code)!r}) for each in ({names}))"
    return f"import {names}\nassert {check}, ({names})\n{text}"
