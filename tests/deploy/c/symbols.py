"""What the object file of a project holds, by name."""

from pathlib import Path

from worker.deploy import scratch


def symbols(folder: Path, name: str) -> dict[str, int]:
    """Sizes of the symbols of an object file."""
    listed = scratch.run(["nm", "-S", "--format=posix", "--radix=d", f"{name}.o"], folder)
    fields = [line.split() for line in listed.splitlines()]
    return {line[0]: int(line[3]) for line in fields if len(line) > 3}


def sums(found: dict[str, int], name: str) -> tuple[int, int, int]:
    """Bytes of arena, weights and tables."""
    kinds = {
        "arena": "arena",
        **dict.fromkeys(("weights", "bias", "bits", "counts", "indices"), "weights"),
        **dict.fromkeys(("multipliers", "shifts"), "tables"),
    }
    totals = {"arena": 0, "weights": 0, "tables": 0}
    for symbol, size in found.items():
        kind = kinds.get(symbol.removeprefix(f"{name}_").split("_")[0])
        if kind is not None:
            totals[kind] += size
    return totals["arena"], totals["weights"], totals["tables"]


def assert_alone(folder: Path, name: str) -> None:
    """An object file has our functions and the arena, and needs nothing."""
    listed = scratch.run(["nm", "--format=posix", f"{name}.o"], folder)
    fields = [line.split() for line in listed.splitlines()]
    # A name with $ is none: it marks where code or data begins.
    kinds = {line[0]: line[1] for line in fields if len(line) > 1 and line[0][0] != "$"}
    assert [symbol for symbol, kind in kinds.items() if kind == "U"] == []
    assert [symbol for symbol, kind in kinds.items() if kind in "bBdDC"] == [f"{name}_arena"]
    ours = [symbol for symbol, kind in kinds.items() if kind == "T"]
    assert ours == [f"{name}_input", f"{name}_output", f"{name}_run"]
