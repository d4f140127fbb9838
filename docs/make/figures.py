"""The figures of a network and the boards, from the code that counts them."""

import inspect
import re

from docs.make.tables import table
from resource_models import footprint
from resource_models.counted import cores
from resource_models.devices import DEVICES
from resource_models.footprint import DEFAULTS, UNIT, figures_of, offered, unit_of

HEAD = """# Figures and boards

## Figures

The name of a figure is the name of an objective, a limit or a column. A name without its convention
means the default one. Sizes and memories are exact; [Memory](../explanation/memory.md) says how
they come about, and [Instructions](../explanation/instructions.md) how these do.

"""
BOARDS = """
## Boards

`device=` of a study names one of these. SRAM and flash are what a network may fill;
`front(device=...)` shows what fits.

"""


def page() -> str:
    """The page in Markdown."""
    defaults = {full: name for name, full in DEFAULTS.items()}
    everywhere = figures_of(next(board for board in DEVICES.values() if not board.latency))
    rows = []
    for name, unit in UNIT.items():
        short = f" (also `{defaults[name]}`)" if name in defaults else ""
        rows.append((f"`{name}`{short}", unit))
    for core in cores():
        name = f"instructions@{core}"
        rows.append((f"`{name}`", str(unit_of(name))))
    boards = [
        (
            f"`{name}`",
            board.title,
            board.core,
            f"{board.sram_bytes:,} B",
            f"{board.flash_bytes:,} B",
            ", ".join(each for each in offered(board) if each not in everywhere) or "-",
        )
        for name, board in DEVICES.items()
    ]
    columns = ("name", "board", "core", "SRAM", "flash", "estimates")
    return HEAD + table(("figure", "unit"), rows) + _conventions() + BOARDS + table(columns, boards)


def _conventions() -> str:
    """The list in the module that counts them, in Markdown."""
    told = inspect.getdoc(footprint) or ""
    points = re.findall(r"^\* .*?(?=^\* |^\S|\Z)", told, re.DOTALL | re.MULTILINE)
    return "\n" + "\n".join(" ".join(point.split()) for point in points) + "\n"
