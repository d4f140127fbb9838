"""Studies: create, find, change, end; and what a designer is told of one."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Unpack

from sqlalchemy import delete as delete_rows
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from optimizer.problem import Problem
from service import budgets, definitions, earlier, events, projects, workers
from service.budgets import Budgets
from service.errors import IllegalChange, NameTaken, StudyChanged, StudyNotFound
from service.models import Attempt, Study, Trial
from service.states import CONFIRM, SEARCH, Ended, EventKind, Outcome, Status, StudyStatus
from service.study_lists import Wanted, counts, listing
from service.study_refs import get, named

__all__ = [
    "Wanted",
    "announce",
    "counts",
    "create",
    "delete",
    "end",
    "get",
    "listing",
    "lock",
    "made",
    "named",
    "patch",
    "problem_of",
    "standing",
]


def create(session: Session, definition: Mapping[str, Any], now: datetime) -> tuple[Study, bool]:
    """Create a study in the session's project, or return the one that the same definition made.

    Args:
        definition: a StudyCreate as JSON; what is missing takes its default.

    Returns:
        The study, and whether it is new.

    Raises:
        InvalidDefinition: with the path of the field that is wrong.
        NameTaken: a study of that name has another definition.
    """
    project_id = projects.home(session)
    named = select(Study).where(Study.project_id == project_id, Study.name == definition["name"])
    existing = session.scalars(named).one_or_none()
    if existing is None:
        announced = workers.announced_data(session)
        prepared = definitions.prepare(definition, partial(definitions.usable, announced=announced))
        study = _study(project_id, prepared, now)
        try:
            with session.begin_nested():
                session.add(study)
        except IntegrityError:
            existing = session.scalars(named).one()  # another request was faster
        else:
            announce(session, study, now)
            return study, True
    _check_same(existing, definition)
    return existing, False


def made(
    session: Session,
    prepared: definitions.Prepared,
    now: datetime,
) -> Study:
    """Return a new study of the session's project, not stored yet."""
    return _study(projects.home(session), prepared, now)


def _study(project_id: int, prepared: definitions.Prepared, now: datetime) -> Study:
    definition, data = prepared.definition, prepared.data or {}
    needs = definition["needs"] or {}
    return Study(
        project_id=project_id,
        name=definition["name"],
        kind=prepared.kind,
        definition=definition,
        problem=prepared.problem.to_json(),
        data=prepared.data,
        data_name=data.get("name"),
        data_sha256=data.get("sha256"),
        needs_accelerator=needs.get("accelerator"),
        needs_memory_mib=needs.get("memory_mib") or 0,
        designer=definition["designer"],
        trials=definition["trials"],
        stopping=definition["stopping"],
        epochs=definition["epochs"],
        hours=definition["hours"],
        plateau=definition["plateau"],
        ahead=definition["ahead"],
        think_s=definition["think_s"],
        max_attempts=definition["max_attempts"],
        created_at=now,
    )


def _check_same(study: Study, definition: Mapping[str, Any]) -> None:
    """Raise NameTaken unless the definition is the one that made the study."""

    def facts_of(name: str) -> definitions.Facts:
        # The study's own data: the worker that announced it may be gone, the file another by now.
        if study.data is None or name != study.data_name:
            raise NameTaken(study.name, "data")
        return study.data

    prepared = definitions.prepare(earlier.as_meant(definition, study.definition), facts_of)
    # What an earlier release did not know, its studies have at its default.
    stored = {**definitions.DEFAULTS, **earlier.complete(study.definition)}
    field = definitions.first_difference(stored, prepared.definition)
    if field is not None:
        raise NameTaken(study.name, field)


