"""Proposals become trials: those of designers, of users, and results from elsewhere."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from optimizer.errors import InvalidPoint
from optimizer.networks.lineage import heir, orphan
from optimizer.problem import Problem
from optimizer.proposal import Proposal
from optimizer.space import Point
from service import bulk, lineage, metrics, needs, studies, thinking
from service.errors import InvalidProposal, StudyEnded, TrialExists
from service.models import Study, Trial
from service.states import CONFIRM, SEARCH, Status, StudyStatus
from service.work import Common

USER = "user"  # designer and origin of what a user proposed


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall become a trial, of the search or to confirm one; `replicate` counts its equals."""

    point: Point
    key: str
    known: Mapping[str, float]
    parent: Trial | None = None
    confirms: Trial | None = None
    replicate: int = 0

    @property
    def purpose(self) -> str:
        """Why the trial is run."""
        return SEARCH if self.confirms is None else CONFIRM


def enqueue_proposals(
    session: Session,
    study: Study,
    proposals: Iterable[Proposal],
    fit_id: int | None,
    thinker_token: str,
    now: datetime,
) -> list[Trial]:
    """Queue what a planner proposes, unless it has lost the right to think for this study.

    Equal proposals are skipped, and so is what goes beyond the budget.

    Returns:
        The new trials; none if another one thinks by now or the study is not active.
    """
    study = studies.lock(session, study.id)
    if study.thinker_token != thinker_token or study.status is not StudyStatus.ACTIVE:
        return []
    problem = studies.problem_of(study)
    wishes = [(proposal, _wish_of(session, study, problem, proposal)) for proposal in proposals]
    taken = set(
        session.scalars(
            select(Trial.key).where(
                Trial.study_id == study.id,
                Trial.key.in_([wish.key for _, wish in wishes]),
                Trial.purpose == SEARCH,
                Trial.replicate == 0,
            )
        )
    )
    room = thinking.room(session, study)
    queued: list[Trial] = []
    for proposal, wish in wishes:
        if wish.key in taken or len(queued) == room:
            continue
        taken.add(wish.key)
        trial = trial_of(study, problem, wish, now)
        trial.designer = proposal.designer
        trial.origin = proposal.origin
        trial.details = dict(proposal.details)
        if wish.key == proposal.key:
            prediction = {name: dict(parts) for name, parts in proposal.prediction.items()}
            trial.prediction = prediction or None
        else:  # what was predicted was predicted of a child
            trial.details["orphaned"] = True
        trial.fit_id = fit_id
        queued.append(trial)
    for trial, number in zip(queued, bulk.numbers(session, Trial, len(queued)), strict=True):
        trial.id = number
    session.add_all(queued)
    bulk.flush(session)
    return queued


def enqueue(  # noqa: PLR0913 - all that a user may say of a proposal
    session: Session,
    study_id: int,
    point: Point,
    values: Mapping[str, float] | None,
    now: datetime,
    parent: int | None = None,
    *,
    replicate: bool = False,
) -> Trial:
    """Queue a user's own proposal, or with `values` enter a result from elsewhere.

    Args:
        parent: the number of the trial of this study whose weights it inherits.
        replicate: whether the study may hold an equal proposal: then this one is measured again.

    Raises:
        StudyNotFound: there is no such study.
        StudyEnded: it takes no more proposals.
        InvalidProposal: the point is outside the space, or over a limit before any work; or the
            parent has nothing to inherit.
        InvalidMetrics: `values` are not a complete result.
        TrialExists: the study holds an equal proposal.
    """
    study = studies.lock(session, study_id)
    if study.status is StudyStatus.ENDED:
        raise StudyEnded(study.name)
    problem = studies.problem_of(study)
    try:
        problem.space.validate(point)
    except InvalidPoint as error:
        raise InvalidProposal(f"point.{error.field}", str(error)) from error
    if parent is None:
        chosen = lineage.of_point(session, study, point)
    else:
        chosen = lineage.parent(session, study, parent)
    wish = _wish(problem, point, chosen)
    wish = replace(wish, replicate=_next_replicate(session, study, wish.key))
    if wish.replicate > 0 and not replicate:
        raise TrialExists(_twin(session, study, wish.key))
    trial = trial_of(study, problem, wish, now)
    known = metrics.known_of(trial)
    if values is None:
        _refuse_over_limit(problem, known)
        session.add(trial)
        session.flush()
        return trial
    # Of a pruned network a worker counts every figure; who imports one needs the objectives alone.
    needed = {*problem.names, *problem.reported}
    names = [name for name in trial.work["metrics"] if name in needed]
    result = metrics.checked_result(values, names, known)
    trial.status = Status.COMPLETED
    trial.finished_at = now
    session.add(trial)
    session.flush()
    metrics.store(session, trial, result)
    return trial


