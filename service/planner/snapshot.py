"""A study as it is when a process begins to think about it: what that process has to be told."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from optimizer.designers.designer import Fitted
from service import __version__, thinking
from service.models import Study
from service.planner.basis import Basis, runs
from service.planner.messages import Json, Request
from service.planner.pool import Held


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A study at one moment.

    Attributes:
        version: of the history: the newest `finish_no`.
        read_at: the moment.
        after: `observations` are those that follow this `finish_no`; the process holds the others.
        pending: points that are proposed and not in the history, by the number of their trial.
        fit: number and content of the newest fit that this release can use.
        count: how many proposals are wanted.
    """

    study_id: int
    designer: str
    think_s: float
    problem: Json
    version: int
    read_at: datetime
    after: int
    observations: list[Json]
    pending: dict[int, Json]
    fit: tuple[int, Fitted] | None
    seed: int
    count: int

    @classmethod
    def of(
        cls, session: Session, study: Study, held: Held | None, count: int, now: datetime
    ) -> "Snapshot":
        """Read a study whose row the caller has locked.

        Args:
            session: in which the ledger was brought up to date.
            study: the study.
            held: what the process that is to think holds of it.
            count: how many proposals are wanted.
            now: the database's time, read under the lock.
        """
        after = _known(session, study, held)
        return cls(
            study_id=study.id,
            designer=study.designer,
            think_s=study.think_s,
            problem=study.problem,
            version=study.finish_no,
            read_at=now,
            after=after,
            observations=[row.to_json() for row in thinking.history_rows(session, study, after)],
            pending=thinking.pending(session, study),
            fit=_usable(thinking.newest_fit(session, study.id)),
            # Another seed for every proposal of a study, the same if the study is run again.
            seed=int(study.problem["seed"]) * 1_000_003 + study.last_number,
            count=count,
        )

    @property
    def holds(self) -> Held:
        """What a process holds once it was told."""
        return Held(self.problem, self.version, self.read_at)

    def request(self, fit: bool, count: int) -> Request:
        """The question for the process of which this was read."""
        return Request(
            study_id=self.study_id,
            problem=None if self.after else self.problem,
            observations=self.observations,
            designer=self.designer,
            pending=list(self.pending.values()),
            fitted=self.fit[1].to_json() if self.fit else None,
            fit=fit,
            count=count,
            seed=self.seed,
        )

    def basis(self, designer: str, surroundings: dict[str, str]) -> Basis:
        """The record of the first proposal that was made from this."""
        objectives = self.problem["objectives"]
        return Basis(
            designer=designer,
            history_version=self.version,
            read_at=self.read_at,
            pending=runs(list(self.pending)),
            unscaled=tuple(o["name"] for o in objectives if o["scale"] is None),
            budget=self.problem.get("budget"),
            seed=self.seed,
            count=self.count,
            place=0,
            surroundings=surroundings,
        )


def _known(session: Session, study: Study, held: Held | None) -> int:
    """Up to which place of the history a process need not be told; 0 if it has to start anew."""
    if held is None or held.problem != study.problem:
        return 0
    # A late result gives a row that is known already other values.
    if thinking.changed_since(session, study.id, held.version, held.read_at):
        return 0
    return held.version


def _usable(fit: tuple[int, Fitted] | None) -> tuple[int, Fitted] | None:
    """A fit of this release: another one may read its values differently."""
    if fit is None or fit[1].libraries.get("tinyfront") != __version__:
        return None
    return fit
