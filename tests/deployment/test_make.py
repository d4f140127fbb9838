"""What `make` says where it cannot set anything up."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT

SOURCES = ("pyproject.toml", "client/pyproject.toml", "constraints.txt")


@pytest.mark.parametrize("python", ["./old", "./absent"])
def test_a_python_that_is_too_old_is_told_before_anything_is_fetched(
    tmp_path: Path, python: str
) -> None:
    (tmp_path / "client").mkdir()
    for name in SOURCES:
        (tmp_path / name).touch()
    (tmp_path / "old").write_text("#!/bin/sh\nexit 1\n")  # to the question, and to all else
    (tmp_path / "old").chmod(0o755)
    command = ["make", "-f", str(ROOT / "Makefile"), "demo", f"PYTHON={python}"]
    # Of a make that may run this test: it would have this one tell its folder.
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=own)
    assert done.returncode == 2
    assert done.stdout == (
        f"Python 3.11 or newer is needed, {python} is not: make demo PYTHON=python3.12\n"
    )
    assert not (tmp_path / ".venv").exists()
