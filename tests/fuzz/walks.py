"""Requests that schemathesis makes from our OpenAPI description, one by one and in sequences."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.engine import events, from_schema
from schemathesis.generation.case import Case
from schemathesis.generation.meta import TestPhase
from schemathesis.hooks import HookContext
from schemathesis.schemas import BaseSchema
from schemathesis.transport import SerializationContext

from service.api.access import ROOT
from service.lending import Lease
from service.states import Role
from tests.fuzz.bodies import meant
from tests.fuzz.in_process import SEEDED, InProcess

ADDRESS = "http://127.0.0.1"  # a server without keys answers under no other
HANG_S = 60.0  # far more than any request needs on a loaded machine
# What only looks at a study leads nowhere.
LOOKS = r"/(confirmed|hypervolume|points|export|events|network)$|/studies/\{study\}$"
ADMINISTERS = r"/(keys|projects|session)"
STEPS = 12  # of one sequence
ROUNDS = 8
WAIT_S = 0.02  # for what a claim may wait
# What is checked of every answer. Not `positive_data_acceptance`: what a definition or a point must
# keep beyond its form stands in words.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
    "ensure_resource_availability",
)


@dataclass
class Walked:
    """What came of it."""

    answers: Counter[tuple[str, int | None]] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def succeeded(self) -> set[str]:
        return {label for label, status in self.answers if status is not None and status < 300}


@schemathesis.serializer("application/jsonl", "*/*")
def as_bytes(_context: SerializationContext, value: Any) -> bytes:
    """Write a body that is no JSON."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@schemathesis.serializer("application/json")
