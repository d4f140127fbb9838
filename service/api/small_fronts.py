"""The fronts of several studies at once, small, for a list of studies."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from service import fronts, study_lists
from service.api.figures import places
from service.api.parts import LARGEST_ID, PartsDep
from service.figures.axes import Axis
from service.figures.rows import axes_of
from service.figures.small import small
from service.models import Study

router = APIRouter(tags=["fronts"])

StudyId = Annotated[int, Field(ge=1, le=LARGEST_ID)]


class SmallFrontsQuery(BaseModel):
    """Which studies the answer shows."""

    model_config = ConfigDict(extra="forbid")

    study: Annotated[list[StudyId], Field(min_length=1, max_length=200)] = Field(
        description="The number of a study; again for each. One that is gone is left out."
    )


class SmallFrontOut(BaseModel):
    """At most 60 points of a front over a known objective (x) and the first measured one (y).

    The first `leading` points, from left to right, are not dominated in these two objectives.
    Without a second objective there are no points.
    """

    study: int
    x: str
    y: str
    x_log: bool
    y_log: bool
    leading: int
    points: list[tuple[float, float]]


class SmallFronts(BaseModel):
    """The small fronts of some studies."""

    items: list[SmallFrontOut]


@router.get("/fronts", response_model=SmallFronts)
def small_fronts(query: Annotated[SmallFrontsQuery, Query()], parts: PartsDep) -> Response:
    """Show the fronts of several studies, small; those that did not change cost no look at them."""
    shown: dict[int, bytes] = {}
    with parts.db.read() as session:
        changed: list[Study] = []
        for study in study_lists.of_ids(session, query.study):
            # As in `points`: the number of the last event is the version of a chart.
            kept = parts.charts.get(("small", study.id), study.event_no)
            if kept is None:
                changed.append(study)
            else:
                shown[study.id] = kept
        for study, made in zip(changed, _made(session, changed), strict=True):
            shown[study.id] = made.model_dump_json().encode()
            parts.charts.put(("small", study.id), study.event_no, shown[study.id])
    items = b",".join(shown[study_id] for study_id in sorted(shown))
    return Response(b'{"items":[' + items + b"]}", media_type="application/json")


def _made(session: Session, studies: list[Study]) -> list[SmallFrontOut]:
    if not studies:
        return []
    axes = [_axes(study) for study in studies]
    names = {axis.name for pair in axes for axis in pair}
    values = fronts.values_on_each(session, [study.id for study in studies], names)
    made = []
    for study, (x, y) in zip(studies, axes, strict=True):
        rows = [(row.get(x.name), row.get(y.name)) for row in values[study.id]]
        front = small(rows if x.name != y.name else [], x, y)
        made.append(
            SmallFrontOut(
                study=study.id,
                x=x.name,
                y=y.name,
                x_log=front.x.log,
                y_log=front.y.log,
                leading=front.leading,
                points=front.points,
            )
        )
    return made


def _axes(study: Study) -> tuple[Axis, Axis]:
    """The same axes that the chart of the front begins with."""
    axes = axes_of(study)
    x, y = places(axes, {"x": None, "y": None})
    return axes[x], axes[y]
