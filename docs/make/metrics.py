"""The names of the figures that a server tells Prometheus, from the server's own answer."""

from pathlib import Path
from tempfile import TemporaryDirectory

from prometheus_client.parser import text_string_to_metric_families

from docs.make.tables import table
from service import schema
from service.db import Database
from service.monitor import Monitor

HEAD = """# Metrics

What `/metrics` of a server says, in the text format of Prometheus, of all processes of that server.
How to read them is in [Operation](../operation.md#what-to-watch). Times are histograms: each has
`_bucket`, `_sum` and `_count`.

"""


def page() -> str:
    """The page in Markdown."""
    return HEAD + table(("name", "kind", "what"), _rows())


def _rows() -> list[tuple[str, str, str]]:
    with TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{Path(folder) / 'empty.db'}")
        schema.upgrade(db)
        text = Monitor().text(db).decode()
        db.close()
    rows = []
    for family in text_string_to_metric_families(text):
        name = family.name + ("_total" if family.type == "counter" else "")
        rows.append((f"`{name}`", family.type, family.documentation))
    return sorted(rows)
