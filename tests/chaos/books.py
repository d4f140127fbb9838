"""What must be so after a storm, read from the database itself."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import fronts, metrics, studies
from service.artefacts import Store
from service.models import Artefact, Attempt, Event, Report, Study, Trial
from service.states import Status

ROUNDING = 1e-12
OUR_ERROR = "A request failed."  # what the server's log says of each answer with status 500


def diaries(folder: Path) -> list[dict[str, Any]]:
    """Return what all hands were told; the last line of a killed one may be half."""
    notes = []
    for path in folder.glob("*.diary"):
        for line in path.read_text().splitlines():
            if line.endswith("}"):
                notes.append(json.loads(line))
    return notes


def check(session: Session, name: str, trials: int, notes: Iterable[dict[str, Any]]) -> None:
    """Every trial finished exactly once, and whatever was acknowledged is there.

    Raises:
        AssertionError: a promise was broken; the message has what was found.
    """
    study = studies.get(session, name)
    rows = session.scalars(select(Trial).where(Trial.study_id == study.id)).all()
    finished = [trial for trial in rows if trial.finish_no is not None]
    counts = Counter(trial.status.value for trial in rows)
    assert sorted(trial.finish_no or 0 for trial in finished) == list(range(1, trials + 1)), counts
    assert {trial.status for trial in finished} == {Status.COMPLETED}, counts
    assert {t.status for t in rows if t.finish_no is None} <= {Status.CANCELLED}, counts
    assert len({trial.key for trial in rows}) == len(rows), "a point was proposed twice"
    assert sorted(trial.number for trial in rows) == list(range(1, study.last_number + 1))
    _check_attempts(session, finished)
    _check_acknowledged(session, notes)
    _check_history(session, study, finished)
    events = session.scalars(select(Event.number).where(Event.study_id == study.id)).all()
    assert sorted(events) == list(range(1, study.event_no + 1))


def check_log(log: Path) -> None:
    """No request met an error of the service: a storm is no reason for one.

    Raises:
        AssertionError: with the lines of the log.
    """
    lines = log.read_text(errors="replace").splitlines()
    found = [line for line in lines if OUR_ERROR in line]
    assert not found, "\n".join(found)


def open_leases(session: Session) -> int:
    """Return how many leases are open, in all studies."""
    counted = select(func.count()).select_from(Attempt).where(Attempt.ended_at.is_(None))
    return session.scalars(counted).one()


def _check_attempts(session: Session, finished: Iterable[Trial]) -> None:
    assert open_leases(session) == 0, "the dead hold leases"
    counted = session.scalars(select(Attempt.trial_id).where(Attempt.counts)).all()
    assert sorted(counted) == sorted(trial.id for trial in finished)


def _check_acknowledged(session: Session, notes: Iterable[dict[str, Any]]) -> None:
    reports = {(row.attempt_id, row.step) for row in session.scalars(select(Report))}
    results = set(session.scalars(select(Attempt.id).where(Attempt.result.is_not(None))))
    files = {row.attempt_id: row.sha256 for row in session.scalars(select(Artefact))}
    attempts = {(row.trial_id, row.number): row.id for row in session.scalars(select(Attempt))}
    for note in notes:
        # The SDK tells its user not the attempt's id, but which one of its trial it is.
        attempt = note["attempt"] if "attempt" in note else attempts[note["trial"], note["number"]]
        match note["kind"]:
            case "report":
                assert (attempt, note["step"]) in reports, note
            case "complete":
                assert attempt in results, note
            case "file":
                assert files.get(attempt) == note["sha256"], note


def _check_history(session: Session, study: Study, finished: Iterable[Trial]) -> None:
    """The stored hypervolume is that of the trials, in the order in which they finished."""
    problem = studies.problem_of(study)
    values = metrics.values_of(session, list(finished))
    stored = {row.finish_no: row.value for row in fronts.hypervolume(session, study.id)}
    seen: list[fronts.Values] = []
    known = None
    for trial in sorted(finished, key=lambda trial: trial.finish_no or 0):
        seen.append(values[trial.id])
        marks = fronts.front_of(problem, seen)
        seen = [row for row, marked in zip(seen, marks, strict=True) if marked]
        known = stored.get(trial.finish_no or 0, known)
        assert known is not None
        expected = fronts.hypervolume_of(problem, seen)
        assert expected is not None
        assert abs(known - expected) <= ROUNDING, (trial.finish_no, known, expected)
    assert study.hypervolume == known


def check_files(session: Session, store: Store) -> int:
    """Every file that has a row can be read, and is what was sent; returns how many there are."""
    rows = session.scalars(select(Artefact)).all()
    for row in rows:
        content = b"".join(store.read(row.sha256))
        assert hashlib.sha256(content).hexdigest() == row.sha256
        assert len(content) == row.size_bytes
    return len(rows)
