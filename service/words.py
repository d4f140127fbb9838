"""What workers say under a lease: renewals, reports, results; those of many workers at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service import attempts, leases, results
from service.attempts import Held
from service.errors import ServiceError
from service.leases import Renew, Renewal
from service.results import Completed, Reported, Result, StepReport
from service.states import Order

Word = Renew | StepReport | Result


def hear(session: Session, words: Sequence[Word], now: datetime) -> list[Any]:
    """Note what workers say, in this order, each as if it were alone.

    Returns:
        For each word what `leases.renew`, `results.report` or `results.complete` returned or
        raised; or TrialNotFound or WrongToken.
    """
    work = any(isinstance(word, Result) for word in words)
    found = attempts.of_tokens(session, [(word.trial_id, word.token) for word in words], work)
    steps = [
        (held[1].id, word.step)
        for word, held in zip(words, found, strict=True)
        if isinstance(word, StepReport) and not isinstance(held, ServiceError)
    ]
    before = results.reported(session, steps)
    return [
        _heard(session, word, held, before, now) for word, held in zip(words, found, strict=True)
    ]


def _heard(
    session: Session, word: Word, held: Held | ServiceError, before: Reported, now: datetime
) -> Renewal | Order | Completed | ServiceError:
    if isinstance(held, ServiceError):
        return held
    try:
        match word:
            case Renew():
                return leases.renew(held, word, now)
            case StepReport():
                return results.report(session, held, word, before, now)
            case Result():
                return results.complete(session, held, word, now)
    except ServiceError as refusal:
        return refusal
