"""One network, counted by every convention."""

from docs.pictures.networks import kept
from docs.pictures.svg import FAINT, GREEN, GREY, INK, TINTS, Sheet
from resource_models.devices import device
from resource_models.footprint import footprint

NETWORK = "mnist_2730"
OURS = ("model_size:deployed", "working_memory:arena")
LEFT, SCALE_PX = 190, 500


def draw() -> str:
    """Bars for sizes and memories, ours in green."""
    figures = footprint(kept(NETWORK), device("stm32f446re")).figures()
    shown = [name for name in figures if name.startswith(("model_size", "working_memory"))]
    sheet = Sheet(760, 70 + 24 * len(shown), f"{NETWORK}: sizes and memories by all conventions")
    most = max(figures[name] for name in shown)
    sheet.text((20, 28), "examples/networks/mnist_2730.json", bold=True)
    for place, name in enumerate(shown):
        y = 46 + 24 * place + (10 if name.startswith("working") else 0)
        length = SCALE_PX * figures[name] / most
        ours = name in OURS
        sheet.text((LEFT - 10, y + 13), name, GREEN if ours else INK, anchor="end", bold=ours)
        sheet.box((LEFT, y), (length, 17), TINTS[2] if ours else TINTS[0], GREEN if ours else FAINT)
        sheet.text((LEFT + length + 7, y + 13), f"{figures[name]:,.0f} B", GREY, size=12)
    return sheet.svg()
