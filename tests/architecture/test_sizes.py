"""Rules of style that no linter knows."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("benchmarks", "client", "docs", "examples", "migrations", "optimizer", "resource_models")
ROOMS += ("service", "tests", "worker")
LONGEST = 300
# A migration is written once and never read as a whole.
EXEMPT = {"migrations/versions/0001_first.py"}


def sources() -> list[Path]:
    return [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]


def test_no_source_file_is_longer_than_300_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources()
    }
    long = {name: n for name, n in lengths.items() if n > LONGEST and name not in EXEMPT}
    assert long == {}


def test_no_room_is_a_helper() -> None:
    shapeless = {"helper", "helpers", "util", "utils", "manager", "common", "misc"}
    assert [path for path in sources() if path.stem in shapeless] == []


def test_the_api_process_does_not_load_what_only_searches_need() -> None:
    code = "import service.api_process, sys; print({'torch', 'scipy'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_the_supervisor_has_one_thread_so_that_it_may_fork() -> None:
    code = "import service.serve, sys, threading; "
    code += "print(threading.active_count(), {'numpy', 'prometheus_client'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "1 set()"
