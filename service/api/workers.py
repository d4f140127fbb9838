"""Workers, the data they announce, and the devices we know."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query

from resource_models.devices import DEVICES
from service import __version__, worker_log, workers
from service.api.parts import DbDep
from service.api.schemas.body import NAME
from service.api.schemas.lists import WorkerQuery
from service.api.schemas.workers import (
    DataList,
    DataOut,
    DeviceList,
    DeviceOut,
    LineOut,
    RunningOut,
    WorkerAnnouncement,
    WorkerDetail,
    WorkerList,
    WorkerLogIn,
    WorkerLogOut,
    WorkerOut,
)

router = APIRouter(tags=["workers"])

Name = Annotated[str, Path(pattern=NAME)]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@router.put("/workers/{name}")
def announce(name: Name, body: WorkerAnnouncement, db: DbDep) -> WorkerOut:
    """Say what a worker is and which data it holds; it does so when it starts."""
    announcement = workers.Announcement(
        accelerator=body.accelerator,
        host=body.host,
        pid=body.pid,
        memory_mib=body.memory_mib,
        versions=body.versions,
        data=[item.model_dump() for item in body.data],
    )
    with db.begin() as session:
        now = db.now(session)
        worker = workers.announce(session, name, announcement, now)
        worker_log.forget(session, now)
        return WorkerOut.model_validate(worker)


@router.get("/workers")
def list_workers(query: Annotated[WorkerQuery, Query()], db: DbDep) -> WorkerList:
    """List the workers page by page, the one heard of last first, or by name."""
    wanted = workers.Wanted(query.accelerator, query.contains)
    by_name = query.order == "name"
    with db.read() as session:
        found = workers.listing(session, wanted, query.place, query.limit + 1, by_name)
        items = [WorkerOut.model_validate(worker) for worker in found[: query.limit]]
        running = workers.running(session, [each.name for each in items])
        now = db.now(session)
    for each in items:
        each.running = [RunningOut.model_validate(leased) for leased in running[each.name]]
    more = len(found) > query.limit
    return WorkerList(
        items=items,
        next=query.cursor_of(items[-1]) if more else None,
        now=now,
        server_version=__version__,
    )


@router.get("/workers/{name}")
def read(name: Name, db: DbDep) -> WorkerDetail:
    """Read what a worker is, what it works on and when it was last heard of."""
    with db.read() as session:
        worker = WorkerOut.model_validate(workers.get(session, name))
        running = workers.running(session, [name])[name]
        now = db.now(session)
    worker.running = [RunningOut.model_validate(leased) for leased in running]
    return WorkerDetail(**dict(worker), now=now, server_version=__version__)


@router.put("/workers/{name}/log", status_code=204)
def log(name: Name, body: WorkerLogIn, db: DbDep) -> None:
    """Tell what is new in a worker's log; of each the last 200 lines are kept."""
    told = [
        worker_log.Line(
            line.number, EPOCH + timedelta(milliseconds=line.at_ms), line.level, line.text
        )
        for line in body.lines
    ]
    with db.begin() as session:
        worker_log.keep(session, name, body.process, told, db.now(session))


@router.get("/workers/{name}/log")
def read_log(
    name: Name,
    db: DbDep,
    after: Annotated[int, Query(ge=0, lt=2**63, description="The id of the last line read.")] = 0,
) -> WorkerLogOut:
    """Read the last lines of a worker's log, or those that came after one."""
    with db.read() as session:
        found = worker_log.lines(session, name, after)
        return WorkerLogOut(items=[LineOut.model_validate(line) for line in found])


@router.get("/data")
def list_data(db: DbDep) -> DataList:
    """List the data sets that workers announced; a study of networks names one of them."""
    with db.read() as session:
        items = [DataOut.model_validate(item) for item in workers.announced_data(session)]
        return DataList(items=items)


@router.get("/devices")
async def list_devices() -> DeviceList:
    """List the devices that networks can be costed for."""
    return DeviceList(items=[DeviceOut.of(device) for device in DEVICES.values()])
