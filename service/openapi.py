"""Writes `docs/openapi.json`, the description of the API that a test compares with the code."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from service.app import create_app
from service.config import Settings
from service.db import Database
from service.watcher import Watcher


def description() -> str:
    """Return the OpenAPI description as indented JSON."""
    db = Database("sqlite:///openapi.db")  # connects to nothing until it is used
    app = create_app(Settings(), db, Watcher(db))
    return json.dumps(app.openapi(), indent=2, sort_keys=True) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the description to the path given, by default `docs/openapi.json`."""
    parser = argparse.ArgumentParser(prog="python -m service.openapi", description=__doc__)
    parser.add_argument("path", nargs="?", type=Path, default=Path("docs/openapi.json"))
    path: Path = parser.parse_args(arguments).path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(description())


if __name__ == "__main__":
    main()
