"""Both wheels, installed into an environment of their own, run the demo outside the repository."""

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.e2e.test_demo import check_demo, run_demo

ROOT = Path(__file__).parents[2]
OURS = ("migrations", "optimizer", "resource_models", "service", "worker")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with our two wheels; everything else is borrowed from this one."""
    folder = tmp_path_factory.mktemp("wheels")
    wheels = folder / "dist"
    for project in (ROOT, ROOT / "client"):
        build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir"]
        subprocess.run([*build, wheels, project], check=True, capture_output=True)
    venv.create(folder / "env", with_pip=False)
    # Added as a path, not as a site: so the editable installs of the repository are not seen.
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = folder / "env" / "lib" / version / "site-packages"
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = folder / "env" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--quiet"]
    found = [str(wheel) for wheel in wheels.glob("*.whl")]
    # Not "already satisfied" by the editable ones.
    subprocess.run([*pip, "--ignore-installed", "--no-index", *found], check=True)
    return folder / "env"


def test_each_import_name_belongs_to_our_wheel_alone(environment: Path) -> None:
    code = """
import importlib, json, sys, zipfile
names = sys.argv[1:]
print(json.dumps({name: importlib.import_module(name).__file__ for name in names}))
"""
    run = subprocess.run(
        [environment / "bin" / "python", "-c", code, *OURS, "tinyfront"],
        capture_output=True,
        text=True,
        cwd=environment,
    )
    assert run.returncode == 0, run.stderr
    places = json.loads(run.stdout)
    assert all(place.startswith(str(environment)) for place in places.values()), places


def test_the_demo_runs_from_the_wheels(environment: Path, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    run = run_demo([str(environment / "bin" / "tinyfront-server")], folder, trials=2)
    check_demo(run, folder, trials=2)


def test_the_command_line_of_the_sdk_runs_from_the_wheel(environment: Path) -> None:
    command = [environment / "bin" / "tinyfront", "--help"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=environment)
    assert run.returncode == 0, run.stderr
    assert "study" in run.stdout
