"""Expressions from anybody: read and evaluated without harm, or refused."""

from hypothesis import given
from hypothesis import strategies as st

from optimizer.errors import InvalidSpace
from optimizer.expressions import Inactive, Undefined, constraint, figure
from tests.fuzz.spoiled import FUZZ, at_most, check_told
from tests.optimizer.test_expressions import NAMES, POINT

SIGNS = "+ - * / ** % // ( ) < <= == != [ ] { } , . : ' \\".split()
LANGUAGE = (
    "and or not if else in lambda import exp log min max abs __class__ 'a' 1 2.5 1e308".split()
)
WORDS = st.sampled_from([*NAMES, *SIGNS, *LANGUAGE, "9" * 400])
MEMORY_BYTES = 20 * 2**20


def evaluate(text: str) -> None:
    for read, call in ((constraint, "holds"), (constraint, "excess"), (figure, "number")):
        try:
            getattr(read(text, NAMES, "f"), call)(POINT)
        except (InvalidSpace, Undefined, Inactive) as error:
            check_told(error)


@FUZZ
@given(st.lists(WORDS, max_size=25).map(" ".join))
def test_words_of_the_language_in_any_order_do_no_harm(text: str) -> None:
    with at_most(MEMORY_BYTES):
        evaluate(text)


@FUZZ
@given(st.text(max_size=60))
def test_any_text_does_no_harm(text: str) -> None:
    evaluate(text)
    evaluate(f"x + ({text})")


def test_towers_of_powers_and_deep_nests_take_no_time() -> None:
    for text in ("**".join(["9"] * 300), "(" * 60 + "x" + ")" * 60, "-" * 900 + "x", "not " * 240):
        with at_most(MEMORY_BYTES):
            evaluate(text)
