"""Tools are kept in their folder, their limits and their place."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.deploy import networks
from worker.deploy import host, scratch
from worker.deploy.errors import ToolFailed, ToolMissing
from worker.deploy.scratch import MIB, Limits

PYTHON = [sys.executable, "-I", "-S", "-c"]
RECORD = networks.drawn_int8(networks.ENDS_FLAT)


@pytest.mark.parametrize("name", ["../out.c", "/tmp/out.c", "a/../../out.c", "a\0.c", ""])
def test_a_file_that_leads_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.raises(ToolFailed, match="files: need names inside the folder"):
        scratch.write(inner, {name: "int x;"})
    assert [*tmp_path.rglob("*")] == [inner]


def test_words_are_no_shell_and_the_environment_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYFRONT_API_KEY", "secret")
    code = "import os, sys; print(os.getcwd(), sys.argv[1:], dict(os.environ))"
    said = scratch.run([*PYTHON, code, "$(touch x); *"], tmp_path)
    assert said.startswith(f"{tmp_path} ['$(touch x); *']")
    assert "secret" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["said.txt"]


@pytest.mark.parametrize(
    ("code", "limits", "cause"),
    [
        ("while True: pass", Limits(seconds=1), r"no end within 1 s|SIGXCPU|SIGKILL"),
        ("import time; time.sleep(60)", Limits(seconds=1), "no end within 1 s"),
        ("x = bytearray(900 * 2**20)", Limits(memory_bytes=256 * MIB), "MemoryError"),
        ("open('big', 'wb').write(bytes(2**21))", Limits(file_bytes=MIB), "File too large|SIGXFSZ"),
        ("import os; os.abort()", Limits(), "it died of SIGABRT"),
        ("raise SystemExit(3)", Limits(), "it ended with status 3"),
    ],
)
def test_what_takes_too_much_or_fails_is_named(
    tmp_path: Path, code: str, limits: Limits, cause: str
) -> None:
    start = time.monotonic()
    with pytest.raises(ToolFailed, match=cause):
        scratch.run([*PYTHON, code], tmp_path, limits)
    assert time.monotonic() - start < 30


def test_what_a_tool_started_ends_with_it(tmp_path: Path) -> None:
    code = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid)"
    pid = int(scratch.run([*PYTHON, code], tmp_path))
    # Ended, and taken away by whoever takes in orphans here, or still to be.
    status = Path(f"/proc/{pid}/stat")
    for _ in range(100):
        if not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return
        time.sleep(0.01)  # nothing tells us of the end of a process that is not our child
    pytest.fail("it still runs")


def test_a_program_that_ends_takes_the_tools_of_all_its_threads_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "_ending", threading.Event())
    begun_s = time.monotonic()
    with ThreadPoolExecutor(1) as beside:
        tool = beside.submit(scratch.run, ["sleep", "60"], tmp_path)
        while not scratch._running:
            time.sleep(0.01)
        scratch.end_all()
        with pytest.raises(ToolFailed, match="it died of SIGKILL"):
            tool.result()
    with pytest.raises(ToolFailed, match="it died of SIGKILL"):
        scratch.run(["sleep", "60"], tmp_path)  # one that begins too late
    assert time.monotonic() - begun_s < 30
    assert not scratch._running


def test_only_the_first_of_what_it_says_is_kept(tmp_path: Path) -> None:
    limits = Limits(output_bytes=100)
    assert scratch.run([*PYTHON, "print('x' * 9999)"], tmp_path, limits) == "x" * 100


def test_a_missing_tool_names_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match=r"gcc: not found.*sudo apt-get install -y gcc"):
        host.run(RECORD, networks.bytes_for(RECORD.graph).numpy())


@pytest.mark.parametrize(("count", "kind"), [(1, "int16"), (0, "int8")])
def test_samples_are_int8_of_the_shape_of_the_input(count: int, kind: str) -> None:
    with pytest.raises(ToolFailed, match="net0: need at least one sample of int8"):
        host.run(RECORD, np.zeros((count, 3, 3, 2), kind))


def test_a_sanitizer_that_finds_something_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    real = host.sources

    def broken(record: object, name: str, **_: object) -> dict[str, str]:
        files = real(RECORD, name)
        files[f"{name}.c"] = files[f"{name}.c"].replace(
            f"void {name}_run(void) {{",
            f"void {name}_run(void) {{ {name}_arena[{name.upper()}_INPUT_BYTES * 100] = 1;",
        )
        return files

    monkeypatch.setattr(host, "sources", broken)
    with pytest.raises(ToolFailed, match=r"host: .*out of bounds|host: .*buffer-overflow"):
        host.run(RECORD, networks.bytes_for(RECORD.graph).numpy())
