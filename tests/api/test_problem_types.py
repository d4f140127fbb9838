"""Every kind of refusal is documented, and nothing else is."""

import ast
from collections.abc import Iterator
from pathlib import Path

from service import problem_types
from service.api.errors import HTTP_STATUS, OWN_WORDS
from service.api.problems import slug

ROOT = Path(__file__).parents[2]


def named_in_code() -> Iterator[str]:
    """The kinds that stand as text in a call of `Problem`."""
    for path in (ROOT / "service").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            texts = [each.value for each in node.args if isinstance(each, ast.Constant)]
            if node.func.id == "Problem" and len(texts) > 1 and isinstance(texts[1], str):
                yield texts[1]


def test_the_page_in_docs_is_that_of_the_code(tmp_path: Path) -> None:
    """Written anew by `python -m service.problem_types`."""
    assert (ROOT / "docs" / "problems.md").read_text() == problem_types.page()
    assert problem_types.main([str(tmp_path / "p.md")]) == 0
    assert (tmp_path / "p.md").read_text() == problem_types.page()


def test_every_kind_that_the_code_names_is_on_the_page() -> None:
    own = {name for name, _ in OWN_WORDS.values()}
    found = {*named_in_code(), *own, "refused"}
    assert found == set(problem_types.OTHERS)
    assert {slug(error) for error in HTTP_STATUS} | found == set(problem_types.kinds())


def test_every_kind_says_when_it_is_given() -> None:
    assert all(when.endswith(".") for _, when in problem_types.kinds().values())
