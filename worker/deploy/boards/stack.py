"""How deep the stack of a program can get, from the call graph that gcc writes."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from worker.deploy.boards.errors import LinkFailed

NODE = re.compile(r'node: \{ title: "([^"]*)" label: "([^"]*)"')
EDGE = re.compile(r'edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"')
BYTES = re.compile(r"\\n(\d+) bytes \((\w+)")
POINTER = "__indirect_call"
START, TIMED, RUN = "board_begin", "board_timed", "model_run"

# Routines of gcc's own library, which no graph describes: what they push, read off their code, as
# 12.2 has it; of those not named here, the most that any takes. Runs under QEMU measure the whole.
LIBRARY_BYTES = {
    "__aeabi_lmul": 32,
    "__aeabi_idiv": 16,
    "__aeabi_uidiv": 16,
    "__aeabi_idivmod": 24,
    "__aeabi_uidivmod": 24,
    "__gnu_thumb1_case_uqi": 16,
    "__gnu_thumb1_case_sqi": 16,
    "__gnu_thumb1_case_uhi": 16,
    "__gnu_thumb1_case_shi": 16,
    "__gnu_thumb1_case_si": 16,
}
OTHER_LIBRARY_BYTES = 160
ALIGNMENT_BYTES = 8


@dataclass(frozen=True, slots=True)
class Calls:
    """Functions by the name that the graph gives them: their frames, and what they call."""

    frames_bytes: Mapping[str, int]
    called: Mapping[str, tuple[str, ...]]


def bound_bytes(graphs: Iterable[Path]) -> int:
    """The most that the stack of a program can hold, no interrupt being served.

    Args:
        graphs: what gcc's `-fcallgraph-info=su` wrote for each of its files.

    Raises:
        LinkFailed: there is no bound: a recursion, an array whose length is not known.
    """
    calls = _read([graph.read_text() for graph in graphs])
    most = _deepest(calls, _resolved(calls, START), ())
    return -(-most // ALIGNMENT_BYTES) * ALIGNMENT_BYTES


def _read(graphs: list[str]) -> Calls:
    frames: dict[str, int] = {}
    called: dict[str, tuple[str, ...]] = {}
    for graph in graphs:
        for title, label in NODE.findall(graph):
            found = BYTES.search(label)
            if found is None:
                continue  # declared here, defined elsewhere
            if found[2] != "static":
                raise LinkFailed("stack", f"need frames of a known size, unlike {title}.", {})
            frames[title] = int(found[1])
        for source, target in EDGE.findall(graph):
            called[source] = (*called.get(source, ()), target)
    return Calls(frames, called)


def _resolved(calls: Calls, name: str) -> str:
    """The full name of a function: static and weak ones are told with their file in front."""
    if name in calls.frames_bytes:
        return name
    return next((full for full in calls.frames_bytes if full.endswith(f":{name}")), name)


def _deepest(calls: Calls, name: str, above: tuple[str, ...]) -> int:
    if name in above:
        raise LinkFailed("stack", f"need no recursion: {' -> '.join((*above, name))}.", {})
    if name not in calls.frames_bytes:
        return LIBRARY_BYTES.get(name, OTHER_LIBRARY_BYTES)
    below = 0
    for target in dict.fromkeys(calls.called.get(name, ())):
        if target == POINTER:
            if not name.endswith(TIMED):
                raise LinkFailed("stack", f"need no call through a pointer, as in {name}.", {})
            target = RUN
        below = max(below, _deepest(calls, _resolved(calls, target), (*above, name)))
    return calls.frames_bytes[name] + below
