"""Confirming a front: its networks are frozen, trained from scratch, and judged by the test set.

A front is the best of many noisy results, so it promises too much. Here each of its networks is
trained several times with fresh seeds and without a parent. These runs are trials of the study, but
no part of its search: they have no place in its ledger, use no budget, and no designer sees them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from optimizer.confirming import most_contributing
from optimizer.networks.lineage import orphan
from optimizer.problem import Problem
from service import fronts, metrics, studies
from service.errors import AlreadyConfirmed, IllegalChange
from service.models import Study, Trial
from service.proposals import Wish, trial_of
from service.states import CONFIRM, SEARCH, Ended, Kind, Status, StudyStatus


@dataclass(frozen=True, slots=True)
class Request:
    """What a user wants confirmed: the trials of these numbers, or at most so many of the front."""

    networks: int = 20
    seeds: int = 3
    numbers: Sequence[int] | None = None
    again: bool = False


def confirm(session: Session, study_id: int, request: Request, now: datetime) -> list[Trial]:
    """Freeze networks of a study and queue the runs that confirm them.

    Returns:
        The runs, `seeds` for each network; their replicates go on from those of earlier times.

    Raises:
        StudyNotFound: there is no such study.
        AlreadyConfirmed: the test set was read before, and the request does not say `again`.
        IllegalChange: there is no network to confirm, or no completed trial of a given number.
    """
    study = studies.lock(session, study_id)
    if study.kind is not Kind.NETWORK:
        raise IllegalChange(
            "study",
            f"Study {study.name!r} searches parameters, which have no test set.",
            "Confirm a study of networks; evaluate a black box again by trials of your own.",
        )
    if study.test_reads and not request.again:
        raise AlreadyConfirmed(study.name, study.test_reads)
    problem = studies.problem_of(study)
    if request.numbers is None:
        chosen = _of_front(session, study, problem, request.networks)
    else:
        chosen = [_numbered(session, study, number) for number in request.numbers]
    if not chosen:
        raise IllegalChange(
            "study",
            f"The front of study {study.name!r} is empty.",
            "Confirm it when a trial has come onto its front.",
        )
    return _freeze(session, study, problem, chosen, request.seeds, now)


def confirm_at_the_end(session: Session, study: Study, now: datetime) -> None:
    """Confirm a study that has ended, if its definition says so; once, and not if it was closed.

    The caller has locked the study's row.
    """
    asked = study.definition.get("confirm")
    ended = study.status is StudyStatus.ENDED and study.ended_reason is not Ended.CLOSED
    if asked is None or not ended or study.test_reads or not study.front_size:
        return
    problem = studies.problem_of(study)
    chosen = _of_front(session, study, problem, asked["networks"])
    _freeze(session, study, problem, chosen, asked["seeds"], now)


def _of_front(session: Session, study: Study, problem: Problem, most: int) -> list[Trial]:
    """Choose from the front what makes most of its hypervolume."""
    front = fronts.front(session, study.id)
    if not front:
        return []
    values = metrics.values_of(session, front)
    scores = fronts.scores_of(problem, [values[trial.id] for trial in front])
    return [front[row] for row in most_contributing(scores, most)]


def _numbered(session: Session, study: Study, number: int) -> Trial:
    where = (Trial.study_id == study.id, Trial.number == number, Trial.purpose == SEARCH)
    found = session.scalars(select(Trial).where(*where)).one_or_none()
    if found is None or found.status is not Status.COMPLETED:
        stands = "does not exist in its search" if found is None else f"is {found.status}"
        raise IllegalChange(
            "trials",
            f"trials: trial {number} of study {study.name!r} {stands}.",
            "Name completed trials of this study's search, by number.",
        )
    return found


def _freeze(
    session: Session,
    study: Study,
    problem: Problem,
    chosen: Sequence[Trial],
    seeds: int,
    now: datetime,
) -> list[Trial]:
    """Queue the runs and note that the test set will be read, all in this transaction."""
    wishes: dict[str, Wish] = {}
    for trial in sorted(chosen, key=lambda trial: trial.number):
        point = orphan(trial.point)
        key = problem.space.key(point)
        # A network and a child that changed nothing of it are the same one from scratch.
        wishes.setdefault(key, Wish(point, key, problem.space.figures(point), confirms=trial))
    done = _last_replicates(session, study, list(wishes))
    queued = []
    for replicate in range(1, seeds + 1):  # one of each first: so all are judged early
        for wish in wishes.values():
            again = replace(wish, replicate=done.get(wish.key, 0) + replicate)
            run = trial_of(study, problem, again, now)
            run.designer = run.origin = CONFIRM
            queued.append(run)
    session.add_all(queued)
    study.test_reads += 1
    studies.announce(session, study, now)
    session.flush()
    return queued


def _last_replicates(session: Session, study: Study, keys: Sequence[str]) -> dict[str, int]:
    rows = session.execute(
        select(Trial.key, func.max(Trial.replicate))
        .where(Trial.study_id == study.id, Trial.purpose == CONFIRM, Trial.key.in_(keys))
        .group_by(Trial.key)
    )
    return {key: replicate for key, replicate in rows}
