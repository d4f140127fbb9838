"""The words for the movement of training images: the same that the worker reads."""

import re

RANK = {"shift": 0, "frames": 0, "mirror": 1, "rotate": 2}
TERM = re.compile(r"(?:shift|frames)(?:[1-9]|[12][0-9]|3[0-2])|mirror|rotate")
NEED = "none, or shiftN or framesN (N to 32), mirror and rotate in this order, joined by +"


def is_augment(text: object) -> bool:
    """Whether a recipe may say so: each term once and in order, so that one recipe has one key."""
    if not isinstance(text, str):
        return False
    terms = text.split("+")
    if text != "none" and not all(TERM.fullmatch(term) for term in terms):
        return False
    ranks = [RANK[term.rstrip("0123456789")] for term in terms if term != "none"]
    return ranks == sorted(set(ranks))


def moves(text: str) -> bool:
    """Whether images move at all."""
    return text != "none"
