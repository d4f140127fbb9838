"""Links of the OpenAPI description: what an answer names, and the routes that take it.

A reader sees from them how a study leads to its trials and a claim to its results; the fuzz tests
walk along them into states that no single request reaches.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from service.api.access import ROOT

Place = tuple[str, str]  # method and path, below ROOT
Json = dict[str, Any]

STUDY, TRIALS, TRIAL = "/studies/{study}", "/studies/{study}/trials", "/trials/{trial_id}"
ARTEFACTS = "/trials/{trial_id}/artefacts"
DELIVER = ("PUT", "/attempts/{attempt_id}/artefacts/{name}")
CLAIMS: tuple[Place, ...] = (("POST", "/leases"), ("POST", f"{STUDY}/leases"))
OF_STUDY: tuple[Place, ...] = (
    ("GET", STUDY),
    ("PATCH", STUDY),
    ("DELETE", STUDY),
    ("POST", TRIALS),
    ("GET", TRIALS),
    ("POST", f"{STUDY}/leases"),
    ("POST", f"{STUDY}/confirm"),
    ("GET", f"{STUDY}/confirmed"),
    ("GET", f"{STUDY}/front"),
    ("GET", f"{STUDY}/hypervolume"),
    ("GET", f"{STUDY}/points"),
    ("GET", f"{STUDY}/importance"),
    ("GET", f"{STUDY}/export"),
    ("GET", f"{STUDY}/events"),
)
OF_TRIAL: tuple[Place, ...] = (
    ("GET", TRIAL),
    ("POST", f"{TRIAL}/cancel"),
    ("GET", ARTEFACTS),
    ("GET", f"{TRIAL}/network"),
)
OF_WORKER: tuple[Place, ...] = (
    ("GET", "/workers/{name}"),
    ("PUT", "/workers/{name}/log"),
    ("GET", "/workers/{name}/log"),
)
UNDER_LEASE: tuple[Place, ...] = tuple(
    ("POST", f"{TRIAL}/{verb}") for verb in ("renew", "reports", "complete", "fail", "release")
)
# The body of a link is the part of a body that the answer before gives; the rest is the caller's.
SAME_TOKEN = {"token": "$request.body#/token"}
FIRST_TRIAL = "$response.body#/leases/0/trial_id"
FIRST_TOKEN = "$response.body#/leases/0/token"


Link = tuple[Place, str, Place, Json, Json]  # from, at status, to, parameters, part of the body


def _links() -> Iterator[Link]:
    """Yield every link."""
    for source, status, study in (
        (("POST", "/studies"), "201", "$response.body#/id"),
        (("POST", "/studies/import"), "201", "$response.body#/id"),
        (("POST", TRIALS), "201", "$response.body#/study_id"),
        (("GET", "/studies"), "200", "$response.body#/items/0/id"),
    ):
        for target in OF_STUDY:
            yield source, status, target, {"study": study}, {}
    for source, status, trial_id in (
        (("POST", TRIALS), "201", "$response.body#/id"),
        (("GET", TRIALS), "200", "$response.body#/items/0/id"),
        *((claim, "200", FIRST_TRIAL) for claim in CLAIMS),
    ):
        for target in OF_TRIAL:
            yield source, status, target, {"trial_id": trial_id}, {}
    for claim in CLAIMS:
        yield from _from_lease(claim)
    for verb in ("renew", "reports"):
        for target in UNDER_LEASE:
            same_trial = {"trial_id": "$request.path.trial_id"}
            yield ("POST", f"{TRIAL}/{verb}"), "200", target, same_trial, SAME_TOKEN
    file = {"trial_id": "$request.path.trial_id", "name": "$response.body#/items/0/name"}
    yield ("GET", ARTEFACTS), "200", ("GET", f"{ARTEFACTS}/{{name}}"), file, {}
    yield from _from_worker(("PUT", "/workers/{name}"))
    key = {"key_id": "$response.body#/id"}
    yield ("POST", "/keys"), "201", ("DELETE", "/keys/{key_id}"), key, {}


def _from_worker(announcement: Place) -> Iterator[Link]:
    name = "$response.body#/name"
    yield announcement, "200", ("POST", "/leases"), {}, {"worker": name}
    for target in OF_WORKER:
        yield announcement, "200", target, {"name": name}, {}


def _from_lease(claim: Place) -> Iterator[Link]:
    for target in UNDER_LEASE:
        yield claim, "200", target, {"trial_id": FIRST_TRIAL}, {"token": FIRST_TOKEN}
    attempt_id = "$response.body#/leases/0/attempt_id"
    lease = {"attempt_id": attempt_id, "X-Lease-Token": FIRST_TOKEN}
    yield claim, "200", DELIVER, lease, {}


def add_links(description: Json) -> None:
    """Write the links into the answers that they begin at."""
    paths: Mapping[str, Any] = description["paths"]
    for (method, path), status, (to, target), parameters, body in _links():
        operation = paths[ROOT + target][to.lower()]
        link: Json = {"operationId": operation["operationId"], "parameters": parameters}
        if body:
            link["requestBody"] = body
        answer = paths[ROOT + path][method.lower()]["responses"][status]
        answer.setdefault("links", {})[_name(to, target)] = link


def _name(method: str, path: str) -> str:
    """Name a link by its target: `post-trials-complete`."""
    words = [word for word in path.split("/") if word and not word.startswith("{")]
    singular = "-one" if path.endswith("}") else ""
    return "-".join((method.lower(), *words)) + singular
