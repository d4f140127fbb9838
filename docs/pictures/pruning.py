"""What a cut leaves of a network, and how four methods compare."""

import re
from pathlib import Path

from docs.pictures.networks import RESIDUAL
from docs.pictures.svg import FAINT, GREEN, GREY, INK, PAPER, TINTS, Sheet
from resource_models.devices import device
from resource_models.even_cut import even_cut
from resource_models.footprint import footprint
from resource_models.graph import Graph
from resource_models.nodes import Conv2d

MEASURED = Path(__file__).parents[2] / "benchmarks" / "results" / "pruning.svg"
TARGET = 0.5
NODES = ("c1", "c2", "c3", "sum", "c4")
PER_CHANNEL = 11


def cut() -> str:
    """The channels of a network before and after, and what it costs."""
    left = even_cut(RESIDUAL, "channels", TARGET).graph
    sheet = Sheet(760, 330, "A network before and after half of its channels are cut")
    sheet.text((30, 32), "channels of each layer", GREY, size=12)
    for place, name in enumerate(NODES):
        y = 50 + 38 * place
        sheet.text((94, y + 16), name, anchor="end", bold=True)
        count, stays = _channels(RESIDUAL, name), _channels(left, name)
        for channel in range(count):
            kept = channel < stays
            at = (106 + PER_CHANNEL * channel, y)
            sheet.box(at, (8, 22), TINTS[2] if kept else PAPER, GREEN if kept else FAINT, 1)
        sheet.text((106 + PER_CHANNEL * count + 8, y + 16), f"{count} to {stays}", GREY, size=12)
    sheet.text((30, 264), "c2, c3 and sum hang together, since only equal", INK)
    sheet.text((30, 283), "channels can be added: one goes from all three", INK)
    sheet.text((30, 302), "or from none.", INK)
    _figures(sheet, RESIDUAL, left)
    return sheet.svg()


def methods() -> str:
    """The measured picture of the benchmark, on white paper as the others are."""
    svg = re.sub(
        r"@media\(prefers-color-scheme:dark\)\{svg\{.*?\}\}",
        "",
        MEASURED.read_text(),
        flags=re.DOTALL,
    )
    return svg.replace(
        "</title>", '</title><rect width="100%" height="100%" rx="6" fill="#fff"/>', 1
    )


def _channels(graph: Graph, name: str) -> int:
    return int(graph.shapes[name][-1])


def _figures(sheet: Sheet, before: Graph, after: Graph) -> None:
    board = device("stm32f446re")
    old, new = footprint(before, board).figures(), footprint(after, board).figures()
    x = 470
    sheet.text((x, 60), "counted again after the cut", bold=True)
    for place, (name, unit) in enumerate(
        (("macs", ""), ("model_size:deployed", " B"), ("working_memory:arena", " B"))
    ):
        y = 92 + 46 * place
        sheet.text((x, y), name)
        told = f"{old[name]:,.0f}{unit} to {new[name]:,.0f}{unit}"
        sheet.text((x, y + 18), told, GREEN, bold=True)
    convolutions = [node.id for node in before.nodes if isinstance(node, Conv2d)]
    sheet.text((x, 244), f"{len(convolutions)} convolutions stay, each is narrower:", GREY, size=12)
    sheet.text((x, 261), "no zeros are stored and none are computed.", GREY, size=12)
