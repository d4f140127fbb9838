"""The project as a user gets it: its Makefile, its symbols, its texts, what it refuses."""

import re
from pathlib import Path

import numpy as np
import pytest

from resource_models.arena import plan_arena
from resource_models.arena_in_place import plan_in_place
from resource_models.graph import Graph
from resource_models.model_size import deployed_bytes
from resource_models.nodes import Add, Conv2d, Dense, Gather, Input, Pad
from resource_models.weights import weights
from tests.deploy import networks
from tests.deploy.c.pruned import PRUNED, pruned
from tests.deploy.c.symbols import assert_alone, sums, symbols
from tests.worker.samples import EVERYTHING
from worker.deploy import scratch
from worker.deploy.boards import tools
from worker.deploy.c.figures import figures
from worker.deploy.c.project import project
from worker.deploy.c.text import array, comment, single, string, word
from worker.deploy.errors import InvalidProject, InvalidVectors
from worker.deploy.record import Int8Graph
from worker.deploy.vectors import Vectors

WICKED = ['a"*/', "\n#error x", "c|`<b>", "??/", "é\0\\"]
RECORD = networks.drawn_int8(EVERYTHING)
STRICT = "-O3 -Werror"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was built, with labels that try to break out of it."""
    found = tmp_path_factory.mktemp("project")
    scratch.write(found, project(RECORD, "my_net2", WICKED))
    scratch.require("make")
    scratch.run(["make", "all", f"CFLAGS={STRICT}"], found)
    return found


def test_its_makefile_builds_it_without_a_warning_and_its_check_passes(folder: Path) -> None:
    said = scratch.run(["make", "check", f"CFLAGS={STRICT}"], folder)
    assert "4 samples of 5 outputs: 0 wrong" in said


def test_a_wrong_answer_fails_the_check(folder: Path, tmp_path: Path) -> None:
    files = project(RECORD, "my_net2")
    table, last = files["example/vectors.h"].rsplit("outputs", 1)
    number = re.search(r"-?\d+,", last.split("{", 2)[2])
    assert number is not None
    wrong = "1," if number[0] != "1," else "2,"
    head, tail = last.split("{", 2)[:2], last.split("{", 2)[2].replace(number[0], wrong, 1)
    vectors = f"{table}outputs" + "{".join([*head, tail])
    scratch.write(tmp_path, {**files, "example/vectors.h": vectors})
    (tmp_path / "my_net2.o").write_bytes((folder / "my_net2.o").read_bytes())
    with pytest.raises(scratch.ToolFailed, match=f"need {wrong[:-1]}, got {number[0][:-1]}"):
        scratch.run(["make", "check"], tmp_path)


def test_the_example_tells_every_output_by_its_label(folder: Path) -> None:
    said = scratch.run(["example/main"], folder)
    assert next(line.split(": ")[0] for line in said.split("\n") if ": " in line) == WICKED[0]
    assert said.count(": ") == len(WICKED)


def test_symbols_are_the_formulas_to_the_byte(folder: Path, tmp_path: Path) -> None:
    for record, where, name in (
        (RECORD, folder, "my_net2"),
        (pruned(networks.drawn_int8(PRUNED)), tmp_path, "model"),
        (networks.drawn_int8(networks.SHARED), tmp_path, "shared"),
        (networks.drawn_int8(networks.LONG_SUMS), tmp_path, "sums"),
        (networks.drawn_int8(networks.OVER), tmp_path, "over"),
        (networks.drawn_int8(EVERYTHING, bits=4), tmp_path, "packed"),
        (pruned(networks.drawn_int8(PRUNED, bits=4)), tmp_path, "few"),
    ):
        if where is tmp_path:
            scratch.write(tmp_path, project(record, name))
            command = ["gcc", "-std=c99", "-O2", "-ffreestanding", "-I.", "-c", f"{name}.c"]
            scratch.run(command, tmp_path)
        arena, stored, tables = sums(symbols(where, name), name)
        graph = record.graph
        assert arena == plan_in_place(graph).arena_bytes <= plan_arena(graph).arena_bytes
        counted = weights(graph, record.non_zeros())
        assert stored + tables == deployed_bytes(graph, counted, record.weight_bits)
        found = figures(record)
        assert (arena, stored, tables) == (
            found.arena_bytes,
            found.weights_bytes,
            found.tables_bytes,
        )


def test_weights_of_8_bits_know_nothing_of_those_of_4() -> None:
    eight = project(RECORD)
    four = project(networks.drawn_int8(EVERYTHING, bits=4))
    assert not any("packed" in f"{name} {text}" for name, text in eight.items())
    more = four.keys() - eight.keys()
    assert more == {f"kernels/{name}packed.h" for name in ("", "conv2d_", "dense_", "depthwise_")}
    same = ("README.md", "model.c", "model.h", "example/vectors.h")
    assert all(four[name] == text for name, text in eight.items() if name not in same)
    assert "| weights of 4 bits and biases (flash) |" in four["README.md"]


def test_it_calls_nothing_and_has_no_memory_but_the_arena(folder: Path) -> None:
    assert_alone(folder, "my_net2")
    includes = {
        line
        for path in (folder / "kernels").iterdir()
        for line in path.read_text().splitlines()
        if line.startswith("#include <")
    }
    assert includes == {"#include <stdint.h>"}


@pytest.mark.arm
def test_no_compiler_makes_a_call_of_its_loops(tmp_path: Path) -> None:
    moved = Graph((Input("in", (20, 20, 8)), Pad("framed", ("in",), (9, 9), (0, 0))))
    scratch.write(tmp_path, project(networks.drawn_int8(moved)))
    # On a core: a compiler for this machine writes such loops out.
    tools.require(*tools.LINKING)
    gcc = [tools.GCC, "-mcpu=cortex-m4", "-mthumb", "-std=c99", "-O3", "-ffreestanding"]
    scratch.run([*gcc, "-Wall", "-Wextra", "-Werror", "-I.", "-c", "model.c"], tmp_path)
    assert_alone(tmp_path, "model")


def test_its_readme_tells_the_figures() -> None:
    found = project(RECORD, "my_net2", WICKED)["README.md"]
    size = figures(RECORD)
    assert f"| arena (RAM) | {size.arena_bytes} |" in found
    assert f"| weights and biases (flash) | {size.weights_bytes} |" in found
    assert f"| tables of requantisation (flash) | {size.tables_bytes} |" in found
    assert "| `wide` | conv2d | 7 x 5 x 1 | 7 x 5 x 6 | 1890 |" in found
    assert "c&#124;&#96;&#60;b&#62;" in found
    assert "\n#error" not in found
    over = project(networks.drawn_int8(networks.OVER))["README.md"]
    assert "| `each` | depthwise_conv2d, over `expand` |" in over
    assert "| `project` | conv2d |" in over


def test_equal_records_give_equal_files_and_given_vectors_are_written_as_they_are() -> None:
    assert project(RECORD) == project(networks.drawn_int8(EVERYTHING))
    inputs = networks.bytes_for(EVERYTHING, 40).numpy()
    answers = np.full((40, *EVERYTHING.shapes[EVERYTHING.output]), 77, np.int8)
    found = project(RECORD, vectors=Vectors(inputs, answers))["example/vectors.h"]
    assert "#define VECTORS 16" in found
    assert found.count("77, 77, 77, 77, 77") == 16
    with pytest.raises(InvalidVectors, match="need the shape"):
        project(RECORD, vectors=Vectors(inputs[:, :3], answers))


@pytest.mark.parametrize("name", ["", "Model", "9x", "a-b", "../x", "a b", "x" * 32, "stdint", 3])
def test_a_name_that_c_or_a_folder_does_not_allow_is_refused(name: str) -> None:
    with pytest.raises(InvalidProject, match="name: need 1 to 31"):
        project(RECORD, name)


def test_labels_are_one_for_each_output() -> None:
    with pytest.raises(InvalidProject, match="labels: need one for each of 5 outputs, got 2"):
        project(RECORD, labels=["a", "b"])


def test_node_names_become_symbols_that_differ() -> None:
    nodes = (
        Input("in", (2, 2, 1)),
        Conv2d("a.b", ("in",), 1, (1, 1)),
        Conv2d("a/b", ("in",), 1, (1, 1)),
        Conv2d("a//b:" + "-" * 120, ("in",), 1, (1, 1)),
        Add("sum", ("a.b", "a/b")),
        Add("int", ("sum", "a//b:" + "-" * 120)),
    )
    files = project(networks.drawn_int8(Graph(nodes)))
    found = re.findall(r"model_layer_(\w+)\(void\)", files["model.c"])
    assert found == ["1_a_b", "2_a_b", "3_sum", "4_a_b", "5_int"]


def test_text_in_c_ends_neither_comment_nor_string() -> None:
    assert comment("a */ /* b\n") == "a * / / * b?"
    assert string('"\\?\n') == '"\\042\\134\\077\\012"'
    assert word("::") == "node"
    assert single(1.0) == "1.0f"
    assert single(2.0**-60) == "8.67361738e-19f"
    assert "INT32_MIN" in array("x", np.array([-(2**31), 2**31 - 1], np.int32))


def test_gathers_that_two_layers_read_through_are_stored_once() -> None:
    nodes = (
        Input("in", (9,)),
        Gather("kept", ("in",), (1, 4, 8)),
        Dense("a", ("kept",), 2),
        Dense("b", ("kept",), 2),
        Add("out", ("a", "b")),
    )
    record: Int8Graph = networks.drawn_int8(Graph(nodes))
    text = project(record)["model.c"]
    assert len(re.findall(r"model_indices_kept_\w+\[3\] = ", text)) == 1
