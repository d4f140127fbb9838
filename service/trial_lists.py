"""Lists of trials, page by page: by number, or ranked by a metric.

A page goes on behind the last row of the page before, whatever was added meanwhile, so no row is
shown twice and none that was there is missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from service import needs
from service.models import Metric, Trial
from service.states import CONFIRM, SEARCH, Status


@dataclass(frozen=True, slots=True)
class Range:
    """The values of a metric that are wanted, ends included; a trial without one has none."""

    metric: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which trials a list shows: of the search or confirm runs, of one status, within ranges.

    If numbers are named, none but those.
    """

    purpose: str = SEARCH
    status: Status | None = None
    ranges: tuple[Range, ...] = ()
    numbers: tuple[int, ...] = ()


ALL_OF_SEARCH = Wanted()
# Only these have metrics.
WITH_RESULT = (Status.COMPLETED, Status.STOPPED)
WITHOUT_RESULT = tuple(status for status in Status if status not in WITH_RESULT)


@dataclass(frozen=True, slots=True)
class Page:
    """Some trials of a list, and how many there are in all."""

    trials: Sequence[Trial]
    total: int
    more: bool


@dataclass(frozen=True, slots=True)
class Rank:
    """The metric by which trials are ranked. Those without a value come last in either order."""

    metric: str
    highest_first: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of ranked trials ended: the value and the id of its last trial."""

    value: float | None
    trial_id: int


@dataclass(frozen=True, slots=True)
class Window:
    """How many trials of a ranked list are wanted, behind which place, and how many are left out.

    To skip is for who asks for a page by its number; a list that grows moves below them.
    """

    limit: int = 100
    after: Place | None = None
    skip: int = 0


FIRST_PAGE = Window()


@dataclass(frozen=True, slots=True)
class RankedPage(Page):
    """A page of ranked trials, and where it ended; None if it is empty."""

    end: Place | None


def listing(  # noqa: PLR0913 - which trials, from where, and how many
    session: Session,
    study_id: int,
    wanted: Wanted = ALL_OF_SEARCH,
    after: int | None = None,
    limit: int = 100,
    newest_first: bool = False,
    *,
    skip: int = 0,
) -> Page:
    """Return the trials of a study by number.

    Args:
        after: continue behind the trial of this number.
        skip: leave out so many first.
    """
    rows = select(Trial).where(Trial.study_id == study_id, *_conditions(wanted))
    if after is not None:
        rows = rows.where(Trial.number < after if newest_first else Trial.number > after)
    order = Trial.number.desc() if newest_first else Trial.number
    found = session.scalars(rows.order_by(order).offset(skip).limit(limit + 1)).all()
    return Page(found[:limit], _total(session, study_id, wanted), len(found) > limit)


def ranked(
    session: Session,
    study_id: int,
    wanted: Wanted,
    rank: Rank,
    window: Window = FIRST_PAGE,
) -> RankedPage:
    """Return the trials of a study by the value of a metric, equal ones by age."""
    found: list[tuple[Trial, float | None]] = []
    limit, after, skip = window.limit, window.after, window.skip
    may_have_value = wanted.status is None or wanted.status in WITH_RESULT
    if may_have_value and (after is None or after.value is not None):
        found += _valued(session, study_id, wanted, rank, replace(window, limit=limit + 1))
        after = None  # those without a value begin behind all others
        if skip:
            skip = 0 if found else skip - _count_valued(session, study_id, wanted, rank.metric)
    if len(found) <= limit:
        rest = Window(limit + 1 - len(found), after, skip)
        found += _without_value(session, study_id, wanted, rank.metric, rest)
    shown = found[:limit]
    end = Place(shown[-1][1], shown[-1][0].id) if shown else None
    trials = [trial for trial, _ in shown]
    return RankedPage(trials, _total(session, study_id, wanted), len(found) > limit, end)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = [Trial.purpose == wanted.purpose]
    if wanted.status is not None:
        conditions.append(Trial.status == wanted.status)
    if wanted.numbers:
        conditions.append(Trial.number.in_(wanted.numbers))
    return conditions + [_within(each) for each in wanted.ranges]


def _within(wanted: Range) -> ColumnElement[bool]:
    metric = aliased(Metric)
    value = exists().where(metric.trial_id == Trial.id, metric.name == wanted.metric)
    if wanted.low is not None:
        value = value.where(metric.value >= wanted.low)
    if wanted.high is not None:
        value = value.where(metric.value <= wanted.high)
    return value


def _by_index(study_id: int, wanted: Wanted) -> list[ColumnElement[bool]]:
    # By its needs, which stand in an index, and not by its purpose, for which its row is opened.
    confirms = Trial.needs.bitwise_and(needs.CONFIRMING) != 0
    of_purpose = confirms if wanted.purpose == CONFIRM else ~confirms
    _, *others = _conditions(wanted)
    return [Trial.study_id == study_id, of_purpose, *others]


def _total(session: Session, study_id: int, wanted: Wanted) -> int:
    count = select(func.count()).select_from(Trial).where(*_by_index(study_id, wanted))
    return session.scalars(count).one()


def _valued(
    session: Session,
    study_id: int,
    wanted: Wanted,
    rank: Rank,
    window: Window,
) -> list[tuple[Trial, float | None]]:
    """Return trials that have a value, read in the order of the index on metrics."""
    place: Any = tuple_(Metric.value, Metric.trial_id)
    rows = select(Trial, Metric.value).join(Metric, Metric.trial_id == Trial.id)
    rows = rows.where(Metric.study_id == study_id, Metric.name == rank.metric)
    # The study's trials alone have metrics of that study: said twice, it misleads PostgreSQL.
    rows = rows.where(*_conditions(wanted))
    if window.after is not None:
        end = (window.after.value, window.after.trial_id)
        rows = rows.where(place < end if rank.highest_first else place > end)
    columns = (Metric.value, Metric.trial_id)
    order = [each.desc() if rank.highest_first else each.asc() for each in columns]
    page = rows.order_by(*order).offset(window.skip).limit(window.limit)
    return [(trial, value) for trial, value in session.execute(page)]


def _count_valued(session: Session, study_id: int, wanted: Wanted, metric: str) -> int:
    count = select(func.count()).select_from(Metric).join(Trial, Metric.trial_id == Trial.id)
    count = count.where(Metric.study_id == study_id, Metric.name == metric)
    return session.scalars(count.where(*_conditions(wanted))).one()


def _without_value(
    session: Session,
    study_id: int,
    wanted: Wanted,
    metric: str,
    window: Window,
) -> list[tuple[Trial, float | None]]:
    """Return trials that have no value, oldest first; ids and numbers grow alike in a study."""
    if _all_results_have(session, study_id, metric):
        conditions = _by_index(study_id, wanted)
        conditions.append(Trial.status.in_(WITHOUT_RESULT))
        if window.after is not None:
            conditions.append(Trial.id > window.after.trial_id)
        # Not plainly by id: SQLite would then read the whole table in that order.
        ids = select(Trial.id).where(*conditions).order_by(Trial.id + 0)
    else:
        conditions = [Trial.study_id == study_id, *_conditions(wanted)]
        conditions.append(~exists().where(Metric.trial_id == Trial.id, Metric.name == metric))
        if window.after is not None:
            end = select(Trial.number).where(Trial.id == window.after.trial_id).scalar_subquery()
            conditions.append(Trial.number > end)
        ids = select(Trial.id).where(*conditions).order_by(Trial.number)
    ids = ids.offset(window.skip).limit(window.limit)
    # The ids first: they are found in an index, and only the rows of the page are opened.
    rows = select(Trial).where(Trial.id.in_(session.scalars(ids).all())).order_by(Trial.id)
    return [(trial, None) for trial in session.scalars(rows)]


def _all_results_have(session: Session, study_id: int, metric: str) -> bool:
    """Whether all trials that have a result have a value of this metric, as of an objective."""
    values = select(func.count()).where(Metric.study_id == study_id, Metric.name == metric)
    results = select(func.count()).where(Trial.study_id == study_id, Trial.status.in_(WITH_RESULT))
    return session.scalars(values).one() == session.scalars(results).one()
