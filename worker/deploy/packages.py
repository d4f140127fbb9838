"""Packages that not everybody has."""

from importlib.metadata import PackageNotFoundError, version


def version_of(package: str) -> str | None:
    """The version that is installed; None if there is none. It is not imported."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
