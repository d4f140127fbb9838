"""What a proposal depends on beside its arguments, in its last bits at least."""

import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from service import __version__

LIBRARIES = ("botorch", "gpytorch", "numpy", "scipy", "torch")


def surroundings(vectors: str | None = None) -> dict[str, str]:
    """Name the release, the Python, the libraries and the processor of this process.

    Args:
        vectors: the instructions that torch found, such as AVX2, from a process that loads torch.
    """
    found = {"tinyfront": __version__, "python": platform.python_version(), "cpu": _processor()}
    found |= {name: version(name) for name in LIBRARIES}
    return found if vectors is None else found | {"vectors": vectors}


def differences(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Say in which of the things that both name they differ."""
    return [
        f"{name} was {then[name]}, now it is {now[name]}"
        for name in then
        if name in now and then[name] != now[name]
    ]


def _processor() -> str:
    """The model of the processor; its family where the system does not tell."""
    facts = Path("/proc/cpuinfo")
    if facts.is_file():
        for line in facts.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
