"""How a study came about and what mattered: importance, parallel axes, timeline, overlays."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from optimizer.importance import MOST
from service import figures, studies
from service.api.charts import Chart, drawn_now
from service.api.figures import MOST_ALSO, FigureOut, answer, refused
from service.api.parts import LARGEST_ID, DbDep, Parts, PartsDep, StudyRef
from service.api.schemas.body import METRIC_NAME, NAME
from service.api.schemas.importance import ImportanceOut, ObjectiveImportance, ShareOut
from service.features import completed, results
from service.figures.overlay import By
from service.figures.parallel import MOST_AXES, offered
from service.figures.rows import axes_of, objectives_of
from service.growths import growth
from service.importance import Shares, importances
from service.models import Study
from service.runs import runs, with_figures

router = APIRouter(tags=["analysis"])

MOST_LINES = 10_000
# Unasked, a chart shows so many features beside the objectives.
SOME_FEATURES = 6
MOST_STUDIES = 8


@router.get("/studies/{study}/importance", response_model=ImportanceOut)
def importance(study: StudyRef, parts: PartsDep) -> Response:
    """Tell which parameters, or traits of networks, mattered for each objective.

    The variance of each objective over the completed trials is shared out among the features by a
    forest of regression trees; `explained` says how far to believe it. See docs/importance.md.
    """
    return Response(_importance(study, parts), media_type="application/json")


class ObjectiveQuery(BaseModel):
    """Which objective a chart of importance shows."""

    model_config = ConfigDict(extra="forbid")

    objective: str | None = Field(None, description="One objective; by default all of them.")


@router.get("/studies/{study}/figures/importance")
def importance_figure(
    study: StudyRef, query: Annotated[ObjectiveQuery, Query()], parts: PartsDep
) -> FigureOut:
    """Draw which features mattered."""
    found = ImportanceOut.model_validate_json(_importance(study, parts)).objectives
    names = [each.name for each in found]
    if query.objective is not None and query.objective not in names:
        raise refused("objective", f"need one of {', '.join(names)}", query.objective)
    shown = [each for each in found if query.objective in (None, each.name)]
    return answer(figures.importance([_shares(each) for each in shown]))


class AxesQuery(BaseModel):
    """Which axes stand side by side."""

    model_config = ConfigDict(extra="forbid")

    axis: list[str] = Field(
        default_factory=list,
        max_length=MOST_AXES,
        description="Objectives and features from left to right; by default the objectives and the "
        "first features. Each time it is given.",
    )
    also: list[Annotated[str, Field(pattern=METRIC_NAME)]] = Field(
        default_factory=list,
        max_length=MOST_ALSO,
        description="Metrics beside the objectives that each line tells in its `customdata`.",
    )


@router.get("/studies/{study}/figures/parallel", response_model=FigureOut)
def parallel(
    study: StudyRef, query: Annotated[AxesQuery, Query()], request: Request, parts: PartsDep
) -> Response:
    """Draw objectives and features of the completed trials as parallel axes."""
    with parts.db.read() as session:
        found = studies.get(session, study)
        chart = Chart(request, parts.charts, found, ("parallel", query.model_dump_json()))
        if (known := chart.known()) is not None:
            return known
        axes, read = axes_of(found), completed(session, found, MOST_LINES, query.also)
    rows = results(read)
    names = offered(rows, axes)
    chosen = list(dict.fromkeys(query.axis)) or names[: len(axes) + SOME_FEATURES]
    for place, name in enumerate(chosen):
        if name not in names:
            raise refused(f"axis.{place}", f"need one of {', '.join(names)}", name)
    return chart.drawn(figures.parallel(rows, axes, chosen[:MOST_AXES]))


class RunsQuery(BaseModel):
    """Which attempts a timeline shows."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(300, ge=1, le=2000, description="So many attempts, the newest ones.")
    before: int | None = Field(
        None, ge=1, le=LARGEST_ID, description="`next` of the chart of newer attempts."
    )
    also: list[Annotated[str, Field(pattern=METRIC_NAME)]] = Field(
        default_factory=list,
        max_length=MOST_ALSO,
        description="Metrics beside the objectives that each bar tells of its trial in its "
        "`customdata`.",
    )


@router.get("/studies/{study}/figures/timeline", response_model=FigureOut)
def timeline(
    study: StudyRef, query: Annotated[RunsQuery, Query()], request: Request, db: DbDep
) -> Response:
    """Draw who worked on what, and when."""
    with db.read() as session:
        found = studies.get(session, study)
        shown, older = runs(session, found, query.limit, query.before)
        own = [objective.name for objective in objectives_of(found)]
        names = list(dict.fromkeys([*own, *query.also]))
        shown = with_figures(session, shown, names)
        now = db.now(session)
    drawn = figures.timeline(shown, now, older, query.before is None, names)
    return drawn_now(request, drawn)


Ref = Annotated[str, Field(pattern=NAME)]


class OverlayQuery(BaseModel):
    """Which studies are laid over each other."""

    model_config = ConfigDict(extra="forbid")

    study: list[Ref] = Field(
        min_length=1,
        max_length=MOST_STUDIES,
        description="Numbers or names of studies. Each time it is given.",
    )
    by: By = Field("trials", description="Finished trials, or the time since the first attempt.")


@router.get("/figures/hypervolume", response_model=FigureOut)
def overlay(query: Annotated[OverlayQuery, Query()], request: Request, db: DbDep) -> Response:
    """Draw how the hypervolumes of several studies grew; each scale has a panel of its own."""
    with db.read() as session:
        now = db.now(session)
        found = {each.id: each for each in (studies.get(session, ref) for ref in query.study)}
        growths = [growth(session, each, now) for each in found.values()]
    return drawn_now(request, figures.overlay(growths, query.by))


def _importance(study: str, parts: Parts) -> bytes:
    """Answer with what is kept of this state of a study, or compute it.

    Nothing is read while it waits or computes, since a connection would be held.
    """
    with parts.db.read() as session:
        found = studies.get(session, study)
        study_id, known = found.id, _known(found, parts)
    if known is not None:
        return known
    # All who wait for the same answer get it from the first.
    with parts.charts.making((study_id, "importance")):
        with parts.db.read() as session:
            found = studies.get(session, study)
            known = _known(found, parts)
            if known is not None:
                return known
            objectives, read = objectives_of(found), completed(session, found, MOST)
        told = [_told(each) for each in importances(results(read), objectives)]
        made = ImportanceOut(objectives=told).model_dump_json().encode()
        parts.charts.put((found.id, "importance"), found.event_no, made)
        return made


def _known(found: Study, parts: Parts) -> bytes | None:
    return parts.charts.get((found.id, "importance"), found.event_no)


def _told(shares: Shares) -> ObjectiveImportance:
    features = [ShareOut(name=name, share=share) for name, share in shares.features]
    return ObjectiveImportance(
        name=shares.name,
        basis=shares.basis,
        explained=shares.explained,
        features=features,
        note=shares.note,
    )


def _shares(told: ObjectiveImportance) -> Shares:
    features = tuple((each.name, each.share) for each in told.features)
    return Shares(told.name, told.basis, told.explained, features, told.note)
