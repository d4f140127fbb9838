"""From the rows of a study to the lines that hold it."""

from collections.abc import Generator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from service import __version__, fronts, metrics
from service.db import Database
from service.models import Attempt, Report, Study, Trial
from service.states import Status
from service.transfer.records import FORMAT, KEPT

PAGE = 500
Line = dict[str, Any]


def lines(db: Database, study_id: int) -> Generator[Line]:
    """Yield the lines of a study as it is at the moment of the first one.

    All are read in one transaction, page by page: whoever takes them must not wait for others.
    """
    with db.read() as session:
        yield _study(session.get_one(Study, study_id))
        after, written, more = 0, 0, True
        while more:
            page = _page(session, study_id, after)
            yield from page
            written += len(page)
            more = len(page) == PAGE
            after = page[-1]["number"] if page else after
        for point in fronts.hypervolume(session, study_id):
            same = ("finish_no", "value", "front_size", "at")
            yield {"record": "hypervolume", **{name: getattr(point, name) for name in same}}
        yield {"record": "end", "trials": written}


def _study(study: Study) -> Line:
    same = (
        "trials",
        "epochs",
        "hours",
        "plateau",
        "last_number",
        "finish_no",
        "front_size",
        "hypervolume",
        "test_reads",
        "epochs_done",
        "started_at",
        "created_at",
        "ended_at",
    )
    objectives = study.problem["objectives"]
    counted = study.problem["context"].get("instructions")
    return {
        "record": "study",
        "format": FORMAT,
        "server": __version__,
        "definition": study.definition,
        "status": study.status,
        "ended_reason": study.ended_reason,
        "scales": {each["name"]: each["scale"] for each in objectives if each["scale"]},
        "data": study.data,
        # Only where it says something: earlier releases know no such field.
        **({} if counted is None else {"instructions": counted}),
        **{name: getattr(study, name) for name in same},
    }


def _page(session: Session, study_id: int, after: int) -> list[Line]:
    found = session.scalars(
        select(Trial)
        .where(Trial.study_id == study_id, Trial.number > after)
        .order_by(Trial.number)
        .limit(PAGE)
        .options(undefer(Trial.work), undefer(Trial.verification))
    ).all()
    values = metrics.values_of(session, found)
    tries = _tries(session, [trial.id for trial in found])
    related = [each for trial in found for each in (trial.parent_id, trial.confirms_id) if each]
    rows = session.execute(select(Trial.id, Trial.number).where(Trial.id.in_(related)))
    numbers = {trial_id: number for trial_id, number in rows}
    return [_trial(trial, values[trial.id], tries.get(trial.id, []), numbers) for trial in found]


def _trial(
    trial: Trial, values: dict[str, float], tries: list[Line], numbers: dict[int, int]
) -> Line:
    runs = trial.status is Status.RUNNING
    return {
        "record": "trial",
        "status": Status.QUEUED if runs else trial.status,
        "parent": None if trial.parent_id is None else numbers[trial.parent_id],
        "confirms": None if trial.confirms_id is None else numbers[trial.confirms_id],
        "values": values if trial.status in (Status.COMPLETED, Status.STOPPED) else {},
        "tries": tries,
        "work": trial.work,
        "details": trial.details,
        "verification": trial.verification,
        **{name: getattr(trial, name) for name in KEPT},
    }


def _tries(session: Session, trial_ids: Sequence[int]) -> dict[int, list[Line]]:
    """Return the attempts at each trial that have ended; an open one is a lease, and stays here."""
    attempts = session.scalars(
        select(Attempt)
        .where(Attempt.trial_id.in_(trial_ids), Attempt.ended_at.is_not(None))
        .order_by(Attempt.number)
    ).all()
    ids = [attempt.id for attempt in attempts]
    reports: dict[int, list[Line]] = {}
    for report in session.scalars(
        select(Report).where(Report.attempt_id.in_(ids)).order_by(Report.step)
    ):
        told = {"step": report.step, "metrics": report.metrics, "at": report.at}
        reports.setdefault(report.attempt_id, []).append(told)
    same = (
        "number",
        "worker",
        "lease_s",
        "started_at",
        "expires_at",
        "ended_at",
        "outcome",
        "reason",
        "counts",
        "result",
        "details",
        "rung",
        "stop_reason",
    )
    found: dict[int, list[Line]] = {}
    for attempt in attempts:
        told = {name: getattr(attempt, name) for name in same}
        told["reports"] = reports.get(attempt.id, [])
        found.setdefault(attempt.trial_id, []).append(told)
    return found
