"""One connection to a server: addresses, retries, and answers read into values or errors.

Everything else of this package speaks through a `Connection`. The seam for tests is an httpx
transport.
"""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from tinyfront.calls import Call
from tinyfront.errors import (
    InvalidArgument,
    Problem,
    ServerUnreachable,
    UnreadableAnswer,
    server_error,
)

API = "/api/v1"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
RETRIED_STATUS = {502, 503, 504}

# A server that never answered is most likely not started: say so soon. One that did answer is most
# likely being restarted, which takes seconds: wait for it.
PATIENCE_BEFORE_FIRST_ANSWER_S = 2.0
PATIENCE_S = 60.0

FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 5.0
LONGEST_RETRY_AFTER_S = 60.0


class Connection:
    """Sends calls to one server and tries again what may be tried again."""

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        timeout_s: float = 30.0,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        address = _checked_url(url)
        if not 0 < timeout_s < float("inf"):
            raise InvalidArgument("timeout", f"need seconds above 0, got {timeout_s!r}.")
        self.url = str(address).rstrip("/")
        self.timeout_s = timeout_s
        self.pause = pause
        self._chance = chance
        self._answered = False
        self._http = httpx.Client(
            headers=_headers(api_key),
            transport=transport,
            # A proxy from the environment cannot reach a server on this machine's loopback.
            trust_env=address.host not in LOOPBACK,
        )

    def close(self) -> None:
        """Close the sockets."""
        self._http.close()

    def json(self, call: Call) -> Any:
        """Send, and read the answer's JSON; None when the server answers without content.

        Raises:
            ServerError: the server refused.
            ServerUnreachable: no answer, after the tries that the call allows.
            UnreadableAnswer: the answer is no JSON.
        """
        response = self._answer(call, _whole)
        if response.status_code == httpx.codes.NO_CONTENT:
            return None
        try:
            return response.json()
        except ValueError:
            raise UnreadableAnswer(str(response.url), "an answer that is no JSON") from None

    @contextmanager
    def stream(self, call: Call) -> Iterator[httpx.Response]:
        """Send; inside the block the answer's body is read piece by piece.

        Raises:
            The same as `json`; an answer that breaks off is ServerUnreachable.
        """
        response = self._answer(call, _opened)
        try:
            yield response
        except httpx.RequestError as error:
            raise ServerUnreachable(self.url, _reason(error)) from None
        finally:
            response.close()

    def _answer(self, call: Call, take: Callable[[httpx.Response], None]) -> httpx.Response:
        """The answer to a call, tried again while patience lasts."""
        request = self._request(call)
        outcome = self._try(request, take)
        waited_s, tries = 0.0, 0
        while _again(outcome):
            delay_s = self._delay(outcome, tries)
            if waited_s + delay_s > self._patience(call):
                break
            started = time.monotonic()
            self.pause(delay_s)
            outcome = self._try(request, take)
            waited_s += max(delay_s, time.monotonic() - started)
            tries += 1
        if not isinstance(outcome, httpx.Response):
            raise ServerUnreachable(self.url, _reason(outcome))
        if not outcome.is_success:
            raise server_error(_problem(outcome))
        return outcome

    def _try(
        self, request: httpx.Request, take: Callable[[httpx.Response], None]
    ) -> httpx.Response | httpx.RequestError:
        try:
            response = self._http.send(request, stream=True)
        except httpx.RequestError as error:
            return error
        self._answered = True
        try:
            take(response)
        except httpx.RequestError as error:
            response.close()
            return error
        return response

    def _request(self, call: Call) -> httpx.Request:
        timeout = httpx.Timeout(self.timeout_s, read=self.timeout_s + call.wait_s)
        headers = dict(call.headers)
        if call.body is not None:
            headers["Content-Type"] = call.media_type
        if call.creates:
            headers["Idempotency-Key"] = uuid.uuid4().hex
        return self._http.build_request(
            call.method,
            self.url + API + call.path,
            params={name: value for name, value in call.query.items() if value is not None},
            content=None if call.body is None else _encoded(call.body),
            headers=headers,
            timeout=timeout,
        )

    def _patience(self, call: Call) -> float:
        patience_s = PATIENCE_S if call.patience_s is None else call.patience_s
        return patience_s if self._answered else min(patience_s, PATIENCE_BEFORE_FIRST_ANSWER_S)

    def _delay(self, outcome: httpx.Response | httpx.RequestError, tries: int) -> float:
        """Half fixed, half chance, doubling: many clients do not come back at the same moment."""
        longest_s = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(tries, 10))
        delay_s = longest_s * (0.5 + 0.5 * self._chance())
        return max(delay_s, _retry_after(outcome))


def _whole(response: httpx.Response) -> None:
    """Read the body at once, so that an answer that breaks off is tried again."""
    response.read()


def _opened(response: httpx.Response) -> None:
    """Leave the body of a success to be read piece by piece."""
    if not response.is_success:
        response.read()


def _checked_url(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, TypeError) as error:
        raise InvalidArgument("url", f"{url!r} is no address: {error}.") from None
    if address.scheme not in {"http", "https"} or not address.host:
        raise InvalidArgument("url", f"need http://host:port or https://host, got {url!r}.")
    return address


def _headers(api_key: str | None) -> dict[str, str]:
    headers = {"Accept": "application/json, application/problem+json"}
    if api_key:
        if not (api_key.isascii() and api_key.isprintable()) or " " in api_key:
            raise InvalidArgument("api_key", "holds blanks or characters that no key has.")
        headers["Authorization"] = f"Bearer {api_key}"
    return headers


def _encoded(body: Mapping[str, Any] | bytes) -> bytes:
    if isinstance(body, bytes):
        return body
    try:
        return json.dumps(body, allow_nan=False, default=_plain).encode()
    except (TypeError, ValueError) as error:
        raise InvalidArgument("request", f"cannot be written as JSON: {error}.") from None


def _plain(value: Any) -> Any:
    """The Python number in a NumPy or torch scalar."""
    item = getattr(value, "item", None)
    if callable(item):
        return item()
    raise TypeError(f"{value!r} is a {type(value).__name__}")


def _again(outcome: httpx.Response | httpx.RequestError) -> bool:
    if not isinstance(outcome, httpx.Response):
        return True
    # A conflict with a time to come again: our own first try is still under way.
    under_way = outcome.status_code == httpx.codes.CONFLICT and "Retry-After" in outcome.headers
    return under_way or outcome.status_code in RETRIED_STATUS


def _retry_after(outcome: httpx.Response | httpx.RequestError) -> float:
    """Seconds that the server asks us to stay away; 0 when it asks for nothing readable."""
    value = outcome.headers.get("Retry-After") if isinstance(outcome, httpx.Response) else None
    if value is None:
        return 0.0
    try:
        wanted_s = float(value)
    except ValueError:
        try:
            wanted_s = parsedate_to_datetime(value).timestamp() - time.time()
        except (TypeError, ValueError):
            return 0.0
    return min(max(wanted_s, 0.0), LONGEST_RETRY_AFTER_S)


def _problem(response: httpx.Response) -> Problem:
    try:
        body = response.json()
    except ValueError:
        body = None
    return Problem.of(response.status_code, response.reason_phrase, str(response.url), body)


def _reason(error: httpx.RequestError) -> str:
    return str(error) or type(error).__name__
