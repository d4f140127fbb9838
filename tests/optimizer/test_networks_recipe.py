"""The training recipe of a study: what it fixes, what it searches, what its worker is told."""

from dataclasses import MISSING, fields
from fractions import Fraction
from typing import Any

import pytest

from optimizer.errors import InvalidSpace
from optimizer.networks.augment import is_augment
from optimizer.networks.recipe import ALWAYS, OPEN_SCHEDULES, Recipe
from optimizer.networks.training_presets import PRESETS
from worker import recipe as worker_recipe

POINT = {
    "learning_rate": 0.02,
    "head": {"dropout": 0.3},
    "training": {"weight_decay": 0.004, "batch_size": 48, "schedule": "cosine"},
}
OLD = {
    "epochs",
    "batch_size",
    "learning_rate",
    "weight_decay",
    "dropout",
    "schedule",
    "optimizer",
    "augment",
}


def recipe(changes: dict[str, Any] | None = None, images: int | None = None) -> Recipe:
    return Recipe.from_json(changes, images)


@pytest.mark.parametrize(
    ("images", "epochs", "batch"),
    [(None, 30, 64), (5_000, 30, 64), (897, 30, 32), (54_000, 4, 128), (20_000, 12, 128)],
)
def test_the_default_recipe_depends_on_the_number_of_images(
    images: int | None, epochs: int, batch: int
) -> None:
    found = recipe(None, images)
    assert (found.epochs, found.batch_size) == (epochs, batch)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0),
        ("epochs", 1.5),
        ("epochs", True),
        ("epochs", None),
        ("batch_size", 1),
        ("learning_rate", 0),
        ("learning_rate", float("inf")),
        ("weight_decay", -1),
        ("dropout", 1.0),
        ("schedule", "hills"),
        ("schedule", ["cosine"]),
        ("optimizer", None),
        ("optimizer", "lion"),
        ("augment", "shift33"),
        ("augment", None),
        ("label_smoothing", 0.6),
        ("label_smoothing", None),
        ("milestones", []),
        ("milestones", [[0.5, 0.1], [0.4, 0.1]]),
        ("milestones", [[0.5, 2]]),
        ("milestones", [[1, 0.5]]),
        ("milestones", [[0.5]]),
        ("milestones", 0.5),
        ("milestones", None),
        ("inherit_epochs", 0),
        ("inherit_epochs", "all"),
        ("quantisation", None),
        ("quantisation", "int4"),
        ("weight_bits", 2),
        ("weight_bits", True),
        ("weight_bits", None),
        ("weight_bits", 4),  # of a study whose errors are those of floats
        ("aware_share", 0.5),  # of a study that does not train so
        ("momentum", 0.9),
        ("preset", "munas-imagenet"),
        ("preset", 3),
        ("preset", []),
    ],
)
def test_a_wrong_recipe_is_refused_with_the_path_of_the_field(field: str, value: Any) -> None:
    other = {"schedule": "steps"} if field == "milestones" else {}
    with pytest.raises(InvalidSpace) as caught:
        recipe({field: value, **other})
    assert caught.value.field == f"training.{field}"


def test_milestones_belong_to_steps_alone() -> None:
    with pytest.raises(InvalidSpace, match=r"training\.milestones: need one or more"):
        recipe({"schedule": "steps"})
    with pytest.raises(InvalidSpace, match=r"training\.milestones: need one or more"):
        recipe({"schedule": "cosine", "milestones": [[0.5, 0.1]]})


def test_an_unknown_field_and_an_unknown_preset_list_those_there_are() -> None:
    with pytest.raises(InvalidSpace, match=r"a recipe has epochs, .*milestones.*preset"):
        recipe({"momentum": 0.9})
    with pytest.raises(InvalidSpace, match=r"need one of munas-mnist, .*sparse, got 'mnist'"):
        recipe({"preset": "mnist"})


@pytest.mark.parametrize(
    "changes",
    [
        {"epochs": 3, "learning_rate": 0.01},
        {"preset": "munas-cifar10", "batch_size": None, "label_smoothing": 0.1},
        {"weight_decay": None, "schedule": None, "inherit_epochs": 2},
    ],
)
def test_json_gives_back_the_recipe(changes: dict[str, Any]) -> None:
    found = recipe(changes, 897)
    assert recipe(found.to_json()) == found


