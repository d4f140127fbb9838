"""The project as a part of a larger one: what its CMakeLists.txt builds."""

from pathlib import Path

import pytest
from cmake import CMAKE_BIN_DIR

from tests.deploy import networks
from tests.worker.samples import EVERYTHING
from worker.deploy import scratch
from worker.deploy.c.project import project

CMAKE = str(Path(CMAKE_BIN_DIR) / "cmake")
STRICT = "-DCMAKE_C_FLAGS=-Wall -Wextra -Werror"
OUTER = """cmake_minimum_required(VERSION 3.13)
project(outer C)
add_subdirectory(my_net2)
add_executable(outer outer.c)
target_link_libraries(outer PRIVATE my_net2)
"""
MAIN = """#include "my_net2.h"
int main(void) { my_net2_run(); return my_net2_output() == 0; }
"""


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return project(networks.drawn_int8(EVERYTHING), "my_net2")


def test_it_builds_alone_without_a_warning_and_its_check_passes(
    files: dict[str, str], tmp_path: Path
) -> None:
    scratch.write(tmp_path, files)
    scratch.run([CMAKE, "-B", "build", STRICT], tmp_path)
    said = scratch.run([CMAKE, "--build", "build", "--target", "check"], tmp_path)
    assert "4 samples of 5 outputs: 0 wrong" in said


def test_a_project_around_it_gets_the_library_and_nothing_else(
    files: dict[str, str], tmp_path: Path
) -> None:
    scratch.write(tmp_path, {f"my_net2/{name}": text for name, text in files.items()})
    scratch.write(tmp_path, {"CMakeLists.txt": OUTER, "outer.c": MAIN})
    scratch.run([CMAKE, "-B", "build", STRICT], tmp_path)
    scratch.run([CMAKE, "--build", "build"], tmp_path)
    scratch.run([str(tmp_path / "build" / "outer")], tmp_path)
    built = {path.name for path in (tmp_path / "build").rglob("*") if path.is_file()}
    assert "libmy_net2.a" in built
    assert "my_net2_main" not in built