def _wish(problem: Problem, point: Point, parent: Trial | None) -> Wish:
    """A user's wish; a parent that has a number gets its place in the point."""
    if parent is not None:
        point = heir(point, parent.key, parent.epochs)
    return Wish(point, problem.space.key(point), problem.space.figures(point), parent)


def _wish_of(session: Session, study: Study, problem: Problem, proposal: Proposal) -> Wish:
    """A designer's wish: from scratch if its parent left nothing to inherit."""
    point = proposal.point
    try:
        parent = lineage.of_point(session, study, point)
    except InvalidProposal:
        point = orphan(point)
        return Wish(point, problem.space.key(point), proposal.known)
    return Wish(point, proposal.key, proposal.known, parent)


def trial_of(study: Study, problem: Problem, wish: Wish, now: datetime) -> Trial:
    """Make the next trial of a study whose row the caller has locked."""
    study.last_number += 1
    work = _work(study, problem, wish)
    inherited = 0.0 if wish.parent is None else wish.parent.epochs
    return Trial(
        study_id=study.id,
        number=study.last_number,
        point=wish.point,
        key=wish.key,
        purpose=wish.purpose,
        replicate=wish.replicate,
        known=dict(wish.known),
        work=work,
        needs=needs.of(work),
        parent_id=None if wish.parent is None else wish.parent.id,
        confirms_id=None if wish.confirms is None else wish.confirms.id,
        epochs=float(work.get("training", {}).get("epochs", 0)) + inherited,
        designer=USER,
        origin=USER,
        details={},
        created_at=now,
    )


def _work(study: Study, problem: Problem, wish: Wish) -> dict[str, Any]:
    """Return what the worker of the study's newest trial is told."""
    common = Common(problem, study.data, study.definition.get("binary"))
    told = common.work(study.last_number, wish.point, wish.known, wish.purpose, wish.replicate)
    return told if wish.parent is None else lineage.located(told, wish.parent)


def _next_replicate(session: Session, study: Study, key: str) -> int:
    """Return how a proposal is counted among its equals; 0 if there is none yet."""
    newest = select(func.max(Trial.replicate)).where(
        Trial.study_id == study.id, Trial.key == key, Trial.purpose == SEARCH
    )
    last = session.scalars(newest).one()
    return 0 if last is None else last + 1


def _twin(session: Session, study: Study, key: str) -> int:
    """Return the number of the first of some equal proposals."""
    equals = select(func.min(Trial.number)).where(
        Trial.study_id == study.id, Trial.key == key, Trial.purpose == SEARCH
    )
    return session.scalars(equals).one()


def _refuse_over_limit(problem: Problem, known: Mapping[str, Any]) -> None:
    for judge in problem.judges:
        if judge.name in known and not judge.keeps_limit(known[judge.name]):
            raise InvalidProposal(
                "point",
                f"point: its {judge.name} is {known[judge.name]:g}, over the limit "
                f"{judge.limit:g}.",
                "Propose a point within the limits.",
            )
