"""Which processes there are and who speaks to whom."""

from docs.pictures.svg import BLUE, GREY, TINTS, Sheet


def draw() -> str:
    """People on the left, the server in the middle, workers on the right."""
    sheet = Sheet(760, 400, "Processes of Tinyfront and who speaks to whom")
    sheet.box((190, 20), (370, 282), "#f6f8fa", GREY, 8)
    sheet.text((206, 42), "tinyfront-server serve", GREY, size=12)
    _room(sheet, (16, 58), (110, 40), "page", 0)
    _room(sheet, (16, 116), (110, 56), "SDK and", 0, "command line")
    _room(sheet, (210, 62), (330, 56), "API", 2, "service/api")
    _room(sheet, (250, 160), (128, 54), "conductor", 2, "service/planner/")
    _room(sheet, (250, 242), (128, 48), "planners", 3, "optimizer/")
    _room(sheet, (412, 160), (128, 54), "ledger, sweeper", 2, "service/ledger.py")
    _room(sheet, (300, 328), (240, 52), "SQLite or PostgreSQL", 4, "service/models.py")
    _room(sheet, (120, 328), (150, 52), "artefacts", 4, "by sha256")
    _room(sheet, (634, 62), (116, 56), "worker", 1, "worker/loop.py")
    _room(sheet, (634, 220), (116, 56), "training", 1, "worker/child.py")
    sheet.arrow((126, 78), (210, 84), BLUE)
    sheet.arrow((126, 144), (210, 104), BLUE)
    sheet.text((132, 68), "REST,", BLUE, size=11)
    sheet.text((132, 112), "events", BLUE, size=11)
    sheet.arrow((634, 90), (540, 90), BLUE)
    for place, words in enumerate(("claim,", "report,", "complete")):
        sheet.text((568, 110 + 14 * place), words, BLUE, size=11)
    sheet.arrow((692, 118), (692, 220))
    sheet.text((698, 174), "pipe", size=11)
    sheet.arrow((226, 118), (226, 328))
    sheet.arrow((395, 118), (395, 328))
    sheet.line((378, 188), (395, 188), width=1.5)
    sheet.arrow((476, 214), (476, 328))
    sheet.arrow((314, 214), (314, 242))
    sheet.text((320, 233), "rows", size=11)
    return sheet.svg()


def _room(
    sheet: Sheet,
    at: tuple[float, float],
    size: tuple[float, float],
    name: str,
    tint: int,
    below: str = "",
) -> None:
    sheet.box(at, size, TINTS[tint], "#7b8794", 5)
    middle = at[0] + size[0] / 2
    rows = [name, below] if below else [name]
    top = at[1] + size[1] / 2 + 5 - 9 * (len(rows) - 1)
    for place, words in enumerate(rows):
        plain = place > 0 and words != "command line"
        sheet.text(
            (middle, top + 18 * place),
            words,
            GREY if plain else "#22303c",
            anchor="middle",
            size=11 if plain else 13,
            bold=not plain,
        )
