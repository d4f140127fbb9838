"""What a worker says to the server: one method per route, answers read into values or errors."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Self
from urllib.parse import quote

import httpx

from worker.errors import Refused, ServerAway

ROOT = "/api/v1"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
AWAY_STATUS = {429, 500, 502, 503, 504}  # the server is there but cannot answer now
# A server's own error may pass, as when its database restarts, but not one in its code.
OWN_ERROR = 500
OWN_ERROR_WORTH_S = 20.0
CONNECT_S = 5.0
ANSWER_S = 30.0
LONGEST_RETRY_AFTER_S = 60.0
OCTETS = "application/octet-stream"
LONGEST_REASON = 4000  # of the server


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file that a trial left."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Lease:
    """One trial in the hands of this worker."""

    attempt_id: int
    trial_id: int
    study: str
    number: int
    attempt: int
    token: str
    lease_s: int
    work: dict[str, Any]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read a lease; fields of a newer server are left alone."""
        return cls(**{field.name: value[field.name] for field in fields(cls)})


class Api:
    """Speaks to one server. Each call is made once; who calls decides about another try.

    Raises in every method:
        ServerAway: no answer, or one that says that it cannot now.
        Refused: the server understood and refused.
    """

    def __init__(
        self, url: str, api_key: str | None = None, transport: httpx.BaseTransport | None = None
    ) -> None:
        address = _checked(url)
        self.url = str(address).rstrip("/")
        headers = {"User-Agent": f"tinyfront-worker/{own_version()}"}
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"
        self._http = httpx.Client(
            base_url=self.url + ROOT,
            headers=headers,
            transport=transport,
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
            # A proxy from the environment cannot reach a server on this machine's loopback.
            trust_env=address.host not in LOOPBACK,
        )

    def close(self) -> None:
        """Close the sockets."""
        self._http.close()

    def announce(self, name: str, worker: Mapping[str, Any]) -> None:
        """Say what this worker is and which data it holds."""
        self._send("PUT", f"/workers/{quote(name)}", worker)

    def log(self, name: str, process: str, lines: Sequence[Mapping[str, Any]]) -> None:
        """Tell what is new in this worker's log; the server keeps each line once."""
        self._send("PUT", f"/workers/{quote(name)}/log", {"process": process, "lines": lines})

    def claim(self, study: str | None, request: Mapping[str, Any]) -> Lease | None:
        """Claim one trial, of one study or of any; None if there is nothing to do."""
        path = "/leases" if study is None else f"/studies/{quote(study, safe='')}/leases"
        answer = self._send("POST", path, request, wait_s=request["wait_s"])
        leases = answer["leases"] if answer else []
        return Lease.from_json(leases[0]) if leases else None

    def study(self, study: str) -> Mapping[str, Any]:
        """A study, by its name or its number; `status` is `ended` if it hands out no more."""
        found: Mapping[str, Any] = self._send("GET", f"/studies/{quote(study, safe='')}")
        return found

    def waiting(self, study: str | None) -> int:
        """How many trials of a study, or of all studies of networks, wait for a worker."""
        if study is not None:
            return _queued(self.study(study))
        found = self._pages("/studies?status=active&kind=network&limit=200")
        return sum(_queued(each) for each in found)

    def busy(self, contains: str) -> set[str]:
        """The names, of those that contain a word, of workers that hold a trial."""
        found = self._pages(f"/workers?contains={quote(contains)}&limit=1000&order=name")
        return {each["name"] for each in found if each["running"]}

    def _pages(self, path: str) -> Iterator[Any]:
        """The items of a list, page by page."""
        page = self._send("GET", path)
        yield from page["items"]
        while page["next"] is not None:
            page = self._send("GET", f"{path}&cursor={quote(page['next'])}")
            yield from page["items"]

    def renew(self, lease: Lease) -> str:
        """Keep a lease; the answer is an order: continue, stop or cancel."""
        answer = self._send("POST", f"/trials/{lease.trial_id}/renew", {"token": lease.token})
        return str(answer["order"])

    def report(self, lease: Lease, step: int, metrics: Mapping[str, float]) -> str:
        """Report the metrics of one epoch; the answer is an order."""
        body = {"token": lease.token, "step": step, "metrics": metrics}
        return str(self._send("POST", f"/trials/{lease.trial_id}/reports", body)["order"])

    def upload(self, lease: Lease, name: str, content: bytes) -> None:
        """Hand in a file that the training made."""
        path = f"/attempts/{lease.attempt_id}/artefacts/{quote(name)}"
        headers = {
            "X-Lease-Token": lease.token,
            "Content-Type": "application/json" if name.endswith(".json") else OCTETS,
        }
        self._answer(self._http.build_request("PUT", path, content=content, headers=headers))

    def artefacts(self, trial_id: int) -> dict[str, Artefact]:
        """The files that a trial left, by name."""
        listed = self._send("GET", f"/trials/{trial_id}/artefacts")["items"]
        names = [field.name for field in fields(Artefact)]
        return {item["name"]: Artefact(**{name: item[name] for name in names}) for item in listed}

    def download(self, trial_id: int, artefact: Artefact) -> bytes:
        """Fetch a file as it is listed; bytes that differ are no answer, so that it is retried."""
        path = f"/trials/{trial_id}/artefacts/{quote(artefact.name)}"
        content = self._answer(self._http.build_request("GET", path)).content
        if hashlib.sha256(content).hexdigest() != artefact.sha256:
            raise ServerAway(
                f"{self.url} sent {artefact.name} of trial {trial_id} with another checksum than "
                "it lists.",
                worth_s=OWN_ERROR_WORTH_S,
            )
        return content

    def complete(
        self, lease: Lease, metrics: Mapping[str, float], details: Mapping[str, Any]
    ) -> None:
        """Deliver the result."""
        body = {"token": lease.token, "metrics": metrics, "details": details}
        self._send("POST", f"/trials/{lease.trial_id}/complete", body)

    def verification(self, trial_id: int) -> dict[str, Any]:
        """Whether the network of a trial is to be verified (`wanted`), and for which `device`."""
        found: dict[str, Any] = self._send("GET", f"/trials/{trial_id}/verification")
        return found

    def verified(self, lease: Lease, verification: Mapping[str, Any]) -> None:
        """Deliver what was checked of the network that a lease delivered."""
        body = {"token": lease.token, "verification": verification}
        self._send("PUT", f"/trials/{lease.trial_id}/verification", body)

    def fail(self, lease: Lease, reason: str, infeasible: bool = False) -> None:
        """Say that there is no result, and whether there can be one at all."""
        body = {
            "token": lease.token,
            "reason": reason[:LONGEST_REASON].replace("\0", " "),
            "infeasible": infeasible,
        }
        self._send("POST", f"/trials/{lease.trial_id}/fail", body)

    def release(self, lease: Lease, reason: str) -> None:
        """Hand the trial back without any count against it."""
        body = {"token": lease.token, "reason": reason[:LONGEST_REASON]}
        self._send("POST", f"/trials/{lease.trial_id}/release", body)

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, wait_s: float = 0.0
    ) -> Any:
        request = self._http.build_request(
            method,
            path,
            content=None if body is None else json.dumps(body, allow_nan=False).encode(),
            headers={"Content-Type": "application/json"},
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S, read=ANSWER_S + wait_s),
        )
        response = self._answer(request)
        if response.status_code == httpx.codes.NO_CONTENT:
            return None
        try:
            return response.json()
        except ValueError:
            raise Refused(
                response.status_code, f"{self.url} gave no JSON: is it a Tinyfront server?"
            ) from None

    def _answer(self, request: httpx.Request) -> httpx.Response:
        try:
            response = self._http.send(request)
        except httpx.RequestError as error:
            reason = str(error) or type(error).__name__
            raise ServerAway(f"No answer from {self.url} ({reason}).") from error
        if response.is_success:
            return response
        if response.status_code in AWAY_STATUS:
            worth_s = OWN_ERROR_WORTH_S if response.status_code == OWN_ERROR else math.inf
            raise ServerAway(_problem(response), _retry_after_s(response), worth_s)
        raise Refused(response.status_code, _problem(response))


def _queued(study: Mapping[str, Any]) -> int:
    return int(study["counts"]["queued"]) if study["status"] == "active" else 0


def _checked(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"{url!r} is no address: {error}.") from None
    if address.scheme not in {"http", "https"} or not address.host:
        raise ValueError(f"need http://host:port or https://host, got {url!r}.")
    return address


def own_version() -> str:
    """The release that this worker is of."""
    try:
        return version("tinyfront-server")
    except PackageNotFoundError:  # run from a checkout that was not installed
        return "0"


def _problem(response: httpx.Response) -> str:
    """The server's own words, in one line."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, Mapping):
        return f"{response.request.url} answered {response.status_code} {response.reason_phrase}."
    words = [body.get("detail") or body.get("title") or response.reason_phrase, body.get("remedy")]
    return " ".join(" ".join(str(word) for word in words if word).split())


def _retry_after_s(response: httpx.Response) -> float:
    try:
        wanted_s = float(response.headers.get("Retry-After", 0))
    except ValueError:
        return 0.0
    return min(max(wanted_s, 0.0), LONGEST_RETRY_AFTER_S)
