"""A real server with a real worker, and studies that they made: what a user would look at."""

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import Site, free_port, until
from tinyfront import Choice, Client, Cnn, Parameters, Real, maximize, minimize

NETWORKS, BOX = "digits-f446", "kiln"


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
            networks(client)
            black_box(client)
            client.study(NETWORKS).wait(progress=False, timeout="3m")
        yield found
    finally:
        found.stop()


def networks(client: Client) -> None:
    """Search for networks in SpArSe's stages, so that some inherit and some are pruned."""
    client.create_study(
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
