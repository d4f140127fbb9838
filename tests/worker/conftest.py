"""What several of the worker's tests need."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def real_data() -> Path:
    """The folder of real data sets that TINYFRONT_TEST_DATA names."""
    folder = os.environ.get("TINYFRONT_TEST_DATA")
    assert folder, "Set TINYFRONT_TEST_DATA to the folder of data sets."
    return Path(folder)
