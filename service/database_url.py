"""The URL of a database: what it may be, and how it is shown without its secrets."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from service.command_errors import DatabaseUrlInvalid

# What libpq takes in the query and nobody else may read.
SECRETS = frozenset(
    {"password", "sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret"}
)


def parse(url: str) -> URL:
    """Read the URL of a database and name our driver in it.

    Raises:
        DatabaseUrlInvalid: it is neither `sqlite:///FILE` nor `postgresql://HOST/NAME`.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        raise DatabaseUrlInvalid(None) from None
    kind = parsed.get_backend_name()
    if kind == "postgresql":
        # The rest of a password, which would be shown as host or name.
        if "@" in f"{parsed.host}{parsed.database}":
            raise DatabaseUrlInvalid(None)
        return parsed.set(drivername="postgresql+psycopg")
    # As a URI of SQLite's own the file would be another than ours, with another mode.
    is_file = parsed.database not in (None, "", ":memory:") and "uri" not in parsed.query
    if kind == "sqlite" and is_file:
        return parsed
    raise DatabaseUrlInvalid(parsed.drivername)


def shown(url: URL) -> str:
    """Return a URL for people: secrets are left out, and so is our driver."""
    return _without_secrets(url).render_as_string()


def for_command_line(url: URL) -> str:
    """Return a URL that everybody on the machine may see; the password goes another way."""
    bare = _without_secrets(url)
    # `bare.set(password=None)` would leave the password in, to be written as ***.
    return URL.create(
        bare.drivername, bare.username, None, bare.host, bare.port, bare.database, bare.query
    ).render_as_string()


def password(url: URL) -> str | None:
    """Return the password; one in the query goes before the other, as for libpq."""
    found = url.query.get("password", url.password)
    return found[-1] if isinstance(found, tuple) else found


def _without_secrets(url: URL) -> URL:
    secrets = [name for name in url.query if name.lower() in SECRETS]
    return url.difference_update_query(secrets).set(drivername=url.get_backend_name())
