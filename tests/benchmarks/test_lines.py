"""Logs of finished runs: nothing that has ended is lost, and nobody else writes meanwhile."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from benchmarks import lines as module
from benchmarks.lines import Lines, finish

PARENT = """
import time
from benchmarks.pools import pool
if __name__ == "__main__":
    with pool(2) as workers:
        for begun in [workers.submit(time.sleep, 0) for _ in range(2)]:
            begun.result()
        for _ in range(2):
            workers.submit(time.sleep, 100)
        print(*workers._processes, flush=True)
"""


def ran(fields: dict[str, Any]) -> dict[str, Any]:
    if fields["number"] == 2:
        raise ValueError("no such box")
    return {**fields, "figure": 1.0}


def test_what_ends_is_kept_whatever_others_raise_and_who_raised_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "pool", ThreadPoolExecutor)
    lines = Lines(tmp_path / "lines.jsonl", ("number",))
    wanted = [{"number": number} for number in range(1, 6)]
    with pytest.raises(ExceptionGroup, match=r'1 of 5 runs failed: run: {"number": 2}') as raised:
        finish(lines, wanted, ran, processes=1)
    assert [repr(error) for error in raised.value.exceptions] == ["ValueError('no such box')"]
    assert sorted(line["number"] for line in lines.read()) == [1, 3, 4, 5]
    assert lines.missing(wanted) == [{"number": 2}]


def test_of_a_run_that_was_written_twice_the_first_line_counts(tmp_path: Path) -> None:
    lines = Lines(tmp_path / "lines.jsonl", ("number",))
    for number, figure in ((1, 0.1), (2, 0.2), (1, 0.3)):
        lines.append({"number": number, "figure": figure})
    assert lines.read() == [{"number": 1, "figure": 0.1}, {"number": 2, "figure": 0.2}]


def test_a_log_belongs_to_one_process_at_a_time(tmp_path: Path) -> None:
    first, second = (Lines(tmp_path / "lines.jsonl", ("number",)) for _ in range(2))
    with first.held():
        with pytest.raises(RuntimeError, match="another process writes it"), second.held():
            pass
    with second.held():
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent")
def test_a_killed_parent_leaves_no_child(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        children = [int(word) for word in parent.stdout.readline().split()]
        assert len(children) == 2
        parent.send_signal(signal.SIGKILL)
    try:
        wait_until(lambda: not any(alive(child) for child in children))
    finally:
        for child in filter(alive, children):
            os.kill(child, signal.SIGKILL)


def wait_until(true: Any) -> None:
    until = time.monotonic() + 30
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def state(process: int) -> str:
    """The letter of /proc; Z is what has ended and that nobody has asked for yet."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]
    except FileNotFoundError:
        return "Z"


def alive(process: int) -> bool:
    return state(process) != "Z"
