"""Begin a study with results that you already have: a row of a table a trial.

    python examples/import_csv.py results.csv cost time

The named columns are objectives, less is better; all others are parameters. The ranges of the
parameters are those of the table. Start `tinyfront-server serve` before.
"""

import argparse
import csv
import sys
from pathlib import Path

from tinyfront import Choice, Client, Integer, Parameters, Real, TinyfrontError
from tinyfront.spaces import Parameter


def parameter(name: str, texts: list[str]) -> Parameter:
    """The parameter that a column holds: whole numbers, numbers, or one of several texts."""
    try:
        values = [float(text) for text in texts]
    except ValueError:
        return Choice(name, sorted(set(texts)))
    low, high = min(values), max(values)
    if low == high:
        sys.exit(f"{name}: every row has {low:g}; leave the column out.")
    if all(value.is_integer() for value in values):
        return Integer(name, int(low), int(high))
    return Real(name, low, high)


def main() -> None:
    """Read the table and hand it to the server."""
    parser = argparse.ArgumentParser(description="A table of results becomes a study.")
    parser.add_argument("table", type=Path, help="CSV with a line of names")
    parser.add_argument("objectives", nargs="+", help="columns of which less is better")
    parser.add_argument("--name", help="of the study; by default that of the file")
    parser.add_argument("--more", type=int, default=20, help="trials beside those of the table")
    given = parser.parse_args()
    with given.table.open(newline="", encoding="utf-8") as file:
        rows: list[dict[str, str]] = list(csv.DictReader(file))
    if not rows:
        sys.exit(f"{given.table} has no rows.")
    if absent := [name for name in given.objectives if name not in rows[0]]:
        sys.exit(f"{given.table} has no column {absent[0]}; it has {', '.join(rows[0])}.")
    names = [name for name in rows[0] if name not in given.objectives]
    parameters = [parameter(name, [row[name] for row in rows]) for name in names]
    study = Client().create_study(
        given.name or given.table.stem,
        space=Parameters(*parameters),
        objectives=given.objectives,
        trials=len(rows) + given.more,
    )
    try:
        study.add_results(given.table)
    except TinyfrontError as error:
        sys.exit(str(error))
    print(study.refresh())


if __name__ == "__main__":
    main()
