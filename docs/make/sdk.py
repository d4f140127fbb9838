"""The reference of the SDK: what it exports, by its docstrings."""

import tinyfront

GROUPS = {
    "The door": ("Client",),
    "Studies": ("Study", "minimize", "maximize", "Objective"),
    "Spaces": ("Cnn", "Parameters", "Real", "Integer", "Choice"),
    "Results": ("Front", "Trial", "Confirmed"),
    "Workers of your own": ("Worker", "WorkerTrial", "DataSet", "AskedTrial"),
}
ERRORS, REST = "Errors", "More"

HEAD = """# SDK, name by name

All that `tinyfront` exports, in its own words. For a way in read [SDK](../sdk.md).
"""


def page() -> str:
    """The page in Markdown, with the marks that mkdocstrings fills in."""
    placed = {name for names in GROUPS.values() for name in names}
    others = [name for name in tinyfront.__all__ if name not in placed]
    errors = [name for name in others if _is_error(name)]
    rest = [name for name in others if name not in errors]
    parts = [HEAD]
    for title, names in {**GROUPS, REST: rest, ERRORS: errors}.items():
        if shown := [name for name in names if name in tinyfront.__all__]:
            parts.append(f"\n## {title}\n")
            parts += [f"\n::: tinyfront.{name}\n" for name in shown]
    return "".join(parts)


def _is_error(name: str) -> bool:
    found = getattr(tinyfront, name)
    return isinstance(found, type) and issubclass(found, Exception)
