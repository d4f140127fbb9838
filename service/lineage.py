"""Lineage: whose weights a trial inherits, and who inherits its own."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from optimizer.space import work_key
from service import artefacts
from service.errors import InvalidProposal
from service.models import Study, Trial
from service.states import Kind, Status

# What a child needs of its parent: the network that came out, and its weights.
FILES = ("graph.json", "weights.safetensors")


def parent(session: Session, study: Study, number: int) -> Trial:
    """Return the trial of a study whose weights a new one shall inherit.

    Raises:
        InvalidProposal: nothing can be inherited in this study, or of this trial.
    """
    if study.kind is not Kind.NETWORK:
        raise InvalidProposal(
            "parent",
            f"parent: study {study.name!r} searches parameters, which inherit nothing.",
            "Leave parent out.",
        )
    found = session.scalars(
        select(Trial).where(Trial.study_id == study.id, Trial.number == number)
    ).one_or_none()
    if found is None:
        raise _refused(f"parent: study {study.name!r} has no trial {number}.")
    if found.status is not Status.COMPLETED:
        raise _refused(f"parent: need a completed trial, but trial {number} is {found.status}.")
    held = {artefact.name for artefact in artefacts.listing(session, found.id)}
    missing = [name for name in FILES if name not in held]
    if missing:
        raise _refused(f"parent: trial {number} left no {' and no '.join(missing)}.")
    return found


def _refused(message: str) -> InvalidProposal:
    remedy = f"Name the number of a completed trial of this study that left {' and '.join(FILES)}."
    return InvalidProposal("parent", message, remedy)


def inheriting(work: Mapping[str, Any], study: Study, parent: Trial) -> dict[str, Any]:
    """Return a network's work as that of a child.

    It is trained as long as the study's recipe has it for children, else as long as any other.
    `epochs` of the parent counts all of its own lineage.
    """
    epochs = study.definition["training"].get("inherit_epochs")
    told = {"key": parent.key, "trial": parent.id, "number": parent.number}
    return {
        **work,
        "training": work["training"] | ({} if epochs is None else {"epochs": epochs}),
        "parent": {**told, "epochs": parent.epochs},
    }


def key(work: Mapping[str, Any]) -> str:
    """Return the key of a child: by its parent's key, since numbers mean nothing elsewhere."""
    return work_key({**work, "parent": {"key": work["parent"]["key"]}})


def relatives(session: Session, trial: Trial) -> tuple[Trial | None, Sequence[Trial]]:
    """Return the parent of a trial, or None, and its children by number; their names alone."""
    few = load_only(Trial.number, Trial.status, raiseload=True)
    above = None
    if trial.parent_id is not None:
        above = session.get_one(Trial, trial.parent_id, options=[few])
    below = select(Trial).where(Trial.parent_id == trial.id).order_by(Trial.number)
    return above, session.scalars(below.options(few)).all()
