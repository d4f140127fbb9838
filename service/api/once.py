"""Creating routes: with the header Idempotency-Key a request has its effect once."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from service import idempotency
from service.api.parts import Parts, PartsDep
from service.errors import ServiceError

Out = TypeVar("Out", bound=BaseModel)
Kept = TypeVar("Kept", bound=BaseModel)

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,128}$",
        description="A text of your choice: for a day the same request under it has no second "
        "effect and gets the first one's answer.",
    ),
]


class Once:
    """One creating request and the answer to it. A route calls one method for all that it does."""

    def __init__(
        self, parts: Parts, response: Response, request: idempotency.Request | None
    ) -> None:
        self._parts = parts
        self._response = response
        self._request = request

    def perform(
        self, kind: type[Out], effect: Callable[[Session, datetime], tuple[Out, bool]]
    ) -> Out:
        """Create something, or tell what the same request created before.

        Args:
            kind: what the answer is.
            effect: creates in the transaction that it is given and returns the answer, and whether
                something new was made (201) or was there already (200).

        Raises:
            What `effect` raises, and what `idempotency.begin` raises.
        """
        with self._parts.db.begin() as session:
            before = self._before(session)
            if before is not None:
                self._response.headers["Idempotency-Replayed"] = "true"
                self._response.status_code = before.status
                return kind.model_validate(before.body)
            now = self._parts.db.now(session)
            answer, is_new = effect(session, now)
            status = 201 if is_new else 200
            self._keep(session, status, answer, now)
        self._response.status_code = status
        return answer

    def perform_secretly(
        self,
        kept: type[Kept],
        effect: Callable[[Session, datetime], Out],
        refusal: Callable[[Kept], ServiceError],
    ) -> Out:
        """Create something and answer with a secret, which is not stored and cannot be repeated.

        Args:
            kept: what is stored of the answer; the secret is no field of it.
            effect: creates in the transaction that it is given and returns the answer.
            refusal: what a repetition gets, by what was stored.

        Raises:
            The refusal, what `effect` raises, and what `idempotency.begin` raises.
        """
        with self._parts.db.begin() as session:
            before = self._before(session)
            if before is not None:
                raise refusal(kept.model_validate(before.body))
            now = self._parts.db.now(session)
            answer = effect(session, now)
            # From plain values: of a model that is one of `kept`, too, all fields would be taken.
            self._keep(session, 201, kept.model_validate(answer.model_dump()), now)
        self._response.status_code = 201
        return answer

    def _before(self, session: Session) -> idempotency.Answer | None:
        return None if self._request is None else idempotency.begin(session, self._request)

    def _keep(self, session: Session, status: int, answer: BaseModel, now: datetime) -> None:
        if self._request is not None:
            body = answer.model_dump(mode="json")
            idempotency.keep(session, self._request, idempotency.Answer(status, body), now)


def named(
    request: Request, parts: Parts, key: str | None, sha256: str
) -> idempotency.Request | None:
    """Name a request of the caller by its key; None if it came without one."""
    if key is None:
        return None
    owner = None if parts.caller is None else parts.caller.key_id
    return idempotency.Request(owner or idempotency.NO_KEY, request.url.path, key, sha256)


async def _once(request: Request, response: Response, parts: PartsDep, key: Key = None) -> Once:
    sha256 = hashlib.sha256(await request.body()).hexdigest()
    return Once(parts, response, named(request, parts, key, sha256))


OnceDep = Annotated[Once, Depends(_once)]
