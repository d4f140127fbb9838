"""What a slip of the hand is answered with: one line that names the field and what it needs."""

from collections.abc import Callable
from typing import Any

import pytest

import tinyfront
from tests.client.scripted import Scripted, problem
from tinyfront import Client, Cnn, Parameters, Real, from_optuna

SPACE = Parameters(Real("x", 0, 1))


def create(space: Any = SPACE, objectives: Any = ("cost",)) -> Callable[[Client], object]:
    return lambda client: client.create_study("toy", space=space, objectives=objectives, trials=1)


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (
            create(objectives="cost"),
            "objectives: need a list of .* got 'cost'",
        ),
        (create(objectives=[3]), r"objectives\.0: need minimize\(\.\.\.\), .* got 3\."),
        (create(objectives=tinyfront.minimize("cost")), "objectives: need a list"),
        (create(space=None), r"space: need Cnn\(\.\.\.\), .* got None\."),
        (create(space="tiny"), "space: need .* got 'tiny'"),
        (create(space=Cnn), "space: need .* got <class"),
        (lambda client: from_optuna("toy", "new"), r"client: need .* got 'toy'"),  # type: ignore[arg-type]
        (lambda client: from_optuna(client, "toy"), r"study: need .* got 'toy'"),  # type: ignore[arg-type]
        (lambda client: Client(5), r"url: 5 is no address"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_type_is_one_line(
    server: Scripted, slip: Callable[[Client], object], said: str
) -> None:
    with pytest.raises(tinyfront.InvalidArgument, match=said) as caught:
        slip(server.client())
    assert len(str(caught.value).splitlines()) == 1
    assert server.requests == []


def test_an_unknown_study_and_a_wrong_key_are_one_line_each(server: Scripted) -> None:
    server.say("GET", "/studies/toy", problem(404, "There is no study toy."))
    server.say("GET", "/studies/mine", problem(401, "The key is unknown.", remedy="Give another."))
    client = server.client()
    for name, error, said in (
        ("toy", tinyfront.NotFound, "There is no study toy."),
        ("mine", tinyfront.NotAllowed, "The key is unknown. Give another."),
    ):
        with pytest.raises(error) as caught:
            client.study(name)
        assert str(caught.value) == said
