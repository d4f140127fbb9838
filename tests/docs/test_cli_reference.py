"""The page of the command lines says what the programs say."""

import os
import subprocess
import sys
from pathlib import Path

from tests.docs import cli_reference

ROOT = Path(__file__).parents[2]


def test_the_reference_is_that_of_the_programs(tmp_path: Path) -> None:
    """Written anew by `python -m tests.docs.cli_reference`."""
    program = (
        "import service.cli; from tests.docs.cli_reference import *; service.cli.add_plugins();"
        "sys.stdout.write(page(PAGE.read_text()))"
    )
    # A process of its own: in this one the commands of other packages may be there already.
    written = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "60", "FORCE_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert written == cli_reference.PAGE.read_text(encoding="utf-8")


def test_what_people_wrote_is_kept() -> None:
    text = f"mine\n{cli_reference.MARK}old\n"
    assert cli_reference.page(text).startswith(f"mine\n{cli_reference.MARK}\n## Exit codes")
    assert "old\n" not in cli_reference.page(text).splitlines(keepends=True)[:4]
