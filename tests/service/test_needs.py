"""What a trial needs and what a worker can: words on the wire, bits in the database."""

from typing import Any

import pytest
from sqlalchemy import text

from service import needs
from service.open_studies import open_studies
from service.trials import Claim
from tests.service.network_study import enqueue, network, point, pruned
from tests.service.stage import Stage

RECIPE = {
    "epochs": 3,
    "batch_size": 16,
    "learning_rate": 0.03,
    "weight_decay": 0.0,
    "dropout": 0.0,
    "schedule": "one_cycle",
    "optimizer": "adamw",
    "augment": "shift2",
}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, []),
        ({"pruning": None, "parent": None}, []),
        ({"pruning": {"scope": "channels"}}, ["pruning"]),
        ({"parent": {"key": "a"}}, ["parent"]),
        ({"pruning": {}, "instructions": {"m4": {}}}, ["pruning", "instructions"]),
        ({"binary": 5}, ["binary"]),
        ({"training": RECIPE | {"schedule": "cosine"}}, ["training"]),
        ({"training": RECIPE | {"augment": "shift3"}}, ["training"]),
        ({"training": RECIPE | {"label_smoothing": 0.1}}, ["training"]),
        ({"training": RECIPE | {"quantisation": "none"}}, []),
        ({"training": RECIPE | {"quantisation": "aware", "aware_share": 0.5}}, ["int8"]),
        ({"training": RECIPE | {"quantisation": "aware", "weight_bits": 4}}, ["int8", "int4"]),
        ({"purpose": "search"}, []),
        ({"purpose": "confirm"}, ["confirm"]),
        ({"parent": {}, "binary": 1, "pruning": {}}, ["pruning", "parent", "binary"]),
    ],
)
def test_work_needs_what_release_0_1_0_could_not_do(more: dict[str, Any], words: list[str]) -> None:
    assert needs.of({"kind": "network", "training": RECIPE, **more}) == needs.met_by(words)


def test_the_work_of_a_black_box_needs_nothing() -> None:
    assert needs.of({"kind": "parameters", "parameters": {"x": 1.0}}) == 0


def test_bits_are_named_by_the_words_they_came_from() -> None:
    assert needs.words(needs.met_by(["binary", "pruning"]) | 2**20) == ["pruning", "binary"]


def test_bits_stay_what_they_are_in_databases() -> None:
    bits = {"pruning": 1, "parent": 2, "binary": 4, "training": 8, "confirm": 16, "int8": 32}
    assert dict(needs.BITS) == {**bits, "instructions": 64, "int4": 128}


def test_words_of_a_later_release_are_ignored_and_no_word_counts_twice() -> None:
    assert needs.met_by(["pruning", "flight", "pruning"]) == needs.BITS["pruning"]
    assert needs.met_by([]) == 0


def test_a_trial_goes_only_to_a_worker_that_can_do_all_it_needs(stage: Stage) -> None:
    study_id = network(stage, binary=5)
    trial = enqueue(stage, study_id, pruned(point(stage, study_id)))
    for words in ([], ["pruning"], ["binary"], ["parent", "training"]):
        assert stage.claim(can=needs.met_by(words)) == []
    assert stage.lease(can=needs.met_by(["pruning", "binary", "flight"])).trial_id == trial.id


def test_a_worker_gets_the_oldest_trial_that_it_can_do(stage: Stage) -> None:
    study_id = network(stage)
    first = enqueue(stage, study_id, pruned(point(stage, study_id)))
    second = enqueue(stage, study_id, point(stage, study_id))
    assert stage.lease().trial_id == second.id
    assert stage.claim() == []
    assert stage.lease(can=needs.PRUNING).trial_id == first.id


def test_a_need_of_a_later_release_is_met_by_nobody(stage: Stage) -> None:
    (trial_id,) = stage.enqueue(stage.study())
    with stage.begin() as session:
        session.execute(text(f"UPDATE trials SET needs = {2**20} WHERE id = {trial_id}"))
    assert stage.claim(can=needs.met_by(needs.BITS)) == []


def test_a_worker_of_less_ability_does_not_take_back_what_it_left_open(stage: Stage) -> None:
    study_id = network(stage)
    enqueue(stage, study_id, pruned(point(stage, study_id)))
    stage.lease("w", can=needs.PRUNING)
    assert stage.claim("w", resume=True) == []
    assert len(stage.claim("w", resume=True, can=needs.PRUNING)) == 1


def test_queued_trials_are_counted_by_what_they_need(stage: Stage) -> None:
    study_id = network(stage)
    for seed in (0, 1):
        enqueue(stage, study_id, point(stage, study_id, seed))
    enqueue(stage, study_id, pruned(point(stage, study_id)))
    with stage.db.read() as session:
        (study,) = open_studies(session)
    assert study.queued == {0: 2, needs.PRUNING: 1}
    assert study.open_budget == 27
    assert study.offers(Claim("old", "r")) == [0]
    assert study.offers(Claim("new", "r", can=needs.PRUNING)) == [0, needs.PRUNING]


def test_a_claim_reads_the_queue_in_its_order_without_sorting_it(stage: Stage) -> None:
    if not stage.db.sqlite:
        return
    plan = (
        "EXPLAIN QUERY PLAN SELECT id FROM trials WHERE status = 'queued' AND needs & 14 = 0 "
        "ORDER BY id LIMIT 1"
    )
    with stage.db.read() as session:
        steps = [row.detail for row in session.execute(text(plan))]
    assert steps == [
        "SEARCH trials USING COVERING INDEX ix_trials_status_id_study_id_needs (status=?)"
    ]


@pytest.mark.parametrize(
    ("asked", "too_little", "enough"),
    [
        ({"accelerator": "cuda"}, {"accelerator": "cpu"}, {"accelerator": "cuda"}),
        ({"accelerator": "cpu"}, {"accelerator": "cuda"}, {"accelerator": "cpu"}),
        ({"memory_mib": 8000}, {"memory_mib": 7999}, {"memory_mib": 8000}),
    ],
)
def test_a_study_hands_its_trials_only_to_workers_that_have_what_it_needs(
    stage: Stage, asked: dict[str, Any], too_little: dict[str, Any], enough: dict[str, Any]
) -> None:
    (trial_id,) = stage.enqueue(stage.study(needs=asked))
    for claim in ({}, too_little):
        assert stage.claim(**claim) == []
    with stage.db.read() as session:
        (study,) = open_studies(session)
    fits = [study.fits(Claim("w", "r", **claim)) for claim in ({}, too_little, enough)]
    assert fits == [False, False, True]
    assert stage.lease(**enough).trial_id == trial_id


def test_a_study_without_needs_goes_to_everybody(stage: Stage) -> None:
    (trial_id,) = stage.enqueue(stage.study())
    assert stage.lease().trial_id == trial_id
