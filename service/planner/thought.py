"""One thought of a study: read it, let a process think, write what it proposes."""

import logging
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.orm import Session

from optimizer.designers import designer
from optimizer.designers.designer import Fitted
from optimizer.errors import SpaceExhausted
from optimizer.history import History
from optimizer.problem import Problem, initial_count
from optimizer.proposal import Proposal
from service import ledger, studies, thinking, trials
from service.db import Database
from service.models import Study
from service.planner.messages import Answer, Json, Request
from service.planner.pool import Planner, Pool, ThinkingFailed, ask

LOG = logging.getLogger(__name__)
# The designer that answers in this process, without torch, when thinking failed or took too long.
CHEAP = "random"
# A fit stays in use until the history has grown by this share: early every result counts, late
# one more of many hardly moves the hyperparameters.
GROWTH_OF_FIT = 0.05
# How long reading, a cheap proposal and writing may take on top of thinking. A killed server
# keeps its study from others for as long.
WRITING_S = 5.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A study as it was when thinking began."""

    study_id: int
    designer: str
    think_s: float
    problem: Json
    version: int  # of the history: the newest finish_no
    after: int  # observations are those that follow this finish_no
    observations: list[Json]
    pending: list[Json]
    fit: tuple[int, Fitted] | None
    seed: int
    count: int


def think_once(db: Database, pool: Pool, study_id: int, count: int) -> int:
    """Read, think, write; no transaction is open while a process thinks.

    Returns:
        How many proposals were written: 0 if another server thinks for this study, or if there is
        no room left.
    """
    token = secrets.token_hex(16)
    with pool.borrow(study_id) as planner:
        # Before the study is taken: should this server be killed now, no other has to wait for it.
        planner.await_ready()
        snapshot = _read(db, planner, study_id, token, count)
        if snapshot is None:
            return 0
        answer = _answer(planner, snapshot)
    if answer.trouble == "failed":
        answer = _cheap_answer(db, snapshot, answer.reason)
    return _write(db, snapshot, answer, token)


def _read(db: Database, planner: Planner, study_id: int, token: str, count: int) -> Snapshot | None:
    """Become the study's thinker and read what the planner process does not hold yet."""
    with db.begin() as session:
        # The newest results first: one worker must get a proposal that knows its last one. Without
        # the lock, another keeper of the ledger would let `advance` do nothing.
        study = studies.lock(session, study_id)
        now = db.now(session)
        ledger.advance(session, study_id, now)
        until = now + timedelta(seconds=study.think_s + WRITING_S)
        count = min(count, thinking.room(session, study))
        if count <= 0 or not thinking.take_thinker(session, study_id, token, now, until):
            return None
        return _snapshot(session, study, planner, count)


def _snapshot(session: Session, study: Study, planner: Planner, count: int) -> Snapshot:
    held = planner.held.get(study.id)
    after = held[1] if held is not None and held[0] == study.problem else 0
    rows = thinking.history_rows(session, study, after)
    return Snapshot(
        study_id=study.id,
        designer=study.designer,
        think_s=study.think_s,
        problem=study.problem,
        version=study.finish_no,
        after=after,
        observations=[row.to_json() for row in rows],
        pending=thinking.pending_points(session, study),
        fit=thinking.newest_fit(session, study.id),
        # Another seed for every proposal of a study, the same if the study is run again.
        seed=int(study.problem["seed"]) * 1_000_003 + study.last_number,
        count=count,
    )


def _answer(planner: Planner, snapshot: Snapshot) -> Answer:
    """Let the process think; what goes wrong there is an answer, too."""
    request = Request(
        study_id=snapshot.study_id,
        problem=None if snapshot.after else snapshot.problem,
        observations=snapshot.observations,
        designer=snapshot.designer,
        pending=snapshot.pending,
        fitted=snapshot.fit[1].to_json() if snapshot.fit else None,
        fit=_fit_is_old(snapshot),
        count=snapshot.count,
        seed=snapshot.seed,
    )
    try:
        return ask(planner, request, snapshot.version, snapshot.think_s)
    except ThinkingFailed as failed:
        return Answer([], trouble="failed", reason=str(failed))


def _fit_is_old(snapshot: Snapshot) -> bool:
    if snapshot.version < initial_count(Problem.from_json(snapshot.problem)):
        return False
    seen = snapshot.fit[1].history_version if snapshot.fit else 0
    return snapshot.version > seen * (1 + GROWTH_OF_FIT)


def _cheap_answer(db: Database, snapshot: Snapshot, reason: str) -> Answer:
    """Propose without a model, in this process, and say so on the trial."""
    LOG.warning("Study %d: %s; %s proposes instead.", snapshot.study_id, reason, CHEAP)
    with db.read() as session:
        study = studies.get(session, snapshot.study_id)
        observations = thinking.history_rows(session, study)
    try:
        proposals = designer(CHEAP).suggest(
            Problem.from_json(snapshot.problem),
            History(tuple(observations)),
            snapshot.pending,
            None,
            snapshot.count,
            snapshot.seed,
        )
    except SpaceExhausted as exhausted:
        return Answer([], trouble="exhausted", reason=str(exhausted))
    fallback = {"fallback": f"{snapshot.designer}: {reason}"}
    return Answer([replace(p, details={**p.details, **fallback}).to_json() for p in proposals])


def _write(db: Database, snapshot: Snapshot, answer: Answer, token: str) -> int:
    """Queue the proposals, unless another server became the study's thinker meanwhile."""
    with db.begin() as session:
        now = db.now(session)
        if answer.trouble == "exhausted":
            thinking.exhaust(session, snapshot.study_id, token, now)
            thinking.drop_thinker(session, snapshot.study_id, token)
            return 0
        fit_id = snapshot.fit[0] if snapshot.fit else None
        if answer.fitted is not None:
            fitted = Fitted.from_json(answer.fitted)
            fit_id = thinking.save_fit(session, snapshot.study_id, fitted, now)
        study = studies.lock(session, snapshot.study_id)
        proposals = [_based_on(Proposal.from_json(p), snapshot) for p in answer.proposals]
        written = trials.enqueue_proposals(session, study, proposals, fit_id, token, now)
        thinking.drop_thinker(session, snapshot.study_id, token)
        return len(written)


def _based_on(proposal: Proposal, snapshot: Snapshot) -> Proposal:
    """Note on a proposal what it was made from; with the fit it names, it can be made again."""
    basis = {"history_version": snapshot.version, "seed": snapshot.seed}
    return replace(proposal, details={**proposal.details, **basis})
