"""The last lines of each worker's log: told by the worker, read by people."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from service import bulk, projects, workers
from service.models import Worker, WorkerLine

MOST_LINES = 200  # of one worker; the oldest go
MOST_CHARACTERS = 500  # of one line
KEPT = timedelta(days=30)  # after a worker was last heard of
ONCE = (WorkerLine.project_id, WorkerLine.worker, WorkerLine.process, WorkerLine.number)


@dataclass(frozen=True, slots=True)
class Line:
    """A line as the worker tells it; `number` counts those of its process."""

    number: int
    at: datetime
    level: str
    text: str


def keep(session: Session, name: str, process: str, lines: Sequence[Line], now: datetime) -> None:
    """Add lines to a worker's log, and let the oldest go; one that is there already stays once.

    The lines of its earlier processes stay, too: they tell why it had to come back.
    """
    workers.seen(session, [name], now)  # its row is locked from here on: lines stay in order
    project_id = projects.home(session)
    whose = {"project_id": project_id, "worker": name, "process": process}
    rows = [{**whose, **asdict(line)} for line in lines]
    kind = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    adding = kind.insert(bulk.table(WorkerLine)).on_conflict_do_nothing(index_elements=ONCE)
    session.connection().execute(adding, rows)
    each = aliased(WorkerLine)
    own = select(each.id).where(each.project_id == project_id, each.worker == name)
    last_gone = own.order_by(each.id.desc()).offset(MOST_LINES).limit(1).scalar_subquery()
    session.execute(
        delete(WorkerLine)
        .where(WorkerLine.project_id == project_id, WorkerLine.worker == name)
        .where(WorkerLine.id <= last_gone)
        .execution_options(synchronize_session=False)
    )


def lines(session: Session, name: str, after: int = 0) -> Sequence[WorkerLine]:
    """Return the lines that are kept of a worker and came after one, the oldest first.

    Raises:
        WorkerNotFound: nothing was ever heard of it.
    """
    worker = workers.get(session, name)
    return session.scalars(
        select(WorkerLine)
        .where(WorkerLine.project_id == worker.project_id, WorkerLine.worker == worker.name)
        .where(WorkerLine.id > after)
        .order_by(WorkerLine.id)
    ).all()


def forget(session: Session, now: datetime) -> None:
    """Let the lines go of workers that were not heard of for long.

    A worker without a name of its own has another one each time it starts, so they would add up.
    """
    project_id = projects.home(session)
    silent = select(Worker.name).where(Worker.project_id == project_id, Worker.seen_at < now - KEPT)
    session.execute(
        delete(WorkerLine)
        .where(WorkerLine.project_id == project_id, WorkerLine.worker.in_(silent))
        .execution_options(synchronize_session=False)
    )
