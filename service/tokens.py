"""Lease tokens: derived from a secret, so a claim can be answered twice; stored as hashes."""

import hashlib
import hmac

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.models import SchemaRow


def secret(session: Session) -> bytes:
    """Return the secret that this database was made with."""
    return session.scalars(select(SchemaRow.token_secret)).one()


def token(secret: bytes, attempt_id: int, request_id: str) -> str:
    """Return the token of an attempt that was opened for that request."""
    message = f"{attempt_id}\n{request_id}".encode()
    return hmac.new(secret, message, hashlib.sha256).hexdigest()


def digest(token: str) -> str:
    """Return what the database stores of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def same(sent: str, stored: str) -> bool:
    """Tell in constant time whether the digest of a token is the one that is stored."""
    return hmac.compare_digest(sent, stored)
