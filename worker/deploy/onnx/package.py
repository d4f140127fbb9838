"""Whether `.onnx` files can be written here; nothing that this imports needs the package onnx."""

from worker.deploy.packages import version_of
from worker.deploy.record import Int8Graph

PACKAGE = "onnx"
INSTALL = "pip install 'tinyfront-server[onnx]'"
NAME = "model.onnx"


def installed() -> str | None:
    """The version of the package; None where there is none."""
    return version_of(PACKAGE)


def files(record: Int8Graph) -> dict[str, bytes]:
    """The `.onnx` file of a network, by its name; none where the package is missing."""
    if installed() is None:
        return {}
    from worker.deploy.onnx.writer import onnx_file

    return {NAME: onnx_file(record)}
