"""Draw all pictures into `docs/images`."""

from pathlib import Path

from docs.pictures.gallery import PICTURES

FOLDER = Path(__file__).parents[1] / "images"

for name, draw in PICTURES.items():
    (FOLDER / f"{name}.svg").write_text(draw())
