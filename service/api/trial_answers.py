"""From a trial's rows to the JSON that shows it."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from resource_models.footprint import memory_timeline
from resource_models.graph import Graph
from service import artefacts, attempts, trials
from service.api.schemas.trials import (
    ArtefactOut,
    AttemptOut,
    ReportOut,
    TrialDetail,
    TrialOut,
)
from service.models import Artefact, Attempt, Trial


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
        point=trial.point,
        values=dict(values),
        on_front=trial.on_front,
        feasible=trial.feasible,
        finish_no=trial.finish_no,
        reason=trial.reason,
        designer=trial.designer,
        origin=trial.origin,
        prediction=trial.prediction,
        worker=trial.worker,
        attempts=trial.attempts,
        created_at=trial.created_at,
        finished_at=trial.finished_at,
    )


def trial_detail(session: Session, trial: Trial) -> TrialDetail:
    """Show a trial with everything that is known about it."""
    counted = attempts.shown(session, trial.id)
    return TrialDetail(
        **dict(trial_out(session, trial)),
        graph=trial.work.get("graph"),
        training=trial.work.get("training"),
        details=trial.details,
        attempts_list=[_attempt(attempt) for attempt in attempts.listing(session, trial.id)],
        reports=[] if counted is None else reports_out(session, counted),
        artefacts=artefacts_out(session, trial.id),
        memory_timeline=timeline_of(trial),
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


def timeline_of(trial: Trial) -> list[tuple[str, int]] | None:
    """Tell how many bytes each operator of a network needs; None for black boxes."""
    graph = trial.work.get("graph")
    return None if graph is None else memory_timeline(Graph.from_json(graph))


def artefacts_out(session: Session, trial_id: int) -> list[ArtefactOut]:
    """Show the files that a trial left, by name."""
    return [artefact_out(artefact) for artefact in artefacts.listing(session, trial_id)]


def artefact_out(artefact: Artefact) -> ArtefactOut:
    """Show one file."""
    return ArtefactOut.model_validate(artefact, from_attributes=True)
