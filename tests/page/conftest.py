"""Windows of the browser that tell of every error, and a service to look at."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from service.db import Database
from tests.access.conftest import Keyed, keyed_sqlite
from tests.api.conftest import BLACK_BOX, Served, served, served_sqlite, wait_until
from tests.browser import PATIENCE_MS
from tests.page import ovens, seeds

__all__ = ["keyed_sqlite", "served", "served_sqlite"]

STUDY = "/studies/digits-f446"
# Options of a window: those of a telephone.
NARROW = {"viewport": {"width": 390, "height": 780}}
# The page's policy tells of its violations in the document; they are kept where a test finds them.
LISTEN = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
});
"""


class Window:
    """A page of the service, and what its console said."""

    def __init__(self, context: BrowserContext, served: Served) -> None:
        context.add_init_script(LISTEN)
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.served = served
        self.told: list[str] = []
        self.forgiven: list[str] = []
        self.page.on("pageerror", lambda error: self.told.append(str(error)))
        self.page.on("console", lambda m: self.told.append(m.text) if m.type == "error" else None)

    def open(self, path: str) -> Page:
        """Go to an address and wait until it shows what it is about."""
        self.page.goto(f"http://127.0.0.1:{self.served.port}{path}")
        self.page.wait_for_selector("h1")
        self.page.wait_for_selector("[data-loading]", state="detached")
        return self.page

    def drawn(self, chart: str = ".chart") -> None:
        """Wait until the first chart is drawn."""
        self.page.wait_for_selector(f"{chart} .main-svg, {chart} canvas")

    def click(self, x: float, y: float) -> None:
        """Click on what a chart draws at a place of the window."""
        self.page.mouse.move(x, y)
        # Plotly notes what is below the pointer before it takes a click.
        self.page.wait_for_selector(".js-plotly-plot .hoverlayer .hovertext")
        self.page.mouse.click(x, y)

    def forgive(self, words: str) -> None:
        """Forget errors that a test provoked, now and later."""
        self.forgiven.append(words)

    @property
    def errors(self) -> list[str]:
        """What the console said that no test provoked."""
        return [each for each in self.told if not any(words in each for words in self.forgiven)]


@contextmanager
def opened(browser: Browser, served: Served, **options: Any) -> Iterator[Window]:
    """A fresh window; afterwards neither its console nor its policy may have complained."""
    context = browser.new_context(**options)
    found = Window(context, served)
    yield found
    violations = found.page.evaluate("window.violations")
    context.close()
    assert violations == []
    assert found.errors == []


@pytest.fixture(scope="session")
def shared(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service that all tests of the page share; what one test adds, the others see."""
    folder = tmp_path_factory.mktemp("page")
    shutil.copy(sqlite_template, folder / "tinyfront.db")
    db = Database(f"sqlite:///{folder / 'tinyfront.db'}")
    service = Served(db, folder)
    service.start()
    yield service
    service.stop()
    db.close()


@pytest.fixture(scope="session")
def networks(shared: Served) -> Served:
    """A study of networks with trials of every kind, and one of a black box."""
    seeds.networks(shared, 14)
    seeds.black_box(shared, 5)
    wait_until(lambda: shared.get(f"{STUDY}")["finished"] == 14)
    wait_until(lambda: shared.get("/studies/toy")["finished"] == 5)
    return shared


@pytest.fixture(scope="session")
def family(shared: Served) -> dict[str, Any]:
    """A pruned trial that has finished, and a child of it that waits."""
    found = seeds.family(shared)
    wait_until(lambda: shared.get("/studies/family")["finished"] == 1)
    return found


@pytest.fixture(scope="session")
def oven(shared: Served) -> Served:
    """A black box with parameters of every kind and 60 results."""
    ovens.oven(shared, 60)
    return shared


@pytest.fixture
def window(browser: Browser, shared: Served, request: pytest.FixtureRequest) -> Iterator[Window]:
    """A fresh window.

    Its options are those of Playwright's `new_context`, given by indirect parametrization.
    """
    with opened(browser, shared, **getattr(request, "param", {})) as found:
        yield found


@pytest.fixture
def locked(browser: Browser, keyed_sqlite: Keyed) -> Iterator[Window]:
    """A window on a service with keys and one study; refusals may be told in its console."""
    assert keyed_sqlite.ask("one", "POST", "/studies", BLACK_BOX).status_code == 201
    with opened(browser, keyed_sqlite.served) as found:
        found.forgive("401 (Unauthorized)")
        yield found
