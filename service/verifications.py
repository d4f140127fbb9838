"""What workers checked of the networks that they trained: which are wanted, and what is kept."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service import artefacts, events, metrics, studies, trials
from service.attempts import lock_trial, of_token
from service.errors import ServiceError
from service.models import Trial
from service.states import FINISHED, EventKind
from service.trial_lists import WITH_RESULT

PASSED, FAILED = "passed", "failed"
NONE = "none"  # not even the first level passed, and none failed
# What a worker leaves of a network that can be verified.
RECORD = frozenset({"int8.json", "int8.safetensors", "vectors.safetensors"})


class NothingToVerify(ServiceError):
    """The attempt left no network that a verification could be about."""

    field = "token"
    remedy = "Verify what a trial delivered, under the token of the attempt that delivered it."

    def __init__(self, trial_id: int) -> None:
        super().__init__(f"Trial {trial_id} has no result, or that of another attempt.")


class OtherBoard(ServiceError):
    """The verification is for another board than that of the study."""

    field = "verification.device"

    def __init__(self, name: str, found: str) -> None:
        super().__init__(f"The study is for {name}, and this verification for {found}.")
        self.remedy = f"Verify the network for {name}; others are checked without being stored."


def verdict(levels: Sequence[Mapping[str, Any]]) -> str:
    """Say in one word what levels came to: `failed`, or the last one up to which all passed."""
    if any(level["state"] == FAILED for level in levels):
        return FAILED
    reached = NONE
    for level in levels:
        if level["state"] != PASSED:
            break
        reached = level["name"]
    return reached


def wanted(session: Session, trial: Trial) -> bool | None:
    """Whether a trial's network shall be verified; None as long as its place is not known.

    Members of the front are, once: a network that is beaten already is nobody's firmware.
    """
    if trial.status in FINISHED and trial.entered_at is None:
        return None
    if not trial.on_front or trial.verified is not None:
        return False
    return RECORD <= {artefact.name for artefact in artefacts.listing(session, trial.id)}


def keep(
    session: Session,
    trial_id: int,
    token: str | None,
    verification: Mapping[str, Any],
    now: datetime,
) -> Trial:
    """Store what was checked of a trial, in place of what was there, and tell its study.

    Args:
        session: the session.
        trial_id: the trial.
        token: of the attempt whose network was checked; None of a user, who fetched the network
            that counts from here.
        verification: what was checked, level by level.
        now: the database's time.

    Raises:
        TrialNotFound, StudyNotFound: there is no such trial, or its study is deleted just now.
        WrongToken: the token is of none of its attempts.
        NothingToVerify: the trial has no result, or one of another attempt.
        OtherBoard: the verification is for another board than the study.
    """
    # The study first, as the ledger does: else two of us might wait for each other.
    study = studies.lock(session, trials.get(session, trial_id).study_id)
    trial, counts = _held(session, trial_id, token)
    if not counts or trial.status not in WITH_RESULT:
        raise NothingToVerify(trial_id)
    board = study.definition.get("device")
    if board not in (None, verification["device"]):
        raise OtherBoard(board, verification["device"])
    trial.verified = verdict(verification["levels"])
    trial.verification = dict(verification)
    if trial.entered_at is not None:  # else the ledger tells of it
        values = metrics.values_of(session, [trial])[trial.id]
        events.record(session, study, EventKind.TRIAL, events.of_trial(trial, values), now)
    return trial


def _held(session: Session, trial_id: int, token: str | None) -> tuple[Trial, bool]:
    """A trial, and whether its result is that of the attempt that the token was given for."""
    if token is None:
        return lock_trial(session, trial_id), True
    trial, attempt = of_token(session, trial_id, token)
    return trial, attempt.counts
