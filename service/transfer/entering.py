"""Stores a study from checked lines, in one transaction."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service import lineage, needs, studies
from service.errors import StudyExists
from service.models import Attempt, Hypervolume, Metric, Report, Study, Trial
from service.states import Ended, StudyStatus
from service.transfer.reading import Checked, kind_of, read_json
from service.transfer.records import KEPT, AttemptRecord, TrialRecord
from service.verifications import verdict

BATCH = 500


def enter(session: Session, checked: Checked, lines: Iterable[bytes], now: datetime) -> Study:
    """Store a study with its trials, attempts, metrics, reports and hypervolume.

    A study that was active comes in paused: its user decides whether it goes on here.

    Args:
        lines: those that were checked.

    Raises:
        StudyExists: a study of that name is here already.
    """
    study = _study(session, checked, now)
    trials = _Trials(session, study)
    for at, line in enumerate(lines, 1):
        if at > 1 and kind_of(at, line) == "trial":
            trials.add(TrialRecord.model_validate(read_json(at, line)))
    trials.flush()
    history = [point.model_dump(exclude={"record"}) for point in checked.hypervolume]
    if history:
        session.execute(insert(Hypervolume), [{**row, "study_id": study.id} for row in history])
    studies.announce(session, study, now)
    return study


def _study(session: Session, checked: Checked, now: datetime) -> Study:
    told = checked.study
    study = studies.made(session, checked.prepared, now)
    study.problem = {**checked.problem.to_json(), "budget": told.trials}  # it may have grown
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
    )
    for name in same:
        setattr(study, name, getattr(told, name))
    study.status = StudyStatus.PAUSED
    if told.status == "ended":
        study.status = StudyStatus.ENDED
        study.ended_reason = told.ended_reason or Ended.CLOSED
        study.ended_at = told.ended_at or now
    try:
        with session.begin_nested():
            session.add(study)
    except IntegrityError as error:
        raise StudyExists(study.name) from error
    return study


class _Trials:
    """The trials of a study on their way in, a batch at a time."""

    def __init__(self, session: Session, study: Study) -> None:
        self._session = session
        self._study = study
        self._ids: dict[int, int] = {}
        self._waiting: list[TrialRecord] = []

    def add(self, trial: TrialRecord) -> None:
        """Take a trial; what it refers to is stored first."""
        related = {trial.parent, trial.confirms} - {None}
        if len(self._waiting) == BATCH or not related <= self._ids.keys():
            self.flush()
        self._waiting.append(trial)

    def flush(self) -> None:
        """Store the trials that wait, and all that belongs to them."""
        if not self._waiting:
            return
        session, waiting, self._waiting = self._session, self._waiting, []
        session.execute(insert(Trial), [self._row(trial) for trial in waiting])
        numbers = [trial.number for trial in waiting]
        rows = session.execute(
            select(Trial.number, Trial.id).where(
                Trial.study_id == self._study.id, Trial.number.in_(numbers)
            )
        )
        self._ids |= {number: trial_id for number, trial_id in rows}
        values = [
            {"trial_id": self._ids[trial.number], "study_id": self._study.id}
            | {"name": name, "value": value}
            for trial in waiting
            for name, value in trial.values.items()
        ]
        self._insert(Metric, values)
        self._tries(waiting)

    def _row(self, trial: TrialRecord) -> dict[str, Any]:
        work = trial.work
        row = {name: getattr(trial, name) for name in (*KEPT, "status")}
        row["details"] = trial.details.model_dump(exclude_unset=True)
        row["verification"] = trial.verification and trial.verification.model_dump(mode="json")
        row["verified"] = trial.verification and verdict(row["verification"]["levels"])
        row |= {"study_id": self._study.id, "parent_id": None, "confirms_id": None}
        if trial.parent is not None:
            parent = self._session.get_one(Trial, self._ids[trial.parent])
            row["parent_id"] = parent.id
            work = lineage.located(work, parent)
        if trial.confirms is not None:
            row["confirms_id"] = self._ids[trial.confirms]
        return row | {"work": work, "needs": needs.of(work)}

    def _tries(self, waiting: Sequence[TrialRecord]) -> None:
        rows = [
            self._attempt(trial, each, slot)
            for trial in waiting
            for slot, each in enumerate(trial.tries)
        ]
        self._insert(Attempt, rows)
        ids = [self._ids[trial.number] for trial in waiting]
        found = self._session.execute(
            select(Attempt.trial_id, Attempt.number, Attempt.id).where(Attempt.trial_id.in_(ids))
        )
        attempt_ids = {(trial_id, number): attempt_id for trial_id, number, attempt_id in found}
        reports = [
            {"attempt_id": attempt_ids[self._ids[trial.number], each.number], **report.model_dump()}
            for trial in waiting
            for each in trial.tries
            for report in each.reports
        ]
        self._insert(Report, reports)

    def _attempt(self, trial: TrialRecord, each: AttemptRecord, slot: int) -> dict[str, Any]:
        return {
            **each.model_dump(exclude={"reports"}),
            "trial_id": self._ids[trial.number],
            "request_id": f"import-{self._study.id}-{trial.number}",
            "slot": slot,
            "token_sha256": secrets.token_hex(32),  # of no token: nobody delivers under it
        }

    def _insert(self, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            self._session.execute(insert(table), rows)
