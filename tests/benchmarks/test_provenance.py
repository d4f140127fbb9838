"""Where lines come from: code that decides a result changes its name, and nothing else does."""

from pathlib import Path

import pytest

from benchmarks import hypervolume, provenance, scalarisation, search_digits
from benchmarks.provenance import check_same, untold


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A benchmark that imports a designer, which imports another module, late."""
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    for folder in ("benchmarks", "optimizer"):
        (tmp_path / folder).mkdir()
    write(tmp_path, "optimizer/__init__.py", "")
    write(tmp_path, "optimizer/other.py", "OTHER = 1\n")
    write(tmp_path, "optimizer/kernel.py", "SCALE = 1\n")
    write(tmp_path, "optimizer/bayes.py", "def fit():\n    from optimizer import kernel\n")
    write(tmp_path, "benchmarks/box.py", "import math\nfrom optimizer.bayes import fit\n")
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    (root / name).write_text(text)


def code() -> str:
    provenance.code_of.cache_clear()
    provenance._read.cache_clear()
    return provenance.code_of("benchmarks.box")


def test_the_code_is_that_of_all_that_is_imported(root: Path) -> None:
    before = code()
    write(root, "optimizer/other.py", "OTHER = 2\n")
    assert code() == before
    write(root, "optimizer/kernel.py", "SCALE = 2\n")
    assert code() != before


def test_words_and_layout_are_no_code(root: Path) -> None:
    before = code()
    write(root, "optimizer/kernel.py", '"""Kernels."""\n\n# As Matérn has it.\nSCALE = (1)\n')
    assert code() == before


def test_lines_of_different_code_are_no_comparison_and_old_ones_are_counted() -> None:
    lines = [{"seed": 0}, {"seed": 1, "code": "a"}, {"seed": 2, "code": "a"}]
    check_same(lines, "code", "versions")
    assert untold(lines) == 1
    with pytest.raises(RuntimeError, match=r'code: .* come from "a" and "b"'):
        check_same([*lines, {"seed": 3, "code": "b"}], "code")
    with pytest.raises(RuntimeError, match="versions"):
        check_same([{"versions": {"torch": "2"}}, {"versions": {"torch": "3"}}], "versions")


def test_the_modules_of_every_benchmark_are_there() -> None:
    provenance._read.cache_clear()
    codes = {provenance.code_of(*modules) for modules in search_digits.MODULES.values()}
    assert len(codes) == 4  # random, NSGA-II, Optuna's and ours
    assert provenance.code_of(*hypervolume.MODULES) != provenance.code_of(*scalarisation.MODULES)


def test_lines_of_peers_outlive_changes_of_ours_but_not_of_the_training() -> None:
    names = search_digits.NAMES
    lines = {n: [{"code": f"{search_digits.MODULES[n]}", "training": "a"}] for n in names}
    search_digits.check_origins(lines)
    lines["tpe"][0]["code"] = lines["optuna_nsga2"][0]["code"] = "older"
    search_digits.check_origins(lines)
    lines["sparse_stopping"][0]["code"] = "older"
    with pytest.raises(RuntimeError, match="code"):
        search_digits.check_origins(lines)
    lines["sparse_stopping"][0]["code"] = lines["sparse"][0]["code"]
    lines["random"][0]["training"] = "b"
    with pytest.raises(RuntimeError, match="training"):
        search_digits.check_origins(lines)
