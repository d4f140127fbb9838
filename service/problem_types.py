"""Writes `docs/problems.md`, the list of refusals that a test compares with the code."""

import inspect
import sys
from pathlib import Path

from service.api.errors import HTTP_STATUS
from service.api.problems import slug

# What is no domain error: refused by the framework, by a middleware, or for the server's state.
OTHERS = {
    "bad-request": (400, "The request cannot be read."),
    "body-too-large": (413, "The body is larger than its route takes."),
    "database-away": (503, "The service cannot reach its database."),
    "internal-error": (500, "The service made an error; its log has the details."),
    "invalid-request": (422, "A field, a header or a part of the query is wrong."),
    "method-not-allowed": (405, "The route has no such method."),
    "no-such-route": (404, "There is no such route."),
    "not-json": (400, "The body is not JSON."),
    "refused": (400, "The framework refuses the request in another way, with another 4xx."),
    "schema-too-new": (
        503,
        "A later release has changed the database; this server must be upgraded.",
    ),
    "shutting-down": (503, "The server ends; use another one."),
}

HEAD = """# Refusals

Every refusal is `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `detail`,
`field` (where, as a path such as `objectives.1.name`) and `remedy` (what would help). `type` is
`/problems/<kind>`; kinds are never renamed. An answer with the header `Retry-After` may be asked
for again as it was. Written by `python -m service.problem_types`.

| kind | status | when |
|---|---|---|
"""


def kinds() -> dict[str, tuple[int, str]]:
    """Return the status of each kind of refusal, and when it is given, by name."""
    domain = {
        slug(error): (status, inspect.cleandoc(error.__doc__ or "").splitlines()[0])
        for error, status in HTTP_STATUS.items()
    }
    return dict(sorted({**domain, **OTHERS}.items()))


def page() -> str:
    """Return the page as Markdown."""
    rows = [f"| `{kind}` | {status} | {when} |" for kind, (status, when) in kinds().items()]
    return HEAD + "\n".join(rows) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page to the path given, by default `docs/problems.md`."""
    Path(arguments[0] if arguments else "docs/problems.md").write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
