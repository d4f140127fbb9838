"""The ledger of a study: all that depends on the order of its finished trials, written by one step.

Completing a trial writes its own rows only, so many workers never wait for each other. One holder
at a time then enters what has finished: its place, the front, the hypervolume, the events, which
trainings are stopped, the end of the study.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from optimizer.problem import Problem, initial_count
from optimizer.scale import scales_from
from service import budgets, confirming, events, fronts, metrics, stopping, studies
from service.models import Hypervolume, Study, Trial
from service.states import CONFIRM, FINISHED, SEARCH, EventKind, Status, StudyStatus

BATCH = 200  # trials per transaction


def due(session: Session, now: datetime) -> list[int]:
    """Return the studies in which a trial waits to be entered or judged, or whose time is over."""
    waiting = select(Trial.study_id).where(
        Trial.finished_at.is_not(None), Trial.entered_at.is_(None)
    )
    entered = session.scalars(waiting.distinct()).all()
    return sorted({*entered, *stopping.due(session), *budgets.due(session, now)})


def advance(session: Session, study_id: int, now: datetime) -> int:
    """Enter trials that have finished since the last time, oldest first, a batch at most.

    Returns:
        How many trials were entered; 0 if none waits, or if another one keeps the ledger just now.
    """
    # Not the strongest lock: rows that refer to the study may still be added meanwhile.
    study = session.scalars(
        select(Study)
        .where(Study.id == study_id)
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if study is None:
        return 0
    # Locked, since a late result may change a failed trial at this moment; that one is entered
    # next time.
    waiting = session.scalars(
        select(Trial)
        .where(Trial.study_id == study_id)
        .where(Trial.finished_at.is_not(None), Trial.entered_at.is_(None))
        .order_by(Trial.finished_at, Trial.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    if waiting:
        _Book(session, study, now).enter(waiting)
        searched = [trial.id for trial in waiting if trial.purpose == SEARCH]
        done = study.epochs_done + budgets.epochs_of(session, searched)
        study.epochs_done = min(done, budgets.MOST_EPOCHS)
    stopping.judge(session, study)
    if study.status is not StudyStatus.ENDED:
        _end_if_used_up(session, study, now)
    confirming.confirm_at_the_end(session, study, now)
    return len(waiting)


def _end_if_used_up(session: Session, study: Study, now: datetime) -> None:
    session.flush()  # the hypervolume of this batch
    budgets.begin(session, study)
    used = budgets.used_up(session, study, now)
    if used is not None:
        _Book(session, study, now).settle()
        studies.end(session, study, used, now)


class _Book:
    """One study's ledger, opened for a batch."""

    def __init__(self, session: Session, study: Study, now: datetime) -> None:
        self._session = session
        self._study = study
        self._now = now
        self._problem = studies.problem_of(study)
        # By the numbers of its trials: the rows of a front of hundreds take longer than a batch.
        self._values = fronts.values_on(session, study.id)
        self._front = list(self._values)

    def enter(self, waiting: Sequence[Trial]) -> None:
        """Enter a batch."""
        self._values |= metrics.values_of(self._session, waiting)
        before = set(self._front)
        for trial in waiting:
            self._enter(trial)
        after = set(self._front)
        for trial in waiting:
            trial.on_front = trial.id in after
        fallen = before - after
        if fallen:
            off = update(Trial).where(Trial.id.in_(fallen)).values(on_front=False)
            self._session.execute(off.execution_options(synchronize_session=False))

    def settle(self) -> None:
        """Give a study that ended before its initial design was done what a scale it can have."""
        if not self._problem.scaled and self._fix_scale(ended=True):
            self._measure(is_new=False)

    def _enter(self, trial: Trial) -> None:
        trial.entered_at = self._now
        if trial.purpose == CONFIRM:  # it has no place in the search
            self._tell(trial)
            return
        # A trial that is entered a second time (a late result after it had failed) keeps its place.
        is_new = trial.status in FINISHED and trial.finish_no is None
        if is_new:
            self._study.finish_no += 1
            trial.finish_no = self._study.finish_no
        changed = trial.status is Status.COMPLETED and self._judge(trial)
        self._tell(trial)
        scaled_now = not self._problem.scaled and self._fix_scale(ended=False)
        if changed:
            data = {"finish_no": self._study.finish_no, "front_size": self._study.front_size}
            self._record(EventKind.FRONT, data)
        if changed or scaled_now:
            self._measure(is_new)

    def _judge(self, trial: Trial) -> bool:
        """Note whether a completed trial keeps the limits, and update the front.

        Returns:
            Whether the front changed.
        """
        trial.feasible = self._problem.keeps_limits(self._values[trial.id])
        if not trial.feasible:
            return False
        rivals = [*self._front, trial.id]
        marks = fronts.front_of(self._problem, [self._values[rival] for rival in rivals])
        if not marks[-1]:
            return False
        trial.on_front = True
        self._front = [rival for rival, marked in zip(rivals, marks, strict=True) if marked]
        self._study.front_size = len(self._front)
        return True

    def _tell(self, trial: Trial) -> None:
        self._record(EventKind.TRIAL, events.of_trial(trial, self._values[trial.id]))

    def _fix_scale(self, ended: bool) -> bool:
        """Fix the scale of a black box, once its initial design is done.

        A study that ends before that gets its scale from what there is.

        Returns:
            Whether it was fixed now.
        """
        # Also of this batch, whose rows are not written yet.
        self._session.flush()
        needed = initial_count(self._problem)
        completed = self._session.scalars(
            select(Trial)
            .where(Trial.study_id == self._study.id, Trial.status == Status.COMPLETED)
            .where(Trial.finish_no.is_not(None))
            .order_by(Trial.finish_no)
            .limit(needed)
        ).all()
        ended = ended or self._study.status is StudyStatus.ENDED
        at_the_end = ended or self._study.finish_no >= self._study.trials
        if not completed or (len(completed) < needed and not at_the_end):
            return False
        rows = metrics.values_of(self._session, completed).values()
        self._problem = _scaled(self._problem, list(rows))
        self._study.problem = self._problem.to_json()
        return True

    def _measure(self, is_new: bool) -> None:
        """Store the hypervolume of the front, at a place in the ledger that is new or was there."""
        rows = [self._values[trial_id] for trial_id in self._front]
        value = fronts.hypervolume_of(self._problem, rows) if rows else None
        if value is None:
            return
        study = self._study
        study.hypervolume = value
        key = {"study_id": study.id, "finish_no": study.finish_no}
        # A late result changes the front without a new finished trial: then the row may be there.
        point = None if is_new else self._session.get(Hypervolume, key)
        if point is None:
            self._session.add(
                Hypervolume(**key, value=value, front_size=len(self._front), at=self._now)
            )
        else:
            point.value, point.front_size, point.at = value, len(self._front), self._now
        data = {"finish_no": study.finish_no, "value": value, "front_size": len(self._front)}
        self._record(EventKind.HYPERVOLUME, data)

    def _record(self, kind: EventKind, data: Mapping[str, object]) -> None:
        events.record(self._session, self._study, kind, data, self._now)


def _scaled(problem: Problem, rows: Sequence[fronts.Values]) -> Problem:
    """Fix the scales that are open from the results of the initial design."""
    return problem.with_scales(
        {
            objective.name: scales_from(
                [row[objective.name] for row in rows], objective.goal, objective.given
            )
            for objective in problem.objectives
            if objective.scale is None
        }
    )
