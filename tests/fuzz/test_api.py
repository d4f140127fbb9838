"""All routes of the OpenAPI description, with whatever it allows and forbids: never a 500, no hang,
no answer that it does not describe, and no way in without the key for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.api.access import GUARDED, ROOT
from service.api.roles import MAY, PUBLIC
from service.states import Role
from tests.fuzz.in_process import InProcess, in_process
from tests.fuzz.walks import Walked, described, keyless, walk, wander

pytestmark = pytest.mark.usefixtures("same_draws")

REFUSED = {400, 401, 403, 404, 405, 413, 422, 429}
# So many routes may have refused all requests: keys and sessions cannot be guessed, a study is
# confirmed once, a verification needs a network that was trained, and some need more luck than a
# few examples have.
MOST_REFUSING = 11
# What a sequence reaches and a single request does not: a lease of the trial of the study it made.
ON_THE_WAY = {
    "POST /api/v1/studies",
    "POST /api/v1/studies/{study}/trials",
    "POST /api/v1/studies/{study}/leases",
    "POST /api/v1/trials/{trial_id}/cancel",
    "DELETE /api/v1/studies/{study}",
}
UNDER_LEASE = {
    f"POST /api/v1/trials/{{trial_id}}/{verb}"
    for verb in ("renew", "reports", "complete", "fail", "release")
}


def place_of(label: str) -> tuple[str, str]:
    method, path = label.split(" ")
    return method, path.removeprefix(ROOT)


def check(walked: Walked) -> None:
    assert walked.findings == []
    assert None not in {status for _, status in walked.answers}, "a request was not answered"


@pytest.fixture
def served(sqlite_url: str, tmp_path: Path) -> Iterator[InProcess]:
    with in_process(sqlite_url, tmp_path) as running:
        yield running


@pytest.fixture
def keyed(sqlite_url: str, tmp_path: Path) -> Iterator[InProcess]:
    with in_process(sqlite_url, tmp_path, with_keys=True) as running:
        yield running


def check_single_requests(served: InProcess, examples: int) -> None:
    schema = keyless(described(served, examples, ["coverage", "fuzzing"]))
    walked = walk(schema)
    check(walked)
    # Otherwise this would be a test of refusals only.
    refusing = {label for label, _ in walked.answers} - walked.succeeded()
    assert len(refusing) <= MOST_REFUSING, refusing


def been_everywhere(walked: Walked) -> bool:
    return walked.succeeded() >= ON_THE_WAY and bool(walked.succeeded() & UNDER_LEASE)


def check_sequences(keyed: InProcess, sequences: int) -> None:
    schema = described(keyed, 1, ["stateful"], Role.ADMIN)
    walked = wander(keyed, schema, sequences, been_everywhere)
    check(walked)
    assert walked.succeeded() >= ON_THE_WAY
    assert walked.succeeded() & UNDER_LEASE


def check_roles(keyed: InProcess, examples: int) -> None:
    for role in Role:
        walked = walk(described(keyed, examples, ["fuzzing"], role))
        check(walked)
        for label, status in walked.answers:
            if role not in MAY.get(place_of(label), Role):
                assert status in REFUSED, f"{role}: {label} was answered {status}"


def check_strangers(keyed: InProcess, examples: int) -> None:
    walked = walk(described(keyed, examples, ["fuzzing"]))
    check(walked)
    for label, status in walked.answers:
        method, path = label.split(" ")
        if path.startswith(GUARDED) and (method, path.removeprefix(ROOT)) not in PUBLIC:
            assert status in {401, 403, 429}, f"{label} was answered {status}"


def test_single_requests_do_no_harm(served: InProcess) -> None:
    check_single_requests(served, examples=8)


def test_sequences_along_the_links_do_no_harm(keyed: InProcess) -> None:
    check_sequences(keyed, sequences=60)


def test_sequences_without_keys_do_no_harm(database_url: str, tmp_path: Path) -> None:
    with in_process(database_url, tmp_path) as served:
        schema = described(served, 1, ["stateful"])
        walked = wander(served, schema, 6, lambda _: True)
        check(walked)
        assert walked.succeeded() & ON_THE_WAY


def test_single_requests_do_no_harm_to_postgresql(postgres_url: str, tmp_path: Path) -> None:
    with in_process(postgres_url, tmp_path) as served:
        check(walk(keyless(described(served, 2, ["fuzzing"]))))


def test_each_role_may_what_the_table_says_and_no_more(keyed: InProcess) -> None:
    check_roles(keyed, examples=2)


def test_without_a_key_nobody_comes_in(keyed: InProcess) -> None:
    check_strangers(keyed, examples=2)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_single_requests_do_no_harm(database_url: str, tmp_path: Path) -> None:
    with in_process(database_url, tmp_path) as served:
        check_single_requests(served, examples=60)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_sequences_do_no_harm(database_url: str, tmp_path: Path) -> None:
    with in_process(database_url, tmp_path, with_keys=True) as keyed:
        check_sequences(keyed, sequences=300)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_requests_of_each_role_do_no_harm(database_url: str, tmp_path: Path) -> None:
    with in_process(database_url, tmp_path, with_keys=True) as keyed:
        check_roles(keyed, examples=15)
        check_strangers(keyed, examples=15)
