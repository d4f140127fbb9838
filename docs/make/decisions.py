"""The list of decisions, from the titles of their files."""

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "adr"

HEAD = """# Decisions

Why things are as they are: each page says what was decided, what else was tried, and what was
measured. A decision that is replaced stays here and names the one that came after it.

"""


def page() -> str:
    """The page in Markdown."""
    lines = []
    for path in sorted(FOLDER.glob("[0-9]*.md")):
        title = path.read_text().splitlines()[0].removeprefix("# ")
        number, _, words = title.partition(". ")
        lines.append(f"{number}. [{words}]({path.name})")
    return HEAD + "\n".join(lines) + "\n"
