"""What mkdocs calls while it builds: pages that nobody writes by hand are made here.

They are made at each build and never stored, so they cannot say what is no longer true.
"""

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [part for part in (str(ROOT), str(ROOT / "client")) if part not in sys.path]

from mkdocs.structure.files import File, Files  # noqa: E402

from docs.make import decisions, figures, metrics, rest, sdk, settings  # noqa: E402

PAGES = {
    "adr/index.md": decisions.page,
    "reference/figures.md": figures.page,
    "reference/metrics.md": metrics.page,
    "reference/rest.md": rest.page,
    "reference/sdk.md": sdk.page,
    "reference/settings.md": settings.page,
}


def on_files(files: Files, config: Any) -> Files:
    """Add the made pages to those that people wrote."""
    for address, page in PAGES.items():
        files.append(File.generated(config, address, content=page()))
    return files
