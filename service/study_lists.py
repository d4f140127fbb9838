"""Lists of studies, page by page, and how many trials of each stand where."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import needs, projects
from service.models import Study, Trial
from service.states import Kind, Status, StudyStatus


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which studies a list shows; `contains` is part of the name, in any letters."""

    status: StudyStatus | None = None
    kind: Kind | None = None
    contains: str | None = None


ALL = Wanted()


def listing(
    session: Session,
    wanted: Wanted = ALL,
    after: int | None = None,
    limit: int = 100,
    oldest_first: bool = False,
) -> Sequence[Study]:
    """Return studies that the session may see, by age.

    Args:
        after: continue behind the study of this number.
    """
    studies = select(Study).where(projects.seen(session))
    if wanted.status is not None:
        studies = studies.where(Study.status == wanted.status)
    if wanted.kind is not None:
        studies = studies.where(Study.kind == wanted.kind)
    if wanted.contains:
        studies = studies.where(Study.name.icontains(wanted.contains, autoescape=True))
    if after is not None:
        studies = studies.where(Study.id > after if oldest_first else Study.id < after)
    order = Study.id if oldest_first else Study.id.desc()
    return session.scalars(studies.order_by(order).limit(limit)).all()


def of_ids(session: Session, study_ids: Collection[int]) -> Sequence[Study]:
    """Return those of these studies that the session may see, by age; what is gone is left out."""
    studies = select(Study).where(projects.seen(session), Study.id.in_(study_ids))
    return session.scalars(studies.order_by(Study.id)).all()


def counts(session: Session, study_ids: Sequence[int]) -> dict[int, dict[Status, int]]:
    """Return how many trials of each search stand where; every status is there."""
    found = {study_id: dict.fromkeys(Status, 0) for study_id in study_ids}
    # By its needs, which stand in an index, and not by its purpose.
    confirms = Trial.needs.bitwise_and(needs.CONFIRMING) != 0
    rows = session.execute(
        select(Trial.study_id, Trial.status, func.count())
        .where(Trial.study_id.in_(study_ids), ~confirms)
        .group_by(Trial.study_id, Trial.status)
    )
    for study_id, status, count in rows:
        found[study_id][status] = count
    return found
