"""What made a line of results: the code that decides it, and the libraries."""

import ast
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PACKAGES = ("optimizer", "resource_models", "worker")


@lru_cache
def code_of(*modules: str) -> str:
    """Names the code of modules and of all that they import of our packages: 16 digits.

    A commit would change with every page of documentation. So do comments, docstrings and layout,
    which do not count. Read once by each process, as the modules are.

    Args:
        modules: full names; those of benchmarks count only where they are named here.
    """
    todo, found = list(modules), dict[str, str]()
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found[name], imported = _read(name)
        todo += [other for other in imported if other.partition(".")[0] in PACKAGES]
    text = "\n".join(f"{name} {found[name]}" for name in sorted(found))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def versions_of(libraries: Sequence[str]) -> dict[str, str]:
    """Of Python and of those libraries that are installed."""
    found = {"python": platform.python_version()}
    for name in libraries:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def check_same(lines: Sequence[Mapping[str, Any]], *fields: str) -> None:
    """Raise RuntimeError where lines that are compared say that they come from different places.

    Lines from before a field was written are taken as they are.
    """
    for field in fields:
        told = sorted({json.dumps(line[field], sort_keys=True) for line in lines if field in line})
        if len(told) > 1:
            raise RuntimeError(
                f"{field}: lines of one comparison come from {' and '.join(told)}; keep those of "
                "one and run the others again"
            )


def untold(lines: Sequence[Mapping[str, Any]]) -> int:
    """How many lines do not say which code made them."""
    return sum("code" not in line for line in lines)


@lru_cache
def _read(module: str) -> tuple[str, tuple[str, ...]]:
    """The code of one module, and what it imports."""
    tree = ast.parse(_path(module).read_text())
    return ast.dump(_bare(tree)), tuple(_imported(tree))


def _path(module: str) -> Path:
    place = ROOT / module.replace(".", "/")
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def _imported(tree: ast.AST) -> Iterator[str]:
    """Names of modules; a package's own file counts only where it is asked for a name of its."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                module = f"{node.module}.{alias.name}"
                yield module if _path(module).exists() else node.module


def _bare(tree: ast.Module) -> ast.Module:
    """Without docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
    return tree
