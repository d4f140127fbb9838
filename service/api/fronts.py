"""What a study has found: its front, how the hypervolume grew, columns for charts."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from resource_models.devices import DEVICES, Device
from service import fronts, studies
from service.api.charts import Chart
from service.api.parts import DbDep, PartsDep, StudyRef
from service.api.schemas.studies import HypervolumeOut, HypervolumePoint
from service.api.schemas.trials import Columns, FrontOut, Points
from service.api.study_answers import objectives_out
from service.api.trial_answers import trial_outs

router = APIRouter(prefix="/studies/{study}", tags=["fronts"])

MOST_POINTS = 10_000


def _known_device(name: str) -> str:
    if name not in DEVICES:
        known = ", ".join(DEVICES)
        raise PydanticCustomError("unknown_device", "Need one of {known}", {"known": known})
    return name


DeviceName = Annotated[str, AfterValidator(_known_device)]


@router.get("/front", response_model=FrontOut)
def front(
    study: StudyRef,
    request: Request,
    parts: PartsDep,
    device: Annotated[
        DeviceName | None, Query(description="Only what fits into this device.")
    ] = None,
) -> Response:
    """Show the trials that no other dominates, the best in the first objective first."""
    with parts.db.read() as session:
        found = studies.get(session, study)
        chart = Chart(request, parts.charts, found, ("trials", device))
        if (known := chart.known()) is not None:
            return known
        objectives = objectives_out(found)
        items = trial_outs(session, fronts.front(session, found.id))
    if device is not None:
        items = [item for item in items if fits(item.values, DEVICES[device])]
    first = objectives[0]
    items.sort(key=lambda item: item.values[first.name], reverse=first.goal == "maximize")
    return chart.written(FrontOut(objectives=objectives, items=items).model_dump_json().encode())


def fits(values: Mapping[str, float], device: Device) -> bool:
    """Tell whether a trial's stored figures lie within a device; a black box has none."""
    return (
        values.get("model_size:deployed", 0) <= device.flash_bytes
        and values.get("working_memory:arena", 0) <= device.sram_bytes
    )


@router.get("/hypervolume")
def hypervolume(study: StudyRef, db: DbDep) -> HypervolumeOut:
    """Show the hypervolume after each change of the front, and the scale it is measured in."""
    with db.read() as session:
        found = studies.get(session, study)
        objectives = objectives_out(found)
        return HypervolumeOut(
            ideal={objective.name: objective.ideal for objective in objectives},
            reference={objective.name: objective.reference for objective in objectives},
            points=[
                HypervolumePoint.model_validate(point, from_attributes=True)
                for point in fronts.hypervolume(session, found.id)
            ],
        )


@router.get("/points", response_model=Points)
def points(
    study: StudyRef,
    request: Request,
    parts: PartsDep,
    after: Annotated[int, Query(ge=0, lt=2**31, description="The last finish_no held.")] = 0,
) -> Response:
    """Show finished trials as columns: from the start the front first, then what came after."""
    with parts.db.read() as session:
        found = studies.get(session, study)
        chart = Chart(request, parts.charts, found, "points")
        if after == 0 and (known := chart.known()) is not None:
            return known
        names = [objective["name"] for objective in found.problem["objectives"]]
        shown = fronts.points(session, found.id, after, MOST_POINTS, names)
    if after == 0:
        return chart.written(_written(shown))
    return Response(_written(shown), media_type="application/json")


def _written(chart: fronts.Chart) -> bytes:
    """Write at once: FastAPI would make a Python object of each of 80,000 values first."""
    columns = Columns.model_validate(chart, from_attributes=True)
    return Points(columns=columns).model_dump_json().encode()
