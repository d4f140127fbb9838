"""Training recipes: what a worker follows and what it refuses."""

from typing import Any

import pytest

from tests.worker.samples import RECIPE
from worker.errors import UnsupportedWork
from worker.recipe import Moves, Recipe


def recipe(**changes: Any) -> Recipe:
    return Recipe.from_json(RECIPE | changes)


@pytest.mark.parametrize(
    ("text", "moves"),
    [
        ("none", Moves()),
        ("shift1", Moves(1, 1)),
        ("shift32", Moves(32, 32)),
        ("frames10", Moves(10, 0)),
        ("mirror", Moves(mirror=True)),
        ("shift2+mirror+rotate", Moves(2, 2, True, True)),
        ("frames5+rotate", Moves(5, 0, rotate=True)),
    ],
)
def test_augment_says_how_images_move(text: str, moves: Moves) -> None:
    assert recipe(augment=text).moves == moves
    assert bool(moves) == (text != "none")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shift",
        "shift0",
        "shift02",
        "shift33",
        "shift-1",
        "Shift2",
        "shift2 ",
        "shift²",
        "mirror2",
        "rotate+mirror",
        "mirror+shift2",
        "mirror+mirror",
        "shift2+frames2",
        "shift2+shift4",
        "none+mirror",
        "mirror+none",
        "+mirror",
        "mirror+",
        "cutout",
        7,
        None,
    ],
)
def test_an_augmentation_has_one_spelling(text: Any) -> None:
    with pytest.raises(UnsupportedWork, match=r"training\.augment: need none, or shiftN"):
        recipe(augment=text)


@pytest.mark.parametrize(
    "changes",
    [
        {"label_smoothing": 1.0},
        {"label_smoothing": -0.1},
        {"label_smoothing": "much"},
        {"label_smoothing": None},
        {"schedule": "steps"},
        {"optimizer": "adam"},
    ],
)
def test_a_new_field_that_cannot_be_followed_is_refused(changes: dict[str, Any]) -> None:
    name = "milestones" if "schedule" in changes else next(iter(changes))
    with pytest.raises(UnsupportedWork, match=rf"training\.{name}: need"):
        recipe(**changes)


@pytest.mark.parametrize(
    "milestones",
    [
        [],
        [[0.5]],
        [[0.5, 0.1, 0.1]],
        [0.5, 0.1],
        "half",
        {"0.5": 0.1},
        [[0.0, 0.5]],
        [[1.0, 0.5]],
        [[0.6, 0.5], [0.4, 0.1]],
        [[0.4, 0.5], [0.4, 0.1]],
        [[0.5, 0.0]],
        [[0.5, 1.5]],
        [[0.5, float("nan")]],
        [[True, 0.5]],
        [["0.5", 0.1]],
    ],
)
def test_milestones_are_rising_shares_with_factors(milestones: Any) -> None:
    with pytest.raises(UnsupportedWork, match=r"training\.milestones: need"):
        recipe(schedule="steps", milestones=milestones)


def test_milestones_belong_to_steps_alone() -> None:
    found = recipe(schedule="steps", milestones=[[0.5, 0.1], [0.75, 0.01]])
    assert found.milestones == ((0.5, 0.1), (0.75, 0.01))
    with pytest.raises(UnsupportedWork, match=r"training\.milestones"):
        recipe(schedule="cosine", milestones=[[0.5, 0.1]])
