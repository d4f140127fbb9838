"""Write a network as `.onnx`.

A program, `python -m worker.deploy.onnx FOLDER`. Of the folder it reads the two files of the
record, and it writes `model.onnx` into it. It prints the path of that file.
"""

import sys
from pathlib import Path

from worker.deploy import storage
from worker.deploy.errors import ToolMissing
from worker.deploy.onnx import package
from worker.deploy.verify import run


def main(folder: Path) -> None:
    """Write what lies in a folder, beside it."""
    names = (storage.JSON_NAME, storage.ARRAYS_NAME)
    record = storage.read(*((folder / name).read_bytes() for name in names))
    written = package.files(record)
    if not written:
        raise ToolMissing(package.PACKAGE, f"not installed: {package.INSTALL}.")
    for name, content in written.items():
        (folder / name).write_bytes(content)
        sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    run(main)
