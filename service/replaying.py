"""Makes a stored proposal again, from the rows it was made from, and compares the two.

The designer that is on record is asked the question that is on record, in a planner process as
then; the fit is the stored one. On the same processor, libraries and release the answer is the same
to the last bit. Elsewhere sums round differently, and the same candidate comes out with a value
that agrees to `NEAR`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from sqlalchemy.orm import Session

from optimizer.networks.lineage import orphan
from optimizer.problem import Problem
from optimizer.space import Point
from service import studies, thinking, trials
from service.command_errors import CommandFailed, NotReplayable
from service.db import Database
from service.models import Trial
from service.planner.basis import Basis
from service.planner.messages import Answer, Json, Request
from service.planner.pool import Pool, ThinkingFailed
from service.planner.surroundings import differences
from service.proposals import USER
from service.states import SEARCH

Verdict = Literal["same", "near", "different"]
# Two values that agree to this are the same up to rounding. Of a value around 1 it is the absolute
# difference, of a larger one the relative.
NEAR = 1e-6
# Coordinates span about [0, 1]; a climb to a flat maximum ends so near. Without AVX512, of 84
# proposals made with it, 41 were near: by 6e-10 at most in value, by 2e-8 in place.
SAME_PLACE = 1e-5
# Nobody waits; a replay that takes longer hangs.
REPLAY_S = 600.0


@dataclass(frozen=True, slots=True)
class Proposed:
    """A point, what was expected of it, and what it was worth; empty and None without a model."""

    point: Point
    prediction: Mapping[str, Mapping[str, float]]
    value: float | None


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked when a trial was proposed, and what came out.

    `changed` holds the numbers of trials that have other results now than they had then.
    """

    trial_id: int
    problem: Json
    request: Request
    basis: Basis
    then: Proposed
    orphaned: bool
    changed: Sequence[int]


@dataclass(frozen=True, slots=True)
class Replay:
    """A proposal then and now.

    `verdict` is "same" to the last bit, "near" for the same candidate with a value that agrees to
    `NEAR`, else "different". `reasons` names what differs between then and now. `now` is None where
    nothing was proposed.
    """

    trial_id: int
    verdict: Verdict
    reasons: tuple[str, ...]
    then: Proposed
    now: Proposed | None

    def to_json(self) -> Json:
        """Plain JSON; the names are the fields."""
        return asdict(self)


def replay(db: Database, trial_id: int) -> Replay:
    """Make the proposal of a trial again. Nothing is written.

    Raises:
        TrialNotFound: there is no such trial.
        NotReplayable: no designer proposed it, or not all is known that it was made from.
        CommandFailed: the process that was to make it failed.
    """
    with db.read() as session:
        asked = question(session, trial_id)
    with Pool(1) as pool, pool.borrow(asked.request.study_id) as planner:
        try:
            answer = planner.think(asked.request, REPLAY_S)
        except ThinkingFailed as failed:
            raise CommandFailed(f"Trial {trial_id} could not be replayed: {failed}.") from failed
        here = dict(planner.surroundings)
    return judged(asked, answer, here)


def question(session: Session, trial_id: int) -> Question:
    """Read what was asked when a trial was proposed.

    Raises:
        TrialNotFound: there is no such trial.
        NotReplayable: no designer proposed it, or not all is known that it was made from.
    """
    trial = trials.get(session, trial_id)
    basis = _basis(trial)
    study = studies.get(session, trial.study_id)
    version = basis.history_version
    rows = thinking.history_rows(session, study, up_to_finish_no=version)
    pending = thinking.points_of(session, study.id, basis.pending)
    if len(rows) != version or len(pending) != basis.pending_count:
        raise NotReplayable(trial_id, "some of the trials that its designer knew are gone.")
    fitted, problem = thinking.fit_of(session, trial), basis.problem(study.problem)
    request = Request(
        study_id=study.id,
        problem=problem,
        observations=[row.to_json() for row in rows],
        designer=basis.designer,
        pending=pending,
        fitted=None if fitted is None else fitted.to_json(),
        fit=False,
        count=basis.count,
        seed=basis.seed,
    )
    changed = thinking.changed_since(session, study.id, version, basis.read_at)
    then = Proposed(trial.point, trial.prediction or {}, trial.details.get("value"))
    orphaned = bool(trial.details.get("orphaned"))
    return Question(trial_id, problem, request, basis, then, orphaned, changed)


def _basis(trial: Trial) -> Basis:
    if trial.designer == USER or trial.purpose != SEARCH:
        raise NotReplayable(trial.id, "no designer proposed it, so there is nothing to compute.")
    basis = Basis.of_details(trial.details)
    if basis is None:
        raise NotReplayable(
            trial.id,
            "the release that proposed it did not note which trials were pending.",
        )
    return basis


def judged(asked: Question, answer: Answer, surroundings: Mapping[str, str]) -> Replay:
    """Compare what came out then and now.

    Args:
        asked: the question, with what came out then.
        answer: what a process answers now.
        surroundings: of that process.
    """
    reasons = [
        *differences(asked.basis.surroundings, surroundings),
        *(f"trial {number} got its result later" for number in asked.changed),
    ]
    now = None
    if asked.basis.place < len(answer.proposals):
        now = _proposed(answer.proposals[asked.basis.place], asked.orphaned)
    else:
        reasons.append(f"nothing is proposed: {answer.reason or 'the space has no point left'}")
    verdict = _verdict(asked, now)
    if verdict != "same" and not reasons:
        reasons.append("no reason is known: processor, libraries and rows are the same")
    return Replay(asked.trial_id, verdict, tuple(reasons), asked.then, now)


def _proposed(wire: Json, orphaned: bool) -> Proposed:
    """A proposal, changed as it was when its trial was queued: see `service.proposals`."""
    if orphaned:
        return Proposed(orphan(wire["point"]), {}, wire["details"].get("value"))
    return Proposed(wire["point"], wire["prediction"], wire["details"].get("value"))


def _verdict(asked: Question, now: Proposed | None) -> Verdict:
    then = asked.then
    if now is None:
        return "different"
    if now == then:
        return "same"
    if now.value is None or then.value is None:
        return "different"
    if abs(now.value - then.value) > NEAR * max(1.0, abs(then.value)):
        return "different"
    return "near" if _same_place(asked.problem, then.point, now.point) else "different"


def _same_place(problem: Json, then: Point, now: Point) -> bool:
    """Whether two points are the same candidate, up to rounding."""
    space = Problem.from_json(problem).space
    pairs = zip(space.encode(then), space.encode(now), strict=True)
    return all(abs(a - b) <= SAME_PLACE for a, b in pairs)
