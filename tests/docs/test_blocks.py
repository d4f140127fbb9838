"""Every fenced block of the documents is read as its language, its names resolved."""

import ast
import builtins
import importlib
import json
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.deploy.networks import drawn_int8, sampled
from tests.docs.blocks import PAGES, Block, blocks
from tests.docs.commands import Wrong, check
from worker.deploy.c.project import sources

LANGUAGES = {"c", "json", "python", "sh", "text", "toml", "yaml"}
# Names that a page speaks of before its first block: whoever reads it has them.
GIVEN = {"docs/sdk.md": {"bake", "build", "front", "study", "tf"}}
ALL = [block for page in PAGES for block in blocks(page)]


def of(language: str) -> list[Block]:
    return [block for block in ALL if block.language == language]


def test_every_block_says_its_language() -> None:
    assert [b.where for b in ALL if b.language not in LANGUAGES] == []


def test_there_are_blocks_of_the_languages_that_people_copy() -> None:
    assert len(of("python")) > 15
    assert len(of("sh")) > 20


@pytest.mark.parametrize("block", of("sh"), ids=lambda block: block.where)
def test_every_command_is_understood_by_its_program(block: Block) -> None:
    for words in block.commands():
        check(words)


@pytest.mark.parametrize(
    "words",
    [
        "tinyfront study create a --no-such-option 1",
        "tinyfront study crate a",
        "tinyfront front",
        "tinyfront-server worker --server",
        "tinyfront-server serve --port many",
        "make everything",
        "python examples/nothing.py",
        "tinifront front a",
    ],
)
def test_a_command_that_would_fail_is_found(words: str) -> None:
    with pytest.raises(Wrong):
        check(words.split())


def test_pipes_redirections_and_comments_are_no_words_of_a_command() -> None:
    text = 'A=1 tinyfront front "a<=1" \\\n  --json > out.json | less  # as a file\n'
    first, second = Block("page", 1, "sh", text).commands()
    assert first == ["A=1", "tinyfront", "front", "a<=1", "--json"]
    assert second == ["less"]


def test_json_toml_and_yaml_are_what_they_say() -> None:
    for block in of("json"):
        json.loads(block.text)
    for block in of("toml"):
        tomllib.loads(block.text)
    for block in of("yaml"):
        yaml.safe_load(block.text)


def test_c_is_compiled_against_the_header_of_a_project(tmp_path: Path) -> None:
    [graph] = sampled("tiny", 1)
    (tmp_path / "model.h").write_text(sources(drawn_int8(graph))["model.h"])
    for block in of("c"):
        includes = [line for line in block.text.splitlines() if line.startswith("#")]
        body = [line for line in block.text.splitlines() if not line.startswith("#")]
        given = "extern float sample[]; int8_t quantised(float); const int8_t *run(void);"
        program = [*includes, given, "const int8_t *run(void) {", *body, "return output; }"]
        path = tmp_path / "block.c"
        path.write_text("\n".join(program) + "\n")
        words = ["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", path.name]
        ended = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, f"{block.where}: {ended.stderr}"


@pytest.mark.parametrize("page", sorted({block.page for block in of("python")}))
def test_every_name_of_a_page_comes_from_somewhere(page: str) -> None:
    known = set(dir(builtins)) | GIVEN.get(page, set())
    for block in blocks(page):
        if block.language == "python":
            tree = ast.parse(block.text, block.where)
            check_imports(tree)
            known |= made(tree)
            assert used(tree) - known == set(), block.where


def check_imports(tree: ast.Module) -> None:
    """Import what a block imports, and look for each name in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                importlib.import_module(each.name)
        elif isinstance(node, ast.ImportFrom):
            module = importlib.import_module(str(node.module))
            for each in node.names:
                assert hasattr(module, each.name), f"{node.module} has no {each.name}"


def made(tree: ast.Module) -> set[str]:
    """The names that a block binds anywhere."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(each.asname or each.name).split(".")[0] for each in node.names}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
    return found


def used(tree: ast.Module) -> set[str]:
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