def test_what_says_nothing_new_is_left_out_of_json() -> None:
    # So that a trial of release 0.1.0 is that of today, and its definition but for inheritance.
    assert set(recipe().to_json()) == OLD | {"inherit_epochs", "quantisation"}
    assert set(recipe().of(POINT)) == OLD == set(ALWAYS)
    plain = {"label_smoothing": 0.0, "milestones": [], "inherit_epochs": None}
    assert recipe(plain).to_json() == recipe().to_json()


def test_what_the_study_fixes_is_not_taken_from_the_genotype() -> None:
    searched = recipe().of(POINT)
    assert (searched["learning_rate"], searched["dropout"]) == (0.02, 0.3)
    fixed = recipe({"learning_rate": 0.005, "dropout": 0.0}).of(POINT)
    assert (fixed["learning_rate"], fixed["dropout"]) == (0.005, 0.0)
    assert (fixed["weight_decay"], fixed["batch_size"], fixed["schedule"]) == (
        1e-3,
        64,
        "one_cycle",
    )


def test_null_opens_five_fields_to_the_search() -> None:
    assert recipe().searched() == ("learning_rate", "dropout")
    opened = recipe({"weight_decay": None, "batch_size": None, "schedule": None})
    assert opened.searched() == (*recipe().searched(), "weight_decay", "batch_size", "schedule")
    told = opened.of(POINT)
    assert {name: told[name] for name in POINT["training"]} == POINT["training"]
    assert recipe({"learning_rate": 0.1, "dropout": 0}).searched() == ()


def test_the_worker_is_told_new_fields_where_they_say_something() -> None:
    changes = {"label_smoothing": 0.1, "schedule": "steps", "milestones": [[0.5, 0.1]]}
    told = recipe(changes).of(POINT)
    assert set(told) == OLD | {"label_smoothing", "milestones"}
    assert told["milestones"] == [[0.5, 0.1]]
    assert worker_recipe.Recipe.from_json(told).milestones == ((0.5, 0.1),)


def test_a_trial_that_inherits_has_its_own_epochs() -> None:
    found = recipe({"inherit_epochs": 2})
    assert (found.of(POINT)["epochs"], found.of(POINT, inherits=True)["epochs"]) == (30, 2)
    assert "inherit_epochs" not in found.of(POINT, inherits=True)
    assert recipe().of(POINT, inherits=True)["epochs"] == 30  # where a study says nothing of it


@pytest.mark.parametrize(
    ("changes", "images", "epochs"),
    [
        ({}, 897, None),  # 28 steps an epoch, so 14 of 30
        ({"epochs": 42}, 897, 14),
        ({}, 2_000, 7),
        ({}, 54_000, 1),
        ({"epochs": 2}, 54_000, None),
        ({"batch_size": 8}, 897, 4),
        ({"inherit_epochs": 7}, 897, 7),
        ({"inherit_epochs": None}, 897, None),
        ({}, None, None),
    ],
)
def test_a_child_is_trained_for_some_hundred_steps_where_that_spares_most_of_a_training(
    changes: dict[str, Any], images: int | None, epochs: int | None
) -> None:
    found = Recipe.from_json(changes, images)
    assert found.inherit_epochs == epochs
    assert Recipe.from_json(found.to_json(), images) == found


def test_flat_samples_cannot_move() -> None:
    recipe({"augment": "mirror"}).check_data((8, 8, 1))
    recipe().check_data((16,))
    with pytest.raises(InvalidSpace, match=r"training\.augment: need none"):
        recipe({"augment": "mirror"}).check_data((16,))


def test_optimiser_and_worker_agree_on_fields_and_defaults() -> None:
    # The eight fields of release 0.1.0 are always told, so their defaults may differ.
    def new(kind: type) -> dict[str, Any]:
        return {f.name: f.default for f in fields(kind) if f.name not in OLD}

    ours, theirs = new(Recipe), new(worker_recipe.Recipe)
    assert ours.pop("inherit_epochs") is None  # it becomes the epochs of a trial
    assert ours == theirs
    assert MISSING not in ours.values()
    assert OLD < {f.name for f in fields(worker_recipe.Recipe)}


@pytest.mark.parametrize("name", ["schedule", "optimizer"])
def test_optimiser_and_worker_know_the_same_words(name: str) -> None:
    words = worker_recipe.SCHEDULES if name == "schedule" else worker_recipe.OPTIMIZERS
    for word in words:
        extra = {"milestones": [[0.5, 0.1]]} if word == "steps" else {}
        assert recipe({name: word, **extra}).of(POINT)[name] == word
    for word in OPEN_SCHEDULES:
        worker_recipe.Recipe.from_json(recipe({"schedule": word}).of(POINT))


