"""`tinyfront-server replay`: make a stored proposal again."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from service.cli.edge import AsJson, ConfigFile, DatabaseUrl, console, opened, say_json

if TYPE_CHECKING:
    from service.replaying import Proposed, Replay

WORDS = {
    "same": "the same, to the last bit",
    "near": "the same candidate, its value agrees to a millionth",
    "different": "another one",
}
NOTHING = "-"


def replay(
    trial: Annotated[int, typer.Argument(metavar="TRIAL", help="Id of the trial.")],
    database: DatabaseUrl = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Make the proposal of a trial again and compare; status 1 if another one comes out."""
    from service import replaying

    with opened(database, config) as db:
        found = replaying.replay(db, trial)
    if as_json:
        say_json(found.to_json())
    else:
        console().print(_table(found))
    if found.verdict == "different":
        raise typer.Exit(1)


def _table(found: "Replay") -> Table:
    table = Table("", "then", "now", box=None)
    table.add_row(f"trial {found.trial_id}", "", WORDS[found.verdict])
    now = found.now
    table.add_row("value", _number(found.then.value), _number(now.value if now else None))
    for name in found.then.prediction:
        table.add_row(f"predicted {name}", _predicted(found.then, name), _predicted(now, name))
    for name, value in found.then.point.items():
        table.add_row(name, str(value), str(now.point.get(name, NOTHING)) if now else NOTHING)
    for reason in found.reasons:
        table.add_row("differs", "", reason)
    return table


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.12g}"


def _predicted(proposed: "Proposed | None", name: str) -> str:
    said = {} if proposed is None else proposed.prediction.get(name, {})
    return f"{said['mean']:.12g} ± {said['sd']:.12g}" if said else NOTHING