def as_json(_context: SerializationContext, value: Any) -> bytes:
    """Write a body as Python does, with NaN and infinity, which other clients refuse to send."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


@schemathesis.hook
def before_call(_context: HookContext, case: Case, _kwargs: dict[str, Any]) -> None:
    """Keep a walk going: no claim waits for long, no key revokes itself, our studies stay.

    A sequence may delete any: it begins with a study of its own, and made the others, whose numbers
    SQLite has given before.
    """
    wait_s = case.body.get("wait_s") if isinstance(case.body, dict) else None
    if isinstance(wait_s, int | float) and WAIT_S < wait_s <= 60:
        case.body["wait_s"] = WAIT_S
    sent = (case.operation.schema.config.headers or {}).get("Authorization", "")
    if str(case.path_parameters.get("key_id")) in sent.split("_"):
        case.path_parameters["key_id"] = "nobody"
    in_sequence = case.meta is not None and case.meta.phase.name is TestPhase.STATEFUL
    ours = case.path_parameters.get("study") in (*SEEDED, "1", "2")
    if case.method == "DELETE" and ours and not in_sequence:
        case.path_parameters["study"] = "new-0"


def config(
    served: InProcess, examples: int, phases: Sequence[str], role: Role | None
) -> schemathesis.Config:
    """Say how much is sent, and with which names that mean something."""
    bound = {
        "path.study": "studies",
        "path.trial_id": "trials",
        "path.name": "artefacts",
        "query.sort": "metrics",
        "query.x": "metrics",
        "query.y": "metrics",
        "query.z": "metrics",
    }
    return schemathesis.Config.from_dict(
        {
            "seed": 1,
            "base-url": ADDRESS,
            "request-timeout": HANG_S,
            "continue-on-failure": True,
            "cache": {"enabled": False},
            "headers": {} if role is None else dict(served.header(role)),
            "generation": {
                "max-examples": examples,
                "deterministic": True,
                "no-shrink": True,
                "database": "none",
                "with-security-parameters": False,
            },
            "analysis": {"constants": {"enabled": False}},
            "dictionaries": {name: {"values": values} for name, values in served.names.items()},
            "parameters": {
                place: {"dictionary": name, "probability": 0.6} for place, name in bound.items()
            },
            "checks": {
                "enabled": False,
                **{name: {"enabled": True} for name in CHECKS},
            },
            # A study of this name is read under the same path.
            "operations": [
                {
                    "include-path": "/api/v1/studies/import",
                    "checks": {"allow_header_conformance": {"enabled": False}},
                }
            ],
            "phases": {
                "examples": {"enabled": False},
                # Elsewhere a body that ours replaced would be judged by the schema of the other.
                "coverage": {
                    "enabled": "coverage" in phases,
                    "checks": {"negative_data_rejection": {"enabled": True}},
                },
                "fuzzing": {"enabled": "fuzzing" in phases},
                # Only along our own links: what is inferred from names leads to few leases.
                "stateful": {"enabled": "stateful" in phases, "inference": {"algorithms": []}},
            },
        }
    )


def described(
    served: InProcess, examples: int, phases: Sequence[str], role: Role | None = None
) -> BaseSchema:
    """Read the description as a client does, and prepare what is sent by it."""
    schema = schemathesis.openapi.from_asgi(
        "/openapi.json",
        served.door,
        config=config(served, examples, phases, role),
        headers={"Host": "127.0.0.1"},
    )
    bodies = meant(served.export)

    @schema.hook
    def flatmap_body(context: HookContext, body: Any) -> st.SearchStrategy[Any]:
        other = bodies.get(context.operation.label)
        if other is None:
            return st.just(body)
        return st.integers(0, 3).flatmap(lambda at: other(body) if at else st.just(body))

    @schema.hook
    def flatmap_case(_context: HookContext, case: Case) -> st.SearchStrategy[Case]:
        if case.meta is None or case.meta.phase.name is not TestPhase.FUZZING:
            return st.just(case)
        return (st.none() | st.sampled_from(served.leases)).map(partial(_under, case))

    return schema


def keyless(schema: BaseSchema) -> BaseSchema:
    """All routes but the one that would lock us out: with the first key a server asks for keys."""
    return schema.exclude(method="POST", path=f"{ROOT}/keys")


def _under(case: Case, lease: Lease | None) -> Case:
    """Send a request under a lease, if it is one that needs some."""
    if lease is None:
        return case
    if "attempt_id" in case.path_parameters:
        case.path_parameters["attempt_id"] = lease.attempt_id
        case.headers["X-Lease-Token"] = lease.token
    elif isinstance(case.body, dict) and "token" in case.body:
        case.path_parameters["trial_id"] = lease.trial_id
        case.body["token"] = lease.token
    return case


def walk(schema: BaseSchema) -> Walked:
    """Send everything, and note what was answered and what was wrong with it."""
    walked = Walked()
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError):
            walked.findings.append(f"{event.label}: {event.info.format()}")
        elif isinstance(event, events.ScenarioFinished):
            _note(walked, event)
    return walked


def _note(walked: Walked, event: events.ScenarioFinished) -> None:
    for name, interaction in event.recorder.interactions.items():
        label = event.recorder.cases[name].value.operation.label
        answer = interaction.response
        walked.answers[label, None if answer is None else answer.status_code] += 1
    for name, checks in event.recorder.checks.items():
        label = event.recorder.cases[name].value.operation.label
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                walked.findings.append(
                    f"{label}: {failure.title}: {failure.message}\n{check.failure_info.code_sample}"
                )


def wander(
    served: InProcess, schema: BaseSchema, sequences: int, enough: Callable[[Walked], bool]
) -> Walked:
    """Send so many sequences along the links, each to a database that begins alike.

    And more, up to `ROUNDS` times as many, until it is enough: how deep a sequence gets hangs on
    what is drawn, and another description of the API leads to other draws.
    """
    walked = Walked()
    begun = 0

    changing = schema.exclude(method="GET", path_regex=LOOKS).exclude(path_regex=ADMINISTERS)

    class Sequence(changing.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            nonlocal begun
            begun += 1
            served.begin_again()

        def after_call(self, response: Response, case: Case) -> None:
            super().after_call(response, case)
            walked.answers[case.operation.label, response.status_code] += 1

        def validate_response(self, response: Response, case: Case, **more: Any) -> None:
            try:
                super().validate_response(response, case, **more)
            except FailureGroup as failed:
                walked.findings.extend(
                    f"{case.operation.label}: {each}" for each in failed.exceptions
                )

    chosen = settings(
        max_examples=sequences,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for number in range(ROUNDS * sequences):
        # Hypothesis gives up where equal choices get another answer, as of an id that has grown.
        with suppress(Flaky):
            seed(number)(Sequence).run(settings=chosen)
        if begun >= ROUNDS * sequences or (begun >= sequences and enough(walked)):
            break
    return walked
