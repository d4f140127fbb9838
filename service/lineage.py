"""Lineage: whose weights a trial inherits, and who inherits its own."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, load_only

from optimizer.space import Point
from service import artefacts
from service.errors import InvalidProposal
from service.models import Study, Trial
from service.states import CONFIRM, Kind, Status

# What a child needs of its parent: the network that came out, and its weights.
FILES = ("graph.json", "weights.safetensors")
NAMES = load_only(Trial.number, Trial.status, raiseload=True)


def parent(session: Session, study: Study, number: int) -> Trial:
    """Return the trial of a study whose weights a new one shall inherit, by its number.

    Raises:
        InvalidProposal: nothing can be inherited in this study, or of this trial.
    """
    if study.kind is not Kind.NETWORK:
        raise InvalidProposal(
            "parent",
            f"parent: study {study.name!r} searches parameters, which inherit nothing.",
            "Leave parent out.",
        )
    where = (Trial.study_id == study.id, Trial.number == number)
    found = session.scalars(select(Trial).where(*where)).one_or_none()
    if found is None:
        raise _refused(f"parent: study {study.name!r} has no trial {number}.")
    return _checked(session, found)


def of_point(session: Session, study: Study, point: Point) -> Trial | None:
    """Return the trial that the gene `parent` of a valid point names; None if there is no gene.

    Raises:
        InvalidProposal: there is no such trial, or nothing of it can be inherited.
    """
    if study.kind is not Kind.NETWORK or point.get("parent") is None:
        return None
    key = point["parent"]["key"]
    where = (Trial.study_id == study.id, Trial.key == key)
    found = session.scalars(select(Trial).where(*where).order_by(Trial.replicate)).first()
    if found is None:
        raise _refused(f"parent: study {study.name!r} has no trial with the key {key[:12]}….")
    return _checked(session, found)


def _checked(session: Session, found: Trial) -> Trial:
    if found.purpose == CONFIRM:
        raise _refused(
            f"parent: trial {found.number} confirms another one; it is none to go on from."
        )
    if found.status is not Status.COMPLETED:
        raise _refused(
            f"parent: need a completed trial, but trial {found.number} is {found.status}."
        )
    held = {artefact.name for artefact in artefacts.listing(session, found.id)}
    missing = [name for name in FILES if name not in held]
    if missing:
        raise _refused(f"parent: trial {found.number} left no {' and no '.join(missing)}.")
    return found


def _refused(message: str) -> InvalidProposal:
    remedy = f"Name the number of a completed trial of this study that left {' and '.join(FILES)}."
    return InvalidProposal("parent", message, remedy)


def located(work: Mapping[str, Any], parent: Trial) -> dict[str, Any]:
    """Return a child's work with the place where its parent's files are found.

    `epochs` of the parent counts all of its own lineage.
    """
    told = {"key": parent.key, "trial": parent.id, "number": parent.number}
    return {**work, "parent": {**told, "epochs": parent.epochs}}


def relatives(session: Session, trial: Trial) -> tuple[Trial | None, Sequence[Trial]]:
    """Return the parent of a trial, or None, and its children by number; their names alone."""
    return _named(session, trial.parent_id), _naming(session, Trial.parent_id == trial.id)


def confirm_relatives(session: Session, trial: Trial) -> tuple[Trial | None, Sequence[Trial]]:
    """Return the trial that this one confirms, or None, and those that confirm it, alike."""
    return _named(session, trial.confirms_id), _naming(session, Trial.confirms_id == trial.id)


def _named(session: Session, trial_id: int | None) -> Trial | None:
    return None if trial_id is None else session.get_one(Trial, trial_id, options=[NAMES])


def _naming(session: Session, condition: ColumnElement[bool]) -> Sequence[Trial]:
    found = select(Trial).where(condition).order_by(Trial.number)
    return session.scalars(found.options(NAMES)).all()
