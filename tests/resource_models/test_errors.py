"""Every refusal is one of ours and survives the way between processes."""

import pickle

import pytest

from resource_models import errors

SAMPLES = [
    errors.InvalidGraph("c.filters", "need an integer >= 1, got 0."),
    errors.InvalidNonZeros("non_zeros.c", "need an integer from 0 to 9, got 10."),
    errors.InvalidPatches("patches", "need an integer >= 1, got 0."),
    errors.InvalidCut("c.filters", "need at least one that stays."),
    errors.InvalidDevice("name", "needed, but missing."),
    errors.InvalidFormula("instructions.m4.add", "need numbers from 0, got [-1]."),
    errors.UnknownKind("softmax", ["add", "dense"]),
    errors.UnknownNode("nobody"),
    errors.UnknownFigure("latency", ["macs"]),
    errors.UnknownDevice("z80", ["microbit"]),
    errors.UnknownCore("avr", ["m0"]),
]


def test_each_error_has_a_sample() -> None:
    assert {type(sample) for sample in SAMPLES} == set(errors.ResourceError.__subclasses__())


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling(error: errors.ResourceError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)
