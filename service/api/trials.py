"""Trials: queue, list and read them, and what workers say under a lease."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy.orm import Session

from service import states, studies, trials
from service.api.answers import answer
from service.api.once import OnceDep
from service.api.parts import DbDep, Id, PartsDep, StudyRef
from service.api.schemas.leases import (
    Completion,
    Failure,
    Order,
    Release,
    Renewal,
    Renewed,
    Report,
)
from service.api.schemas.lists import TrialQuery, cursor_of
from service.api.schemas.trials import LineageOut, TrialCreate, TrialDetail, TrialOut, TrialPage
from service.api.trial_answers import lineage_out, shown, trial_detail, trial_out, trial_outs
from service.family import family
from service.states import Status

router = APIRouter(tags=["trials"])


@router.post("/studies/{study}/trials", status_code=201)
def create(study: StudyRef, body: TrialCreate, parts: PartsDep, once: OnceDep) -> TrialOut:
    """Queue a proposal of your own, or with `values` add a result that you have already."""

    def effect(session: Session, now: datetime) -> tuple[TrialOut, bool]:
        study_id = studies.get(session, study).id
        trial = trials.enqueue(
            session,
            study_id,
            body.proposal(),
            body.values,
            now,
            body.parent,
            replicate=body.replicate,
        )
        return trial_out(session, trial), True

    answer = once.perform(TrialOut, effect)
    parts.trials_changed()
    return answer


@router.get("/studies/{study}/trials")
def list_trials(
    study: StudyRef, query: Annotated[TrialQuery, Query()], parts: PartsDep
) -> TrialPage:
    """List the trials of a study page by page, by number or ranked by a metric."""
    status = None if query.status is None else Status(query.status)
    wanted = trials.Wanted(query.purpose, status, query.ranges, tuple(query.number))
    with parts.db.read() as session:
        study_id = studies.get(session, study).id
        if query.sort is None:
            return _by_number(session, study_id, wanted, query)
        rank = trials.Rank(query.sort, query.order == "highest")
        window = trials.Window(query.limit, query.place, query.skip)
        page = trials.ranked(session, study_id, wanted, rank, window)
        end = cursor_of(page.end) if page.more and page.end is not None else None
        return TrialPage(items=trial_outs(session, page.trials), next=end, total=page.total)


def _by_number(
    session: Session, study_id: int, wanted: trials.Wanted, query: TrialQuery
) -> TrialPage:
    after = None if query.cursor is None else int(query.cursor)
    newest_first = query.order == "newest"
    page = trials.listing(
        session, study_id, wanted, after, query.limit, newest_first, skip=query.skip
    )
    items = trial_outs(session, page.trials)
    end = str(items[-1].number) if page.more else None
    return TrialPage(items=items, next=end, total=page.total)


@router.get("/trials/{trial_id}")
def read(trial_id: Id, parts: PartsDep) -> TrialDetail:
    """Read a trial with its attempts, reports, artefacts and network."""
    with parts.db.read() as session:
        return trial_detail(session, parts.store, trials.get(session, trial_id))


@router.get("/trials/{trial_id}/lineage")
def read_lineage(
    trial_id: Id,
    db: DbDep,
    ancestors: Annotated[int, Query(ge=0, le=500, description="At most so many.")] = 60,
    descendants: Annotated[int, Query(ge=0, le=1000, description="At most so many.")] = 300,
) -> LineageOut:
    """Read whose weights a trial goes back to and who goes on from it, with each morph in words."""
    with db.read() as session:
        trial = trials.get(session, trial_id)
        return lineage_out(family(session, trial, ancestors, descendants))


@router.post("/trials/{trial_id}/renew", response_model=Renewed)
async def renew(trial_id: Id, body: Renewal, parts: PartsDep) -> Response:
    """Keep a lease, and learn whether to go on."""
    renewal: trials.Renewal = await parts.write(
        trials.hear, trials.Renew(trial_id, body.token, body.lease_s)
    )
    return answer(Renewed(order=renewal.order.value, expires_at=renewal.expires_at))


@router.post("/trials/{trial_id}/reports", response_model=Order)
async def report(trial_id: Id, body: Report, parts: PartsDep) -> Response:
    """Report metrics at a step, and learn whether to go on."""
    told = trials.StepReport(trial_id, body.token, body.step, body.metrics)
    order: states.Order = await parts.write(trials.hear, told)
    return answer(Order(order=order.value))


@router.post("/trials/{trial_id}/complete", response_model=TrialOut)
async def complete(trial_id: Id, body: Completion, parts: PartsDep) -> Response:
    """Deliver the result of a trial."""
    result = trials.Result(trial_id, body.token, body.metrics, body.details)
    completed: trials.Completed = await parts.write(trials.hear, result)
    parts.trials_changed()
    return answer(shown(completed.trial, completed.values))


@router.post("/trials/{trial_id}/fail")
def fail(trial_id: Id, body: Failure, parts: PartsDep) -> TrialOut:
    """Say that an attempt came to nothing: tried again, or with `infeasible` never."""
    failure = trials.Failure(body.reason, body.infeasible, body.retry)
    with parts.db.begin() as session:
        trial = trials.fail(session, trial_id, body.token, failure, parts.db.now(session))
        answer = trial_out(session, trial)
    parts.trials_changed()
    return answer


@router.post("/trials/{trial_id}/release", status_code=204)
def release(trial_id: Id, body: Release, parts: PartsDep) -> None:
    """Hand a trial back without any count against it."""
    with parts.db.begin() as session:
        trials.release(session, trial_id, body.token, body.reason, parts.db.now(session))
    parts.trials_changed()


@router.post("/trials/{trial_id}/cancel")
def cancel(trial_id: Id, parts: PartsDep) -> TrialOut:
    """Close an open trial; its worker is told at its next word. A user's route, no token."""
    with parts.db.begin() as session:
        trial = trials.cancel(session, trial_id, parts.db.now(session))
        answer = trial_out(session, trial)
    parts.trials_changed()
    return answer
