"""The settings of a server, from the class that reads them."""

from typing import Any, get_args

from docs.make.tables import table
from service.config import FILE_VARIABLE, OF_OTHERS, PREFIX, Settings

HEAD = f"""# Settings

Every variable that Tinyfront reads. [Operation](../operation.md#settings) says which of them are
arguments of `tinyfront-server serve`, too, and what goes before what.

## Of a server

Each is also a line of the TOML file that `{FILE_VARIABLE}` or `--config` names: `database_url`
there is `{PREFIX}DATABASE_URL` here.

"""
# A setting that is missing here stops the build: it would be listed without a word.
WHAT = {
    "database_url": "`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`.",
    "artefact_url": "Where files of trials lie: a folder, or any address that fsspec opens.",
    "max_artefact_bytes": "The most that one file may have.",
    "max_attempt_bytes": "The most that all files of one attempt may have.",
    "host": "The address to listen on; beyond this machine's own only with keys.",
    "port": "0 takes any that is free.",
    "processes": "How many processes answer requests; more than one on PostgreSQL only.",
    "planners": "How many processes propose.",
    "log": "`auto` is text on a terminal and JSON elsewhere. Workers read it, too.",
    "bootstrap_admin_key": "A whole key that the server enters when it starts.",
    "bootstrap_worker_key": "A whole key that the server enters when it starts.",
}
OTHERS = {
    "URL": "The server that SDK, command line and workers speak to.",
    "API_KEY": "The key that SDK, command line and workers send.",
    "CONFIG": "The TOML file with the settings of a server.",
    "TEST_DATA": "A folder with real data sets, for the tests and benchmarks that ask for them.",
}
WORDS: dict[Any, str] = {int: "whole number", str: "text", bool: "true or false", float: "number"}


def page() -> str:
    """The page in Markdown."""
    rows = [
        (f"`{PREFIX}{name.upper()}`", _values(field), _default(field), WHAT[name])
        for name, field in Settings.model_fields.items()
    ]
    others = [(f"`{PREFIX}{name}`", OTHERS[name]) for name in sorted(OF_OTHERS)]
    own = table(("variable", "value", "default", "what"), rows)
    return f"{HEAD}{own}\n## Of others\n\n{table(('variable', 'what'), others)}"


def _values(field: Any) -> str:
    kind = field.annotation
    if kind in WORDS:
        limits = [
            f"{word} {getattr(limit, name)}"
            for limit in field.metadata
            for name, word in (("gt", "above"), ("ge", "from"), ("le", "to"))
            if hasattr(limit, name)
        ]
        return ", ".join([WORDS[kind], *limits])
    choices = [each for each in get_args(kind) if isinstance(each, str)]
    return ", ".join(f"`{each}`" for each in choices) or "text"


def _default(field: Any) -> str:
    if field.default_factory is not None:
        return "half the cores"  # the only one that is computed
    return "none" if field.default is None else f"`{field.default}`"
