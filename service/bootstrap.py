"""The first keys of a server, from its environment, and whether it may listen where it is told."""

import os
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service import key_texts, keys
from service.command_errors import BootstrapKeyTaken, NoKeys
from service.config import Settings
from service.db import Database
from service.loopback import is_loopback
from service.models import Key
from service.states import Role

NAME = "bootstrap"
PREFIX = "TINYFRONT_BOOTSTRAP_"


def prepare(db: Database, settings: Settings) -> None:
    """Enter the keys of the settings, and check that a server open to others asks for keys.

    Several servers may do so at once with the same keys; a key that was revoked stays revoked.

    Raises:
        BootstrapKeyTaken: another key has the same id.
        NoKeys: the host is not of this machine, and there is no key.
    """
    for variable, role, text in settings.bootstrap_keys():
        _enter(db, variable, role, text)
    if is_loopback(settings.host):
        return
    with db.read() as session:
        if not keys.any_valid(session):
            raise NoKeys(settings.host)


def _enter(db: Database, variable: str, role: Role, text: str) -> None:
    with db.begin() as session:
        wanted = keys.Wanted(f"{NAME}-{role}", role)
        if _held(session, text) is None:
            try:
                with session.begin_nested():
                    keys.create(session, wanted, db.now(session), text)
            except IntegrityError:
                pass  # another server was faster, or somebody else has the id: see below
        held = _held(session, text)
        same = held is not None and key_texts.matches(text, held.sha256) and held.role is role
        if not same:
            raise BootstrapKeyTaken(variable)


def _held(session: Session, text: str) -> Key | None:
    return session.get(Key, key_texts.id_of(text), populate_existing=True)


def without_keys(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the keys that a server would enter."""
    return {name: text for name, text in environment.items() if not name.startswith(PREFIX)}


def worker_environment(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a worker beside a server: its own key, and none of the others."""
    own = without_keys(environment)
    if settings.bootstrap_worker_key is not None:
        own["TINYFRONT_API_KEY"] = settings.bootstrap_worker_key.get_secret_value()
    return own


def write_env(path: Path) -> bool:
    """Write a file of fresh bootstrap keys that only its owner can read; one that is there stays.

    Returns:
        Whether it was written.
    """
    lines = (
        "# Keys of this machine's server, made once. Keep them secret.",
        f"TINYFRONT_BOOTSTRAP_ADMIN_KEY={key_texts.new()}",
        f"TINYFRONT_BOOTSTRAP_WORKER_KEY={key_texts.new()}",
    )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
    return True
