"""A real server with a real worker, and studies that they made: what a user would look at."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from tests.access.conftest import keyed_sqlite
from tests.api.conftest import Served, served_sqlite
from tests.e2e.conftest import Site, free_port, until
from tests.page.conftest import Window, opened
from tinyfront import Choice, Client, Cnn, Parameters, Real, Study, maximize, minimize

__all__ = ["keyed_sqlite", "served_sqlite"]

NETWORKS, BOX = "digits-f446", "kiln"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 800}
LOOKS = {
    "wide": {"viewport": WIDE, "color_scheme": "light"},
    "narrow": {"viewport": NARROW, "color_scheme": "dark", "has_touch": True},
}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server on SQLite with two studies that have ended, one of networks and a black box."""
    folder = tmp_path_factory.mktemp("walk")
    found = Site(folder, f"sqlite:///{folder / 'tinyfront.db'}", free_port())
    try:
        found.start_server()
        found.start_worker("worker-1")
        with Client(found.url) as client:
            until(lambda: bool(client.data()), "the worker announces its data")
            study = networks(client)
            black_box(client)
            child(study)
            study.wait(progress=False, timeout="3m")
            study.confirm(networks=1, seeds=1)
            until(lambda: study.confirmed().open == 0, "the front is confirmed")
        yield found
    finally:
        found.stop()


def networks(client: Client) -> Study:
    """Search for networks in SpArSe's stages, so that some are pruned."""
    return client.create_study(
        NETWORKS,
        data="digits",
        space=Cnn(),
        device="stm32f446re",
        objectives=[
            minimize("error"),
            minimize("model_size", bound=8_000),
            minimize("working_memory", limit=16_384),
        ],
        trials=10,
        training={"epochs": 2},
        designer="sparse",
        designer_options={"explore": 0.3, "morph": 0.7},
    )


def child(study: Study) -> None:
    """Let a network inherit from the first one that is there; the search alone may morph none."""
    until(lambda: any(study.trials(status="completed")), "a network is trained")
    parent = next(study.trials(status="completed"))
    point = {**parent.point, "learning_rate": round(parent.point["learning_rate"] / 2, 4)}
    study.enqueue(point, parent=parent.number)


def black_box(client: Client) -> None:
    """Optimise a function with every kind of parameter, a failure and a point without a value."""
    study = client.create_study(
        BOX,
        space=Parameters(
            Choice("fuel", ["gas", "wood"]),
            Real("heat", 1, 100, log=True),
            Real("draught", 0, 1, when={"fuel": ["wood"]}),
        ),
        objectives=[minimize("cost", bound=30), maximize("yield")],
        trials=14,
        designer="random",
    )
    for number, trial in enumerate(study.ask()):
        if number == 3:
            trial.fail("It melts.", infeasible=True)
            continue
        heat, draught = trial.parameters["heat"], trial.parameters.get("draught", 0.5)
        trial.report(1, {"cost": heat + 5})
        trial.complete({"cost": heat + 10 * draught, "yield": heat * (1 - heat / 200)})


@pytest.fixture(scope="session")
def places(site: Site) -> dict[str, object]:
    """What the braces in the addresses of views stand for."""
    with Client(site.url) as client:
        study, kiln = client.study(NETWORKS), client.study(BOX)
        [melted] = [trial.id for trial in kiln.trials() if trial.status == "infeasible"]
        [inherited] = [trial.id for trial in study.trials() if trial.origin == "user"]
        best = list(kiln.front())
        return {
            "networks": NETWORKS,
            "box": BOX,
            "child": inherited,
            "run": study.confirmed().networks[0].runs[0].id,
            "kiln": best[0].id,
            "pair": ",".join(str(trial.number) for trial in best[:2]),
            "melted": melted,
        }


@contextmanager
def watched(browser: Browser, served: Served | Site, look: str) -> Iterator[Window]:
    """Open a window that notes each address it asks; afterwards nothing may have complained."""
    asked: list[str] = []
    with opened(browser, served, **LOOKS[look]) as found:
        found.page.on("request", lambda each: asked.append(each.url))
        yield found
    own = f"127.0.0.1:{served.port}"
    others = [url for url in asked if urlsplit(url).scheme not in {"data", "blob"}]
    assert [url for url in others if urlsplit(url).netloc != own] == []


@pytest.fixture(params=list(LOOKS))
def window(request: pytest.FixtureRequest, browser: Browser, site: Site) -> Iterator[Window]:
    """A window on the site, wide and narrow."""
    with watched(browser, site, request.param) as found:
        yield found
