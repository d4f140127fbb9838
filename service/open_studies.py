"""What the watcher asks the database: where is work, where may work come from, what happened."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import needs
from service.leases import Claim
from service.models import Study, Trial
from service.states import OPEN, Kind, Status, StudyStatus


@dataclass(frozen=True, slots=True)
class OpenStudy:
    """A study that has not ended, as a claim sees it."""

    id: int
    kind: Kind
    data: str | None = None
    data_sha256: str | None = None
    queued: Mapping[int, int] = field(default_factory=dict)  # by what the trials need
    open_budget: int = 0  # so many proposals may still be made
    paused: bool = False

    def fits(self, claim: Claim) -> bool:
        """Tell whether a trial of this study may be handed out for a claim, as `leases` does."""
        if self.paused or claim.study_id not in {None, self.id} or self.kind not in claim.kinds:
            return False
        if self.data is None or claim.data is None:
            return True
        return claim.data.get(self.data) == self.data_sha256

    def offers(self, claim: Claim) -> list[int]:
        """Return which needs of queued trials a claim meets, the least first."""
        unmet = needs.unmet(claim.can)
        return sorted(bits for bits in self.queued if not bits & unmet)


def open_studies(session: Session) -> list[OpenStudy]:
    """Return the studies that have not ended, the oldest first."""
    counted: dict[int, int] = {}
    queued: dict[int, dict[int, int]] = {}
    # Open trials are few; the index on the status finds them among the many finished ones.
    for study_id, status, bits, count in session.execute(
        select(Trial.study_id, Trial.status, Trial.needs, func.count())
        .where(Trial.status.in_(OPEN))
        .group_by(Trial.study_id, Trial.status, Trial.needs)
    ):
        counted[study_id] = counted.get(study_id, 0) + count
        if status is Status.QUEUED:
            queued.setdefault(study_id, {})[bits] = count
    # Columns, not rows: a definition need not be parsed four times a second.
    rows = session.execute(
        select(
            Study.id,
            Study.kind,
            Study.status,
            Study.data_name,
            Study.data_sha256,
            Study.trials,
            Study.finish_no,
        )
        .where(Study.status != StudyStatus.ENDED)
        .order_by(Study.id)
    )
    studies = []
    for study in rows:
        studies.append(
            OpenStudy(
                study.id,
                study.kind,
                study.data_name,
                study.data_sha256,
                queued.get(study.id, {}),
                open_budget=max(0, study.trials - study.finish_no - counted.get(study.id, 0)),
                paused=study.status is StudyStatus.PAUSED,
            )
        )
    return studies


def newest_events(session: Session, study_ids: Collection[int]) -> Mapping[int, int]:
    """Return the number of the newest event of each of these studies."""
    if not study_ids:
        return {}
    rows = session.execute(select(Study.id, Study.event_no).where(Study.id.in_(study_ids)))
    return {study_id: event_no for study_id, event_no in rows}
