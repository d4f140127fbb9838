"""Sessions of the page: a signed text in a cookie that names a key without its secret."""

import hashlib
import hmac

NAME = "tinyfront_session"
LIFE_S = 14 * 24 * 3600


def made(secret: bytes, key_id: str, now_s: float) -> str:
    """Return the text of a session that begins now, in seconds since 1970."""
    told = f"{key_id}.{int(now_s) + LIFE_S}"
    return f"{told}.{_signature(secret, told)}"


def key_id_of(secret: bytes, text: str, now_s: float) -> str | None:
    """Return the id of the key that a session was made with; None if it is forged or over."""
    told, _, signature = text.rpartition(".")
    key_id, _, until = told.partition(".")
    if not hmac.compare_digest(signature.encode(), _signature(secret, told).encode()):
        return None
    return key_id if int(until) > now_s else None


def _signature(secret: bytes, told: str) -> str:
    # A key of its own, since the same secret makes the tokens of leases.
    own = hmac.new(secret, b"sessions", hashlib.sha256).digest()
    return hmac.new(own, told.encode(), hashlib.sha256).hexdigest()
