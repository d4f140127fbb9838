"""The blocks of a page are run in their order, as one program, on a real server with a worker."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.docs.blocks import PAGES, ROOT, blocks
from tests.docs.commands import run
from tests.docs.conftest import Stage, prepared

pytestmark = pytest.mark.xdist_group("docs")  # one server and one worker for all of them

# Pages that only parse, and why. `test_blocks.py` reads them all the same.
ONLY_PARSED = {
    "docs/api.md": "fragments of other pages",
    "docs/cli.md": "a reference: its names stand for what readers have",
    "docs/sdk.md": "a tour: its names stand for what readers have",
}
# Pages that speak of a study of networks that readers have by then.
SPEAK_OF_MNIST = {"docs/confirm.md", "docs/tutorials/firmware.md"}
RUN = [
    page
    for page in PAGES
    if page not in ONLY_PARSED and {"python", "sh"} & {block.language for block in blocks(page)}
]


def test_only_pages_that_exist_are_spared() -> None:
    assert set(ONLY_PARSED) | SPEAK_OF_MNIST <= set(PAGES)


@pytest.mark.parametrize("page", RUN)
def test_a_page_does_what_it_says(
    page: str, small: Stage, sqlite_template: Path, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "examples", "examples")
    shutil.copy(sqlite_template, tmp_path / "own.db")
    if page in SPEAK_OF_MNIST:
        prepared(small)
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks(page):
        if block.language == "python":
            exec(compile(block.text, block.where, "exec"), names)
        elif block.language == "sh":
            for words in block.commands():
                run(words, f"sqlite:///{tmp_path / 'own.db'}")
