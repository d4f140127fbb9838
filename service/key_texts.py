"""The text of a key, `tf_<id>_<secret>`: the id names it, the secret opens the door."""

import hashlib
import hmac
import re
import secrets

FORM = re.compile(r"tf_([a-z0-9]{6,16})_[A-Za-z0-9_-]{43}")
SECRET_BYTES = 32  # as many as 43 characters of base64url hold


def new() -> str:
    """Make a key of the system's randomness."""
    return f"tf_{secrets.token_hex(6)}_{secrets.token_urlsafe(SECRET_BYTES)}"


def id_of(text: str) -> str | None:
    """Return the id in a key; None if the text has not the form of one."""
    found = FORM.fullmatch(text)
    return None if found is None else found[1]


def digest(text: str) -> str:
    """Return what the database stores of a key. It is random, so a plain hash cannot be guessed."""
    return hashlib.sha256(text.encode()).hexdigest()


def matches(text: str, stored: str) -> bool:
    """Tell in constant time whether a key is the one whose digest is stored."""
    return hmac.compare_digest(digest(text), stored)