def test_optimiser_and_worker_read_the_same_augmentations() -> None:
    terms = ("none", "shift1", "shift32", "shift33", "frames4", "frames", "mirror", "rotate", "")
    texts = [*terms, *("+".join(pair) for pair in [(a, b) for a in terms for b in terms])]
    texts += ["shift2+mirror+rotate", "frames2+mirror+rotate", "mirror+shift2+rotate", "shift02"]
    accepted = {text for text in texts if is_augment(text)}
    assert accepted == {t for t in texts if worker_recipe.Moves.parse(t) is not None}
    assert {"none", "shift2+mirror+rotate", "frames4+mirror"} <= accepted
    assert len(accepted) < len(texts) / 3


# Table 2.6 of the facts: epochs, batch, learning rate by epoch, decay, dropout.
MUNAS: dict[str, tuple[int, int, dict[int, float], float, float]] = {
    "mnist": (30, 128, {0: 0.005}, 4e-5, 0.0),
    "cifar10": (130, 128, {0: 0.01, 90: 0.005, 105: 0.001}, 1e-5, 0.15),
    "cifar10-binary": (80, 128, {0: 0.01}, 1e-5, 0.0),
    "chars74k": (60, 80, {0: 0.01, 35: 0.005}, 1e-4, 0.15),
    "chars74k-binary": (60, 128, {0: 0.01, 42: 0.005}, 4e-5, 0.0),
    "fashion-mnist": (45, 128, {0: 0.01, 25: 0.005, 35: 0.001}, 1e-5, 0.15),
    "speech-commands": (45, 50, {0: 5e-4, 20: 1e-4, 40: 2e-5}, 1e-5, 0.0),
    "visual-wake-words": (30, 64, {0: 0.001}, 5e-5, 0.0),
    "mnist-binary": (25, 128, {0: 0.001}, 1e-4, 0.0),
}


@pytest.mark.parametrize("task", MUNAS)
def test_a_preset_of_munas_trains_as_its_table_says(task: str) -> None:
    epochs, batch, rates, decay, dropout = MUNAS[task]
    found = recipe({"preset": f"munas-{task}"}, 54_000)
    assert (found.epochs, found.batch_size, found.dropout) == (epochs, batch, dropout)
    assert found.searched() == ()
    factors = [(Fraction(share), factor) for share, factor in found.milestones]
    told = {round(share * epochs): found.learning_rate * factor for share, factor in factors}
    assert {0: found.learning_rate, **told} == pytest.approx(rates)
    # Theirs takes its share of a weight whatever the learning rate is.
    assert found.weight_decay * rates[0] == pytest.approx(decay)
    adam = task in ("speech-commands", "mnist-binary")
    assert found.optimizer == ("adamw" if adam else "sgd")


@pytest.mark.parametrize("name", PRESETS)
def test_a_worker_can_follow_every_preset(name: str) -> None:
    worker_recipe.Recipe.from_json(recipe({"preset": name}, 54_000).of(POINT))


def test_every_row_of_the_table_is_a_preset() -> None:
    assert set(PRESETS) == {f"munas-{task}" for task in MUNAS} | {"sparse"}


def test_further_fields_go_before_those_of_the_preset() -> None:
    found = recipe({"preset": "munas-cifar10", "epochs": 13, "learning_rate": None})
    assert (found.epochs, found.learning_rate, found.optimizer) == (13, None, "sgd")
    assert found.milestones == recipe({"preset": "munas-cifar10"}).milestones
    other = recipe({"preset": "munas-cifar10", "schedule": "cosine"})
    assert (other.schedule, other.milestones) == ("cosine", ())


def test_the_preset_of_sparse_leaves_epochs_and_batches_to_the_data() -> None:
    found = recipe({"preset": "sparse"}, 897)
    assert (found.epochs, found.batch_size, found.augment) == (30, 32, "none")
    assert found.searched() == ("learning_rate", "dropout")
    assert (found.optimizer, found.weight_decay) == ("adamw", 0.0)


def test_new_studies_have_the_errors_of_integers_and_stored_ones_what_they_had() -> None:
    new, kept = recipe({}, 897), recipe({"epochs": 3}).to_json()
    assert new.to_json()["quantisation"] == new.of(POINT)["quantisation"] == "post_training"
    del kept["quantisation"]  # as an earlier release stored it
    assert recipe(kept).quantisation == "none"
    told = recipe({"quantisation": "aware", "aware_share": 0.1}, 897).of(POINT)
    assert (told["quantisation"], told["aware_share"]) == ("aware", 0.1)