def lock(session: Session, study_id: int) -> Study:
    """Return a study as it is now, and keep its counters for this transaction.

    Raises:
        StudyNotFound: there is none.
    """
    # Not the strongest lock: rows that refer to the study may still be added meanwhile.
    study = session.scalars(
        select(Study)
        .where(Study.id == study_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if study is None:
        raise StudyNotFound(study_id)
    return study


def patch(
    session: Session,
    study_id: int,
    now: datetime,
    status: StudyStatus | None = None,
    version: int | None = None,
    **wanted: Unpack[Budgets],
) -> Study:
    """Pause, resume, extend or close a study.

    Raising the budget that a study had used up lets it go on. Closing cancels its open trials;
    their workers are told at their next renewal.

    Args:
        version: the version that the caller saw; None to change the study whatever it is.
        wanted: budgets to change.

    Raises:
        StudyNotFound: there is none.
        StudyChanged: the study has another version.
        IllegalChange: an ended study cannot pause, nor go on with its budget used up.
    """
    study = lock(session, study_id)
    if version is not None and version != study.version:
        raise StudyChanged(study.name, version, study.version)
    before = (study.status, budgets.of(study))
    budgets.set_all(study, wanted)
    budgets.begin(session, study)
    used = budgets.used_up(session, study, now)
    if status is not None:
        _move(session, study, StudyStatus(status), used, now)
    elif study.ended_reason in budgets.REASONS and used is None:
        _reopen(study)
    if study.status is not StudyStatus.ENDED and used is not None:
        end(session, study, used, now)
    if before != (study.status, budgets.of(study)):
        study.version += 1
        if before[0] == study.status or study.status is not StudyStatus.ENDED:
            announce(session, study, now)
    return study


def _move(
    session: Session, study: Study, status: StudyStatus, used: Ended | None, now: datetime
) -> None:
    if status is study.status:
        return
    if status is StudyStatus.ENDED:
        end(session, study, Ended.CLOSED, now)
    elif study.status is not StudyStatus.ENDED:
        study.status = status
    elif status is StudyStatus.PAUSED:
        raise IllegalChange(
            "status", f"Study {study.name!r} has ended; it cannot pause.", "Set it active first."
        )
    elif used is not None:
        budget = "trials" if used is Ended.BUDGET else used.value
        raise IllegalChange(
            "status",
            f"Study {study.name!r} has used up its budget of {budget}.",
            f"Raise `{budget}` in the same request.",
        )
    else:
        _reopen(study)


def _reopen(study: Study) -> None:
    study.status = StudyStatus.ACTIVE
    study.ended_reason = None
    study.ended_at = None


def end(session: Session, study: Study, reason: Ended, now: datetime) -> None:
    """End a study whose row the caller has locked, and cancel its queue.

    Trials that run go on and still count, and confirm runs are done, unless the user closed it.
    """
    study.status = StudyStatus.ENDED
    study.ended_reason = reason
    study.ended_at = now
    text = f"The study ended ({reason})."
    statuses = [Status.QUEUED, Status.RUNNING] if reason is Ended.CLOSED else [Status.QUEUED]
    # By number, and trials before attempts, as everywhere: else two transactions could wait for
    # each other.
    open_ = session.execute(
        select(Trial.id, Trial.status)
        .where(Trial.study_id == study.id, Trial.status.in_(statuses))
        .order_by(Trial.id)
        .with_for_update()
    ).all()
    running = [trial_id for trial_id, status in open_ if status is Status.RUNNING]
    session.execute(
        update(Attempt)
        .where(Attempt.trial_id.in_(running), Attempt.ended_at.is_(None))
        .values(ended_at=now, outcome=Outcome.CANCELLED, reason=text)
    )
    for status in statuses:
        _cancel(session, study, status, text, now)
    announce(session, study, now)


def _cancel(session: Session, study: Study, status: Status, reason: str, now: datetime) -> None:
    purposes = (SEARCH, CONFIRM) if study.ended_reason is Ended.CLOSED else (SEARCH,)
    session.execute(
        update(Trial)
        .where(Trial.study_id == study.id, Trial.status == status, Trial.purpose.in_(purposes))
        .values(status=Status.CANCELLED, finished_at=now, reason=reason)
    )


def announce(session: Session, study: Study, now: datetime) -> None:
    """Tell who listens to a study where it stands as a whole."""
    events.record(session, study, EventKind.STUDY, standing(study), now)


def standing(study: Study) -> dict[str, Any]:
    """Return where a study stands as a whole, as its `study` events tell it."""
    return {
        "status": study.status,
        "reason": study.ended_reason,
        "trials": study.trials,
        "test_reads": study.test_reads,
    }


def delete(session: Session, study_id: int) -> None:
    """Delete a study and all that belongs to it.

    Raises:
        StudyNotFound: there is none.
    """
    study = lock(session, study_id)
    session.expunge(study)
    session.execute(delete_rows(Study).where(Study.id == study_id))


def problem_of(study: Study) -> Problem:
    """Return what the study asks, with the scales as far as they are fixed."""
    return Problem.from_json(study.problem)
