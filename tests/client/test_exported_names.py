"""The public names of the SDK."""

import inspect
import subprocess
import sys
from importlib.metadata import version

import tinyfront
from tinyfront import errors


def test_every_exported_name_exists_and_the_list_is_sorted_and_complete() -> None:
    exported = {
        name
        for name, value in vars(tinyfront).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert set(tinyfront.__all__) == exported
    assert list(tinyfront.__all__) == sorted(tinyfront.__all__)


def test_every_error_is_exported_and_has_one_of_our_errors_as_only_base() -> None:
    own = [
        value
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, Exception)
    ]
    assert {error.__name__ for error in own} <= set(tinyfront.__all__)
    for error in own:
        assert len(error.__bases__) == 1
        assert error.__bases__[0] in own or error is errors.TinyfrontError


def test_the_error_tree_in_the_docstring_names_every_error() -> None:
    drawn = errors.__doc__ or ""
    own = [name for name, value in vars(errors).items() if inspect.isclass(value)]
    missing = {name for name in own if name not in drawn} - {"Mapping", "Any", "Problem"}
    assert missing == set()


def test_the_version_is_that_of_the_distribution() -> None:
    assert tinyfront.__version__ == version("tinyfront")


def test_importing_the_sdk_loads_no_optional_package() -> None:
    program = (
        "import sys, tinyfront; "
        "optional = ('IPython', 'numpy', 'optuna', 'pandas', 'plotly', 'torch'); "
        "print([m for m in optional if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
