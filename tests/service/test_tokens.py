"""Lease tokens are derived, compared by their hash, and of no other attempt."""

from service import tokens
from service.db import Database

SECRET = b"s" * 32


def test_a_token_is_of_one_attempt_one_request_and_one_database() -> None:
    token = tokens.token(SECRET, 1, "r")
    assert token == tokens.token(SECRET, 1, "r")
    others = {
        tokens.token(SECRET, 2, "r"),
        tokens.token(SECRET, 1, "q"),
        tokens.token(b"t" * 32, 1, "r"),
        tokens.token(SECRET, 11, ""),
        tokens.token(SECRET, 1, "1"),
    }
    assert len(others | {token}) == 6


def test_a_token_matches_its_digest_only() -> None:
    token = tokens.token(SECRET, 1, "r")
    assert tokens.same(tokens.digest(token), tokens.digest(token))
    assert not tokens.same(tokens.digest(token + "0"), tokens.digest(token))
    assert not tokens.same(tokens.digest("ä"), tokens.digest(token))


def test_each_database_has_a_secret_of_32_bytes(db: Database) -> None:
    with db.read() as session:
        assert len(tokens.secret(session)) == 32
