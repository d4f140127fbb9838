"""What the watcher asks the database: where is work, where may work come from, what happened."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from service import needs, projects
from service.claims import Claim
from service.models import Study, Trial
from service.states import OPEN, Kind, Status, StudyStatus


@dataclass(frozen=True, slots=True)
class OpenStudy:
    """A study that has not ended, or has runs left that confirm its front, as a claim sees it."""

    id: int
    kind: Kind
    data: str | None = None
    data_sha256: str | None = None
    queued: Mapping[int, int] = field(default_factory=dict)  # by what the trials need
    open_budget: int = 0  # so many proposals may still be made
    paused: bool = False
    needs_accelerator: str | None = None
    needs_memory_mib: int = 0
    project_id: int | None = None

    def fits(self, claim: Claim) -> bool:
        """Tell whether a trial of this study may be handed out for a claim, as `leases` does."""
        if self.paused or claim.study_id not in {None, self.id} or self.kind not in claim.kinds:
            return False
        if self.needs_accelerator not in {None, claim.accelerator}:
            return False
        if self.needs_memory_mib > claim.memory_mib:
            return False
        if claim.project_id not in {None, self.project_id}:
            return False
        if self.data is None or claim.data is None:
            return True
        return claim.data.get(self.data) == self.data_sha256

    def offers(self, claim: Claim) -> list[int]:
        """Return which needs of queued trials a claim meets, the least first."""
        unmet = needs.unmet(claim.can)
        return sorted(bits for bits in self.queued if not bits & unmet)


def open_studies(session: Session) -> list[OpenStudy]:
    """Return the studies that may hand out work, the oldest first."""
    counted: dict[int, int] = {}
    queued: dict[int, dict[int, int]] = {}
    confirming: set[int] = set()
    # Open trials are few; the index on the status finds them among the many finished ones.
    for study_id, status, bits, count in session.execute(
        select(Trial.study_id, Trial.status, Trial.needs, func.count())
        .where(Trial.status.in_(OPEN))
        .group_by(Trial.study_id, Trial.status, Trial.needs)
    ):
        confirms = bits & needs.CONFIRMING
        if not confirms:
            counted[study_id] = counted.get(study_id, 0) + count
        if status is Status.QUEUED:
            queued.setdefault(study_id, {})[bits] = count
            confirming |= {study_id} if confirms else set()
    # Columns, not rows: a definition need not be parsed four times a second.
    rows = session.execute(
        select(
            Study.id,
            Study.project_id,
            Study.kind,
            Study.status,
            Study.data_name,
            Study.data_sha256,
            Study.trials,
            Study.finish_no,
            Study.needs_accelerator,
            Study.needs_memory_mib,
        )
        .where(or_(Study.status != StudyStatus.ENDED, Study.id.in_(confirming)))
        .order_by(Study.id)
    )
    studies = []
    for study in rows:
        ended = study.status is StudyStatus.ENDED
        waiting = queued.get(study.id, {})
        left = study.trials - study.finish_no - counted.get(study.id, 0)
        studies.append(
            OpenStudy(
                study.id,
                study.kind,
                study.data_name,
                study.data_sha256,
                # What came back into the queue of an ended study is about to be cancelled.
                {b: n for b, n in waiting.items() if not ended or b & needs.CONFIRMING},
                open_budget=0 if ended else max(0, left),
                paused=study.status is StudyStatus.PAUSED,
                needs_accelerator=study.needs_accelerator,
                needs_memory_mib=study.needs_memory_mib,
                project_id=study.project_id,
            )
        )
    return studies


@dataclass(frozen=True, slots=True)
class Load:
    """How much a study that is not done has under way."""

    study_id: int
    name: str
    queued: int
    running: int  # so many leases are open
    hypervolume: float | None


def load(session: Session) -> list[Load]:
    """Return what the session's studies have under way that have not ended or hold open trials."""
    # Open trials are few, however many have finished, and stand in an index by their status.
    under_way = (
        select(
            Trial.study_id,
            func.sum(case((Trial.status == Status.QUEUED, 1), else_=0)).label("queued"),
            func.sum(case((Trial.status == Status.RUNNING, 1), else_=0)).label("running"),
        )
        .where(Trial.status.in_(OPEN))
        .group_by(Trial.study_id)
        .subquery()
    )
    queued = func.coalesce(under_way.c.queued, 0)
    running = func.coalesce(under_way.c.running, 0)
    rows = session.execute(
        select(Study.id, Study.name, queued, running, Study.hypervolume)
        .outerjoin(under_way, under_way.c.study_id == Study.id)
        .where(or_(Study.status != StudyStatus.ENDED, under_way.c.study_id.is_not(None)))
        .where(projects.seen(session))
        .order_by(Study.id)
    )
    return [Load(*row) for row in rows]


def count_by_status(session: Session) -> dict[Status, int]:
    """Return how many trials of the session's studies are where; an index has what this needs."""
    counted = select(Trial.status, func.count()).group_by(Trial.status)
    if projects.of_session(session) is not None:
        counted = counted.join(Study, Study.id == Trial.study_id).where(projects.seen(session))
    rows = session.execute(counted)
    return {status: count for status, count in rows}


def newest_events(session: Session, study_ids: Collection[int]) -> Mapping[int, int]:
    """Return the number of the newest event of each of these studies."""
    if not study_ids:
        return {}
    rows = session.execute(select(Study.id, Study.event_no).where(Study.id.in_(study_ids)))
    return {study_id: event_no for study_id, event_no in rows}


@dataclass(frozen=True, slots=True)
class Pulse:
    """What differs between two moments if something happened in any study of a session.

    Events are only ever added, but go with their study; and one that came since has the largest
    id, as none is given twice.
    """

    studies: int
    youngest: int
    events: int


def pulse(session: Session) -> Pulse:
    """Feel all studies that the session may see, without reading any of them."""
    youngest = func.coalesce(func.max(Study.id), 0)
    numbers = func.coalesce(func.sum(Study.event_no), 0)
    felt = select(func.count(Study.id), youngest, numbers).where(projects.seen(session))
    return Pulse(*session.execute(felt).one())


def all_newest_events(session: Session) -> Mapping[int, int]:
    """Return the number of the newest event of each study that the session may see."""
    rows = session.execute(select(Study.id, Study.event_no).where(projects.seen(session)))
    return {study_id: event_no for study_id, event_no in rows}
