"""What may stand in C: names, strings, numbers, and words in comments."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.deploy.errors import InvalidProject

NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
TAKEN = frozenset({"stdint"})  # a header of that name would hide the compiler's
OTHER = re.compile(r"[^A-Za-z0-9]+")
LONGEST_WORD = 24
WIDTH = 96
C_TYPES = {
    "int8": "int8_t",
    "int32": "int32_t",
    "uint8": "uint8_t",
    "uint16": "uint16_t",
    "uint32": "uint32_t",
}


def checked_name(name: Any) -> str:
    """A name that files and symbols can begin with."""
    if not isinstance(name, str) or not NAME.fullmatch(name) or name in TAKEN:
        need = "need 1 to 31 lower case letters, digits or _, the first a letter, and not stdint"
        raise InvalidProject("name", f"{need}; got {name!r}.")
    return name


def word(node_id: str) -> str:
    """What a node's name becomes in a symbol; a number in front tells equal ones apart."""
    return OTHER.sub("_", node_id).strip("_")[:LONGEST_WORD] or "node"


def comment(text: str) -> str:
    """Words that can stand in a comment and end neither it nor the line."""
    plain = "".join(c if " " <= c <= "~" else "?" for c in text)
    return plain.replace("*/", "* /").replace("/*", "/ *")


def string(text: str) -> str:
    """A C string, whatever is in it: in UTF-8, all but harmless characters as octal numbers."""
    harmless = {ord(c) for c in map(chr, range(32, 127)) if c not in '"\\?'}
    return '"' + "".join(chr(b) if b in harmless else f"\\{b:03o}" for b in text.encode()) + '"'


def single(value: float) -> str:
    """A 32-bit float, exactly."""
    found = f"{float(value):.9g}"
    return f"{found}f" if any(mark in found for mark in ".e") else f"{found}.0f"


def numbers(values: Iterable[str], indent: str = "    ", width: int = WIDTH) -> str:
    """Values with commas, as many on a line as fit."""
    lines, line = [], indent
    for value in values:
        if len(line) + len(value) + 1 > width:
            lines.append(line.rstrip())
            line = indent
        line += f"{value}, "
    return "\n".join([*lines, line.rstrip()])


def array(name: str, values: NDArray[Any]) -> str:
    """A constant array, in the order in which its numbers lie."""
    flat = np.ravel(values)
    inner = numbers(_integer(int(value), flat.dtype.name) for value in flat)
    return f"static const {C_TYPES[flat.dtype.name]} {name}[{flat.size}] = {{\n{inner}\n}};\n"


def _integer(value: int, kind: str) -> str:
    # There is no negative literal in C: the smallest number would not fit before it is negated.
    if value == -(2**31):
        return "INT32_MIN"
    return f"{value}u" if kind == "uint32" else str(value)
