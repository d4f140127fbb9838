"""Writes `docs/openapi.json`, the description of the API that a test compares with the code."""

import json
import sys
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


def main(arguments: list[str]) -> int:
    """Write the description to the path given, by default `docs/openapi.json`."""
    path = Path(arguments[0] if arguments else "docs/openapi.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(description())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
