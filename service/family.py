"""The tree that a trial stands in: whose weights it goes back to, and who goes on from it.

Lines may be deep and parents may have hundreds of children, so both ways end at a limit; of each
member it is told how many children it has, those that are not shown included.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session, load_only

from service.changes import changes
from service.metrics import values_of
from service.models import Trial

# No line is longer by accident: a morph costs a training.
MOST_GENERATIONS = 500
COLUMNS = load_only(
    Trial.study_id,
    Trial.number,
    Trial.status,
    Trial.parent_id,
    Trial.on_front,
    Trial.designer,
    Trial.origin,
    Trial.point,
    Trial.known,
    Trial.needs,
    Trial.finished_at,
    raiseload=True,
)


@dataclass(frozen=True, slots=True)
class Member:
    """One trial of a family.

    `generation` counts from the trial that was asked for: below 0 its ancestors. `changes` says
    what a morph made of its parent; `children` counts all of them.
    """

    trial: Trial
    generation: int
    values: Mapping[str, float]
    changes: Sequence[str]
    children: int


@dataclass(frozen=True, slots=True)
class Family:
    """Ancestors, the eldest first, the trial itself, and descendants by generation.

    `older` says that the eldest has a parent, too; `more` that descendants were left out.
    """

    members: Sequence[Member]
    older: bool
    more: bool


def family(session: Session, trial: Trial, ancestors: int, descendants: int) -> Family:
    """Return at most so many ancestors and descendants of a trial."""
    line = _ancestors(session, trial, ancestors)
    below, more = _descendants(session, trial, descendants)
    generations = {each.id: place - len(line) for place, each in enumerate(line)}
    rows = [*line, trial, *(child for _, child in below)]
    generations |= {trial.id: 0} | {child.id: depth for depth, child in below}
    values, children = values_of(session, rows), _children(session, rows)
    known = {each.id: each for each in rows}
    members = []
    for each in rows:
        parent = known.get(each.parent_id or 0)
        told = [] if parent is None else changes(parent.point, each.point)
        count = children.get(each.id, 0)
        members.append(Member(each, generations[each.id], values[each.id], told, count))
    return Family(members, older=rows[0].parent_id is not None, more=more)


def _ancestors(session: Session, trial: Trial, most: int) -> list[Trial]:
    """The eldest first."""
    if trial.parent_id is None or most == 0:
        return []
    above = select(Trial.id, Trial.parent_id, literal(1).label("depth"))
    above_ = above.where(Trial.id == trial.parent_id).cte("above", recursive=True)
    step = select(Trial.id, Trial.parent_id, above_.c.depth + 1)
    line = above_.union_all(step.where(Trial.id == above_.c.parent_id, above_.c.depth < most))
    rows = select(Trial).join(line, line.c.id == Trial.id).order_by(line.c.depth.desc())
    return list(session.scalars(rows.options(COLUMNS)))


def _descendants(session: Session, trial: Trial, most: int) -> tuple[list[tuple[int, Trial]], bool]:
    """With their generations, those nearest to the trial first; and whether there are more."""
    found: list[tuple[int, Trial]] = []
    parents, depth = [trial.id], 0
    while parents and depth < MOST_GENERATIONS:
        depth += 1
        room = most - len(found)
        rows = select(Trial).where(Trial.parent_id.in_(parents)).order_by(Trial.number)
        children = session.scalars(rows.limit(room + 1).options(COLUMNS)).all()
        found += [(depth, child) for child in children[:room]]
        if len(children) > room:
            return found, True
        parents = [child.id for child in children]
    return found, bool(parents)


def _children(session: Session, rows: Sequence[Trial]) -> dict[int, int]:
    ids = [trial.id for trial in rows]
    counts = select(Trial.parent_id, func.count()).where(Trial.parent_id.in_(ids))
    found = session.execute(counts.group_by(Trial.parent_id))
    return {parent: count for parent, count in found if parent is not None}
