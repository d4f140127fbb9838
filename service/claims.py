"""Claims: what a worker asks for, and which trials are fit for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select, tuple_
from sqlalchemy.orm import undefer

from service import needs
from service.models import SchemaRow, Study, Trial
from service.states import Kind, Status, StudyStatus

Request = tuple[str, str]  # worker and request_id


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker asks for.

    `data` maps the names of the data sets it holds to their sha256, `can` holds the bits of
    `service.needs` for what it can do beyond release 0.1.0. A worker that says nothing of its
    accelerator or its memory gets no trial of a study that needs some.
    """

    worker: str
    request_id: str
    count: int = 1
    lease_s: int = 60
    study_id: int | None = None
    kinds: frozenset[Kind] = frozenset(Kind)
    data: Mapping[str, str] | None = None
    resume: bool = False
    can: int = 0
    accelerator: str | None = None
    memory_mib: int = 0
    project_id: int | None = None  # whose studies the worker may serve; None: of any

    @property
    def request(self) -> Request:
        """Who asks again by it gets the same leases."""
        return self.worker, self.request_id

    @property
    def fitness(self) -> "Fitness":
        """What it depends on which trials are fit for it."""
        return Fitness(
            self.study_id,
            self.project_id,
            self.kinds,
            None if self.data is None else frozenset(self.data.items()),
            self.can,
            self.accelerator,
            self.memory_mib,
        )


@dataclass(frozen=True, slots=True)
class Fitness:
    """All that says which trials are fit for a claim; the same for most workers of a study."""

    study_id: int | None
    project_id: int | None
    kinds: frozenset[Kind]
    data: frozenset[tuple[str, str]] | None
    can: int
    accelerator: str | None
    memory_mib: int

    @property
    def wanted(self) -> ColumnElement[bool]:
        """The condition that a worker can do a trial, and that its study hands it out."""
        # By its needs, which stand in the index, and not by its purpose.
        confirms = Trial.needs.bitwise_and(needs.CONFIRMING) != 0
        active = Study.status == StudyStatus.ACTIVE
        conditions = [
            or_(active, and_(Study.status == StudyStatus.ENDED, confirms)),
            *of_project(self.project_id),
            Study.kind.in_(self.kinds),
            Trial.needs.bitwise_and(needs.unmet(self.can)) == 0,
            or_(Study.needs_accelerator.is_(None), Study.needs_accelerator == self.accelerator),
            Study.needs_memory_mib <= self.memory_mib,
        ]
        if self.study_id is not None:
            conditions.append(Study.id == self.study_id)
        if self.data is not None:
            # Not an `or` of each: SQLite allows so many terms only.
            held = tuple_(Study.data_name, Study.data_sha256).in_(sorted(self.data))
            conditions.append(or_(Study.data_name.is_(None), held))
        return and_(*conditions)


def of_project(project_id: int | None) -> list[ColumnElement[bool]]:
    """Return the condition that a study is of a project, if there must be one."""
    return [] if project_id is None else [Study.project_id == project_id]


def lendable() -> Select[Any]:
    """Select trials with all that opening an attempt depends on.

    The columns: the trial, its study's name and stopping rule, the secret of tokens.
    """
    secret = select(SchemaRow.token_secret).scalar_subquery()
    return (
        select(Trial, Study.name, Study.stopping, secret)
        .join(Study, Study.id == Trial.study_id)
        .options(undefer(Trial.work))
        .execution_options(populate_existing=True)
    )


@lru_cache(maxsize=64)
def queued(fitness: Fitness) -> Select[Any]:
    """Select and lock the oldest queued trials but `taken`, `count` at most.

    What another claim has locked is skipped. Kept, since to build it costs as much as to run it.
    """
    return (
        lendable()
        .where(Trial.status == Status.QUEUED, Trial.id.not_in(bindparam("taken", expanding=True)))
        .where(fitness.wanted)
        .order_by(Trial.id)
        .limit(bindparam("count"))
        .with_for_update(of=Trial, skip_locked=True, key_share=True)
    )
