"""From a trial's rows to the JSON that shows it."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from resource_models.devices import DEVICES
from resource_models.footprint import memory_timeline
from service import artefacts, attempts, lineage, needs, trials, verifications
from service.api.schemas.trials import (
    ArtefactOut,
    AttemptOut,
    LineageOut,
    MemberOut,
    RelativeOut,
    ReportOut,
    TrialDetail,
    TrialOut,
)
from service.api.schemas.verifications import Verification, VerificationOut
from service.api.schemas.workers import DeviceOut
from service.artefacts import Store
from service.family import Family, Member
from service.figures.rows import objectives_of
from service.models import Artefact, Attempt, Study, Trial
from service.networks import network
from service.preference import preference


def trial_out(session: Session, trial: Trial) -> TrialOut:
    """Show one trial."""
    return trial_outs(session, [trial])[0]


def trial_outs(session: Session, found: Sequence[Trial]) -> list[TrialOut]:
    """Show trials in the given order."""
    session.flush()
    values = trials.values_of(session, found)
    return [shown(trial, values[trial.id]) for trial in found]


def shown(trial: Trial, values: Mapping[str, float]) -> TrialOut:
    """Show a trial whose values are known."""
    return TrialOut(
        id=trial.id,
        study_id=trial.study_id,
        number=trial.number,
        status=trial.status.value,
        key=trial.key,
        purpose=trial.purpose,
        replicate=trial.replicate,
        confirms_id=trial.confirms_id,
        point=trial.point,
        values=dict(values),
        on_front=trial.on_front,
        feasible=trial.feasible,
        verified=trial.verified,
        finish_no=trial.finish_no,
        reason=trial.reason,
        designer=trial.designer,
        origin=trial.origin,
        think_s=trial.details.get("think_s"),
        fallback=trial.details.get("fallback"),
        prediction=trial.prediction,
        predicted_figures=dict(trial.known) if trial.pruned else None,
        worker=trial.worker,
        attempts=trial.attempts,
        created_at=trial.created_at,
        finished_at=trial.finished_at,
    )


def trial_detail(session: Session, store: Store, trial: Trial) -> TrialDetail:
    """Show a trial with everything that is known about it."""
    counted = attempts.shown(session, trial.id)
    found = network(session, store, trial)
    parent, children = lineage.relatives(session, trial)
    confirms, confirmed_by = lineage.confirm_relatives(session, trial)
    return TrialDetail(
        **dict(trial_out(session, trial)),
        graph=None if found is None else found.graph.to_json(),
        training=trial.work.get("training"),
        pruning=trial.work.get("pruning"),
        needs=needs.words(trial.needs),
        epochs=trial.epochs,
        parent=None if parent is None else relative(parent),
        children=[relative(child) for child in children],
        confirms=None if confirms is None else relative(confirms),
        confirmed_by=[relative(run) for run in confirmed_by],
        preference=preference(objectives_of(session.get_one(Study, trial.study_id)), trial.details),
        details=trial.details,
        attempts_list=[_attempt(attempt) for attempt in attempts.listing(session, trial.id)],
        reports=[] if counted is None else reports_out(session, counted),
        artefacts=artefacts_out(session, trial.id),
        verification=verification(trial),
        memory_timeline=None if found is None else memory_timeline(found.graph),
    )


def verification(trial: Trial) -> Verification | None:
    """Show what was checked of a trial's network."""
    kept = trial.verification
    return None if kept is None else Verification.model_validate(kept)


def verification_out(session: Session, trial: Trial) -> VerificationOut:
    """Show what was checked of a trial's network, and whether that is asked for."""
    name = session.get_one(Study, trial.study_id).definition.get("device")
    return VerificationOut(
        wanted=verifications.wanted(session, trial),
        device=None if name is None else DeviceOut.of(DEVICES[name]),
        verified=trial.verified,
        verification=verification(trial),
    )


def relative(trial: Trial) -> RelativeOut:
    """Name a trial."""
    return RelativeOut(id=trial.id, number=trial.number, status=trial.status.value)


def lineage_out(found: Family) -> LineageOut:
    """Show a family."""
    return LineageOut(
        items=[_member(each) for each in found.members], older=found.older, more=found.more
    )


def _member(member: Member) -> MemberOut:
    trial = member.trial
    return MemberOut(
        **dict(relative(trial)),
        generation=member.generation,
        parent_id=trial.parent_id,
        origin=trial.origin,
        on_front=trial.on_front,
        values=dict(member.values),
        changes=list(member.changes),
        children=member.children,
    )


def _attempt(attempt: Attempt) -> AttemptOut:
    return AttemptOut(
        id=attempt.id,
        number=attempt.number,
        worker=attempt.worker,
        started_at=attempt.started_at,
        ended_at=attempt.ended_at,
        outcome=attempt.outcome,
        reason=attempt.reason,
        metrics=attempt.result,
        details=attempt.details,
    )


def reports_out(session: Session, attempt: Attempt) -> list[ReportOut]:
    """Show the reports of an attempt by step."""
    return [
        ReportOut(attempt=attempt.number, step=report.step, metrics=report.metrics, at=report.at)
        for report in attempts.reports(session, attempt.id)
    ]


def artefacts_out(session: Session, trial_id: int) -> list[ArtefactOut]:
    """Show the files that a trial left, by name."""
    return [artefact_out(artefact) for artefact in artefacts.listing(session, trial_id)]


def artefact_out(artefact: Artefact) -> ArtefactOut:
    """Show one file."""
    return ArtefactOut.model_validate(artefact, from_attributes=True)
