"""From a study's rows to the JSON that shows it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from resource_models.footprint import unit_of
from service import budgets, fronts, studies
from service.api.schemas.studies import ConstraintOut, Counts, ObjectiveOut, StudyOut
from service.api.schemas.workers import DataOut
from service.models import Study
from service.states import Status


def study_out(session: Session, study: Study) -> StudyOut:
    """Show one study."""
    return study_outs(session, [study])[0]


def study_outs(session: Session, found: Sequence[Study]) -> list[StudyOut]:
    """Show studies in the given order."""
    session.flush()
    counts = studies.counts(session, [study.id for study in found])
    bests = fronts.bests(session, found)
    return [_shown(study, counts[study.id], bests[study.id]) for study in found]


def _shown(
    study: Study, counts: Mapping[Status, int], best: Mapping[str, float | None]
) -> StudyOut:
    return StudyOut(
        id=study.id,
        name=study.name,
        status=study.status.value,
        ended_reason=study.ended_reason,
        ended_because=budgets.because(study),
        definition=study.definition,
        objectives=objectives_out(study),
        constraints=[ConstraintOut(**each) for each in study.problem.get("constraints", ())],
        counts=Counts(**{status.value: count for status, count in counts.items()}),
        trials=study.trials,
        finished=study.finish_no,
        epochs=study.epochs,
        epochs_done=study.epochs_done,
        hours=study.hours,
        started_at=study.started_at,
        plateau=study.plateau,
        front_size=study.front_size,
        hypervolume=study.hypervolume,
        test_reads=study.test_reads,
        best=dict(best),
        data=None if study.data is None else DataOut.model_validate(study.data),
        created_at=study.created_at,
        ended_at=study.ended_at,
        version=study.version,
    )


def objectives_out(study: Study) -> list[ObjectiveOut]:
    """Show what a study asks, with its scales as far as they are fixed."""
    expressions = study.problem["space"].get("known", {})
    return [_objective(each, expressions) for each in study.problem["objectives"]]


def _objective(objective: Mapping[str, Any], expressions: Mapping[str, str]) -> ObjectiveOut:
    given = objective["given"]
    scale = objective["scale"] or given
    return ObjectiveOut(
        name=objective["name"],
        role=objective["role"],
        goal=objective["goal"],
        unit=unit_of(objective["name"]) if objective["role"] == "known" else None,
        bound=objective["bound"],
        limit=objective["limit"],
        ideal=scale["ideal"],
        reference=scale["reference"],
        log=scale["log"],
        ideal_given=given["ideal"] is not None,
        reference_given=given["reference"] is not None,
        expression=expressions.get(objective["name"]),
    )
