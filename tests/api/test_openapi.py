"""The description of the API, and what the process that serves it may load."""

import subprocess
import sys
from pathlib import Path

from service import openapi

ROOT = Path(__file__).parents[2]


def test_the_description_in_docs_is_that_of_the_code() -> None:
    """Written anew by `python -m service.openapi`."""
    assert (ROOT / "docs" / "openapi.json").read_text() == openapi.description()


def test_the_command_writes_the_description(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "openapi.json"
    openapi.main([str(path)])
    assert path.read_text() == openapi.description()


def test_a_process_that_serves_the_api_never_loads_torch(sqlite_url: str) -> None:
    program = f"""
import sys
from service.app import create_app
from service.config import Settings
from service.db import Database
from service.watcher import Watcher

db = Database({sqlite_url!r})
create_app(Settings(), db, Watcher(db)).openapi()
from service import studies
with db.begin() as session:
    studies.create(session, {{
        "name": "toy", "trials": 3, "designer": "bayes", "objectives": [{{"name": "cost"}}],
        "space": {{"kind": "parameters",
                   "parameters": [{{"name": "x", "kind": "real", "low": 0.0, "high": 1.0}}]}},
    }}, db.now(session))
loaded = {{"torch", "botorch", "gpytorch"}} & set(sys.modules)
assert not loaded, loaded
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
