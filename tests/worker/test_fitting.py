"""A study of which a worker can do no trial is told at once, by name and remedy."""

from typing import Any

import pytest

from worker.fitting import unfit

HELD = {"mine": {"sha256": "a" * 64}}
STUDY: dict[str, Any] = {
    "name": "toy",
    "definition": {"space": {"kind": "tiny"}},
    "data": {"name": "mine", "sha256": "a" * 64},
}


def reason(study: dict[str, Any]) -> str | None:
    return unfit(STUDY | study, HELD, "cpu", 1000)


def needing(**needs: Any) -> dict[str, Any]:
    return {"definition": {"space": {"kind": "tiny"}, "needs": needs}}


def test_a_study_that_can_be_served_is_fit() -> None:
    assert reason({}) is None
    assert reason(needing(accelerator="cpu", memory_mib=1000)) is None
    assert reason(needing(accelerator=None, memory_mib=0)) is None


@pytest.mark.parametrize(
    ("study", "words"),
    [
        ({"definition": {"space": {"kind": "parameters"}}, "data": None}, "is a black box"),
        ({"data": {"name": "other", "sha256": "b"}}, "lay other.npz into --data-dir"),
        ({"data": {"name": "mine", "sha256": "b" * 64}}, "bbbbbbbbbbbb, here with aaaaaaaaaaaa"),
        (needing(accelerator="cuda", memory_mib=0), "needs cuda; this worker trains on cpu"),
        (needing(accelerator=None, memory_mib=1001), "needs 1,001 MiB; this worker has 1,000"),
    ],
)
def test_what_is_missing_is_said(study: dict[str, Any], words: str) -> None:
    said = reason(study)
    assert said is not None
    assert said.startswith("toy ")
    assert words in said
