"""Verification: what a trial's worker shall check of its network, and what it found."""

from fastapi import APIRouter

from service import trials, verifications
from service.access_errors import RoleForbids
from service.api.parts import DbDep, Id, PartsDep
from service.api.roles import USERS
from service.api.schemas.trials import TrialOut
from service.api.schemas.verifications import VerificationIn, VerificationOut
from service.api.trial_answers import trial_out, verification_out

router = APIRouter(prefix="/trials/{trial_id}/verification", tags=["trials"])


@router.get("")
def read(trial_id: Id, db: DbDep) -> VerificationOut:
    """Read what was checked of a trial's network, and whether its worker shall check it."""
    with db.read() as session:
        return verification_out(session, trials.get(session, trial_id))


@router.put("")
def keep(trial_id: Id, body: VerificationIn, parts: PartsDep) -> TrialOut:
    """Deliver what was checked, under the token of the attempt that counted, or as a user."""
    role = None if parts.caller is None else parts.caller.role
    if body.token is None and role not in USERS:
        raise RoleForbids(role or "none", "store a verification without a token", sorted(USERS))
    with parts.db.begin() as session:
        trial = verifications.keep(
            session,
            trial_id,
            body.token,
            body.verification.model_dump(mode="json"),
            parts.db.now(session),
        )
        answer = trial_out(session, trial)
    parts.watcher.look_soon()
    return answer
