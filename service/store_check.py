"""Whether an artefact store takes and gives files; `serve` asks before it begins."""

import logging
import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from service.command_errors import StoreUnusable

if TYPE_CHECKING:  # it loads what starts threads, and then nobody may fork
    from service.artefacts import Store

LOG = logging.getLogger(__name__)
# A store behind a network may be slow; one that takes longer than this would stop every upload.
PATIENCE_S = 30.0


def try_out(url: str) -> None:
    """Keep a small file as a worker's, read it back, and remove it.

    Raises:
        StoreUnusable: it cannot be opened, written or read; the message says why.
        ArtefactStoreFull: there is no room at present.
    """
    from service.artefacts import Store
    from service.errors import ArtefactStoreFull

    content = os.urandom(1024)
    try:
        store = Store(url, len(content))
        with store.upload() as upload:
            upload.write(content)
            blob = upload.keep()
        read = b"".join(store.read(blob.sha256))
        store.drop(blob.sha256)
    except ArtefactStoreFull:
        raise
    except Exception as error:  # each kind of store has its own, down to a package that is missing
        raise StoreUnusable(shown(url), _reason(url, error)) from error
    if read != content:
        raise StoreUnusable(shown(url), "it gives back other bytes")


@contextmanager
def in_use(url: str) -> Iterator["Store"]:
    """Give a command the store of an address; what the store raises is one line.

    Raises:
        StoreUnusable: it cannot be opened, read or changed; the message says why.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from service.artefacts import Store
    from service.errors import ServiceError

    try:
        yield Store(url, max_bytes=0)
    except (SQLAlchemyError, ServiceError):
        raise  # of the database, not of the store
    except Exception as error:  # as above
        raise StoreUnusable(shown(url), _reason(url, error)) from error


def try_out_aside(url: str) -> None:
    """Do so in a copy of this process: some stores start threads, and then nobody may fork.

    A store without room is only logged, for that may pass, and whoever makes room needs the server.

    Raises:
        StoreUnusable: it cannot be used, or has not answered within `PATIENCE_S`.
    """
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(url, sending), name="store")
    process.start()
    sending.close()
    try:
        if not receiving.poll(PATIENCE_S):
            raise StoreUnusable(shown(url), f"no answer within {PATIENCE_S:g} s")
        reason = receiving.recv_bytes().decode()
    except EOFError:
        raise StoreUnusable(shown(url), "the process that tried it died") from None
    finally:
        process.kill()
        process.join()
        receiving.close()
    if reason:
        raise StoreUnusable(shown(url), reason)


def shown(url: str) -> str:
    """Return the address of a store for people; of one that may hold a password only its kind."""
    return f"{url.partition('://')[0]}://…" if _may_hold_a_secret(url) else url


def _may_hold_a_secret(url: str) -> bool:
    return "://" in url and ("@" in url or "?" in url)


def _reason(url: str, error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines and not _may_hold_a_secret(url) else type(error).__name__


def _tell(url: str, sending: Connection) -> None:
    from service.errors import ArtefactStoreFull

    reason = ""
    try:
        try_out(url)
    except StoreUnusable as error:
        reason = error.reason
    except ArtefactStoreFull as error:
        LOG.warning("%s %s", shown(url), error)
    sending.send_bytes(reason.encode())
