"""Confirming: let a study's networks be judged by the test set, and show how they did."""

from datetime import datetime

from fastapi import APIRouter
from sqlalchemy.orm import Session

from service import confirmed, confirming, ledger, studies
from service.api.once import OnceDep
from service.api.parts import DbDep, PartsDep, StudyRef
from service.api.schemas.confirming import ConfirmedNetwork, ConfirmedOut, ConfirmIn, RunOut
from service.api.study_answers import objectives_out
from service.api.trial_answers import relative
from service.models import Study

router = APIRouter(prefix="/studies/{study}", tags=["confirming"])


@router.post("/confirm", status_code=201)
def confirm(study: StudyRef, body: ConfirmIn, parts: PartsDep, once: OnceDep) -> ConfirmedOut:
    """Freeze networks of the front and queue their trainings from scratch with fresh seeds.

    Each run reads the test set, so a second time needs `again`.
    """
    request = confirming.Request(body.networks, body.seeds, body.trials, body.again)

    def effect(session: Session, now: datetime) -> tuple[ConfirmedOut, bool]:
        found = studies.get(session, study)
        studies.lock(session, found.id)
        ledger.advance(session, found.id, now)  # what has just finished may be on the front
        confirming.confirm(session, found.id, request, now)
        return _shown(session, found), True

    answer = once.perform(ConfirmedOut, effect)
    parts.trials_changed()
    return answer


@router.get("/confirmed")
def read(study: StudyRef, db: DbDep) -> ConfirmedOut:
    """Show mean and deviation of each frozen network, and the hypervolume that was confirmed."""
    with db.read() as session:
        return _shown(session, studies.get(session, study))


def _shown(session: Session, study: Study) -> ConfirmedOut:
    found = confirmed.confirmed(session, study)
    return ConfirmedOut(
        test_reads=study.test_reads,
        open=found.open,
        observed_hypervolume=found.observed_hypervolume,
        confirmed_hypervolume=found.confirmed_hypervolume,
        optimism=found.optimism,
        objectives=objectives_out(study),
        items=[_network(network) for network in found.networks],
    )


def _network(network: confirmed.Network) -> ConfirmedNetwork:
    return ConfirmedNetwork(
        trial=relative(network.trial),
        observed=dict(network.observed),
        runs=[
            RunOut(
                id=run.id,
                number=run.number,
                status=run.status.value,
                replicate=run.replicate,
                reason=run.reason,
                values=dict(network.values[run.id]),
            )
            for run in network.runs
        ],
        completed=network.completed,
        mean=dict(network.mean),
        sd=dict(network.sd),
        feasible=network.feasible,
    )
