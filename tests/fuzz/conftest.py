"""What the walks through the API need of their surroundings."""

from collections.abc import Iterator

import pytest
from hypothesis.internal.conjecture import providers


@pytest.fixture
def same_draws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let draws not hang on what is written in our modules, or which tests imported them before.

    Hypothesis draws from all numbers and texts of the local modules that are loaded. How deep a
    walk gets then changes with every commit and with the order of the tests.
    """
    monkeypatch.setattr(providers, "_get_local_constants", providers.Constants)
    providers.CONSTANTS_CACHE.cache.clear()
    yield
    providers.CONSTANTS_CACHE.cache.clear()
