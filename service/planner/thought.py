"""One thought of a study: read it, let a process think, write what it proposes."""

import logging
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from optimizer.designers import BLIND, designer
from optimizer.designers.designer import Fitted
from optimizer.errors import InvalidSpace, SpaceExhausted
from optimizer.history import History
from optimizer.problem import Problem, initial_count
from optimizer.proposal import Proposal
from service import ledger, studies, thinking, trials
from service.db import Database
from service.planner.fits import save_fit
from service.planner.messages import Answer, Json
from service.planner.pool import Held, NoPlannerFree, Planner, Pool, ThinkingFailed, ask
from service.planner.snapshot import Snapshot
from service.planner.surroundings import surroundings

LOG = logging.getLogger(__name__)
# The designer that answers in this process, without torch, when thinking failed or took too long.
CHEAP = "random"
# How long reading, a cheap proposal and writing may take on top of thinking. A killed server
# keeps its study from others for as long.
WRITING_S = 5.0


@dataclass(frozen=True, slots=True)
class Thought:
    """What came of a snapshot: the answer, who gave it, where, and after how many seconds."""

    answer: Answer
    designer: str
    surroundings: dict[str, str]
    think_s: float = 0.0


def nobody(_designer: str, _seconds: float) -> None:
    """Hear how long a designer thought, and do nothing."""


def think_once(
    db: Database,
    pool: Pool,
    study_id: int,
    count: int,
    told: Callable[[str, float], None] = nobody,
) -> int:
    """Read, think, write; no transaction is open while a process thinks.

    Every step has its deadline, the study's `think_s`: waiting for a process that others use, then
    thinking. Behind it `CHEAP` answers, and the trial says so (`details.fallback`). The seconds
    from the wish to the answer, the start of a new process left out, are `details.think_s`.

    Args:
        db: where the study lies.
        pool: the planner processes.
        study_id: the study.
        count: how many proposals are wanted.
        told: hears who proposed, and the seconds.

    Returns:
        How many proposals were written: 0 if another server thinks for this study, or if there is
        no room left.
    """
    token, begun_s = secrets.token_hex(16), time.monotonic()
    with db.read() as session:
        patience_s = studies.get(session, study_id).think_s
    try:
        with pool.borrow(study_id, patience_s) as planner:
            # Before the study is taken: should this server be killed now, no other has to wait for
            # it. A start is no thinking, and takes longer than most thoughts may.
            starting_s = time.monotonic()
            planner.await_ready()
            begun_s += time.monotonic() - starting_s
            snapshot = _read(db, planner.held.get(study_id), study_id, token, count)
            if snapshot is None:
                return 0
            thought = _thought(planner, snapshot)
    except NoPlannerFree as busy:
        snapshot = _read(db, None, study_id, token, count)
        if snapshot is None:
            return 0
        thought = Thought(Answer([], trouble="failed", reason=str(busy)), snapshot.designer, {})
    if thought.answer.trouble == "failed":
        thought = _cheap_thought(db, snapshot, thought.answer.reason)
    thought = replace(thought, think_s=round(time.monotonic() - begun_s, 3))
    told(thought.designer, thought.think_s)
    return _write(db, snapshot, thought, token)


def _read(
    db: Database, held: Held | None, study_id: int, token: str, count: int
) -> Snapshot | None:
    """Become the study's thinker and read what the planner process does not hold yet."""
    with db.begin() as session:
        # Without the lock, another keeper of the ledger would let `advance` do nothing.
        study = studies.lock(session, study_id)
        now = db.now(session)
        if study.designer not in BLIND:
            # The newest results first: one worker must get a proposal that knows its last one.
            ledger.advance(session, study_id, now)
        until = now + timedelta(seconds=study.think_s + WRITING_S)
        count = min(count, thinking.room(session, study))
        if count <= 0 or not thinking.take_thinker(session, study_id, token, now, until):
            return None
        return Snapshot.of(session, study, held, count, now)


def _thought(planner: Planner, snapshot: Snapshot) -> Thought:
    """Let the process think; what goes wrong there is an answer, too.

    The very first model needs a fit before it can propose anything; all later ones are jobs of
    their own (`service.planner.fits`).
    """
    first = snapshot.fit is None and snapshot.version >= initial_count(
        Problem.from_json(snapshot.problem)
    )
    request = snapshot.request(fit=first, count=snapshot.count)
    try:
        answer = ask(planner, request, snapshot.holds, snapshot.think_s)
    except ThinkingFailed as failed:
        answer = Answer([], trouble="failed", reason=str(failed))
    return Thought(answer, snapshot.designer, dict(planner.surroundings))


def _cheap_thought(db: Database, snapshot: Snapshot, reason: str) -> Thought:
    """Propose without a model, in this process, and say so on the trial."""
    LOG.warning("Study %d: %s; %s proposes instead.", snapshot.study_id, reason, CHEAP)
    with db.read() as session:
        study = studies.get(session, snapshot.study_id)
        observations = thinking.history_rows(session, study, up_to_finish_no=snapshot.version)
    try:
        proposals = designer(CHEAP).suggest(
            Problem.from_json(snapshot.problem),
            History(tuple(observations)),
            list(snapshot.pending.values()),
            None,
            snapshot.count,
            snapshot.seed,
        )
        fallback = {"fallback": f"{snapshot.designer}: {reason}"}
        answer = Answer(
            [replace(p, details={**p.details, **fallback}).to_json() for p in proposals]
        )
    except (InvalidSpace, SpaceExhausted) as exhausted:  # no point, or none within the constraints
        answer = Answer([], trouble="exhausted", reason=str(exhausted))
    return Thought(answer, CHEAP, surroundings())


def _write(db: Database, snapshot: Snapshot, thought: Thought, token: str) -> int:
    """Queue the proposals, unless another server became the study's thinker meanwhile."""
    answer = thought.answer
    with db.begin() as session:
        now = db.now(session)
        if answer.trouble == "exhausted":
            if thinking.exhaust(session, snapshot.study_id, token, now):
                LOG.info("Study %d ends: %s.", snapshot.study_id, answer.reason)
            thinking.drop_thinker(session, snapshot.study_id, token)
            return 0
        fit_id = snapshot.fit[0] if snapshot.fit and thought.designer != CHEAP else None
        if answer.fitted is not None:
            fitted = Fitted.from_json(answer.fitted)
            fit_id = save_fit(session, snapshot.study_id, fitted, thought.surroundings, now)
        study = studies.lock(session, snapshot.study_id)
        proposals = _explained(answer.proposals, snapshot, thought)
        written = trials.enqueue_proposals(session, study, proposals, fit_id, token, now)
        thinking.drop_thinker(session, snapshot.study_id, token)
        return len(written)


def _explained(proposals: Iterable[Json], snapshot: Snapshot, thought: Thought) -> list[Proposal]:
    """Note on each proposal what it was made from; with the fit it names, it can be made again."""
    explained = []
    basis = snapshot.basis(thought.designer, thought.surroundings)
    for place, wire in enumerate(proposals):
        record = replace(basis, place=place).to_details()
        details = {**wire["details"], "think_s": thought.think_s, **record}
        explained.append(Proposal.from_json({**wire, "details": details}))
    return explained
