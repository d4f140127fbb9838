"""What the service refuses because of who asks: keys, roles, projects, pages of other sites."""

from collections.abc import Iterable

from service.errors import ServiceError


class ProjectNotFound(ServiceError):
    """No project of that name, or none that this key may administer."""

    field = "project"
    remedy = "List the projects to see their names, or create it first."

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no project {name!r}.")


class InvalidName(ServiceError):
    """A name of a project or a key that could not be written everywhere."""

    field = "name"
    remedy = "Choose a name such as vision-team."

    def __init__(self, name: str) -> None:
        super().__init__(
            "name: need up to 64 letters, digits, '.', '_' and '-', first a letter or digit, got "
            f"{name[:80]!r}."
        )


class KeyNotFound(ServiceError):
    """No key of that id."""

    field = "id"
    remedy = "List the keys; the id is the middle part of tf_<id>_<secret>."

    def __init__(self, key_id: str) -> None:
        super().__init__(f"There is no key {key_id[:80]!r}.")


class KeyMadeBefore(ServiceError):
    """The same request made a key before, whose text was shown that once."""

    field = "Idempotency-Key"

    def __init__(self, key_id: str) -> None:
        super().__init__(f"This request made the key {key_id} before; its text is not kept.")
        self.remedy = (
            f"If it did not arrive, revoke the key {key_id} and make another under another "
            "Idempotency-Key."
        )


class KeyNeeded(ServiceError):
    """No valid key was sent. Wrong and revoked keys get the same words, which tell nothing."""

    remedy = (
        "Set TINYFRONT_API_KEY, or send the header Authorization: Bearer tf_…; "
        "an administrator makes keys with `tinyfront-server keys create`."
    )

    def __init__(self, sent: bool) -> None:
        super().__init__(
            "The key is wrong or was revoked." if sent else "This server asks for a key."
        )


class RoleForbids(ServiceError):
    """The role of the key does not include this."""

    def __init__(self, role: str, what: str, roles: Iterable[str]) -> None:
        super().__init__(f"A key of the role {role} may not {what}.")
        self.remedy = f"Use a key of the role {' or '.join(roles)}."


class ForeignOrigin(ServiceError):
    """A page of another site sent a request that would change something."""

    remedy = "Open the page of this service itself, or send a key in the header Authorization."

    def __init__(self, header: str) -> None:
        super().__init__("A page of another site may not change anything here.")
        self.field = header


class ForeignHost(ServiceError):
    """A server without keys was called by a name that is not this machine's own."""

    field = "Host"
    remedy = "Open the service on its own machine as http://127.0.0.1 or http://localhost."

    def __init__(self, host: str) -> None:
        super().__init__(f"This server does not answer to the name {host!r}.")


class ProxiedRequest(ServiceError):
    """A request came through a proxy to a server without keys."""

    remedy = "Make a key with `tinyfront-server keys create`; then proxies may be used."

    def __init__(self, header: str) -> None:
        super().__init__(f"This request came through a proxy ({header}), but there are no keys.")
        self.field = header


class TooManyFailures(ServiceError):
    """An address has sent too many wrong keys."""

    def __init__(self, wait_s: int) -> None:
        super().__init__("Too many wrong keys came from this address.")
        self.remedy = f"Wait {wait_s} s, then use a valid key."
        self.wait_s = wait_s
