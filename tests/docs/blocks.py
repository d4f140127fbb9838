"""The fenced blocks of everything that people read, page by page."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "client/README.md",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")),
)
FENCE = re.compile(r"^( *)```(.*?)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
# Stands for what readers put in; a command that has one is parsed and not run.
PLACEHOLDER = re.compile(r"\b(NAME|ID|N|FOLDER|FILE|STUDY|TRIAL|URL|HOST|FIRST|SECOND)\b")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where it stands, its language, and what it says."""

    page: str
    line: int
    language: str
    text: str

    @property
    def where(self) -> str:
        """Its page and line, for messages."""
        return f"{self.page}:{self.line}"

    def commands(self) -> Iterator[list[str]]:
        """The commands of a shell block, split into words; comments and continuations are gone."""
        for line in self.text.replace("\\\n", " ").splitlines():
            lexer = shlex.shlex(line, posix=True, punctuation_chars="|;&()<>")
            lexer.whitespace_split = True
            lexer.commenters = "#"
            words: list[str] = []
            tokens = iter([*lexer, ";"])
            for word in tokens:
                if word and set(word) <= set("<>"):
                    next(tokens)  # the file that it reads or writes
                elif word and set(word) <= set("|;&()"):
                    if words:
                        yield words
                    words = []
                else:
                    words.append(word)


def blocks(page: str) -> list[Block]:
    """All fenced blocks of a page, in order."""
    text = (ROOT / page).read_text()
    found = []
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        indent, language, inside = match.groups()
        lines = [each.removeprefix(indent) for each in inside.splitlines(keepends=True)]
        found.append(Block(page, line, language.strip(), "".join(lines)))
    return found
