"""`tinyfront-server doctor`: can a server work here, and how far are a study's models trusted?"""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from service.cli.edge import (
    Artefacts,
    AsJson,
    ConfigFile,
    DatabaseUrl,
    console,
    opened,
    say_json,
    settings_with,
)

if TYPE_CHECKING:
    from optimizer.leave_one_out import Judgement
    from service.config import Settings
    from service.db import Database
    from service.doctor import Examination

SHORTEST = 4  # lengthscales that are named
NOTHING = "-"


def doctor(
    study: Annotated[
        str | None, typer.Argument(metavar="STUDY", help="Name or number of a study.")
    ] = None,
    database: DatabaseUrl = None,
    artefacts: Artefacts = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Check what a server needs here; status 1 if something fails. With a study: its models.

    Without a study: database, schema, clock, artefact store, a planner process, workers, data sets.

    With one: predict each result from all others, and say how well that goes. Kendall and
    Spearman: rank correlation of predicted and told results, 1 is best. In 50, 80, 95 %: how many
    results lie within these intervals of their predictions; the same numbers are best. Squares:
    above 1 the model is too sure of itself. Chance: the share of the variance that it takes for
    noise.
    """
    if study is None:
        _check_up(settings_with(config, database_url=database, artefact_url=artefacts), as_json)
    else:
        with opened(database, config) as db:
            _examine(db, study, as_json)


def _check_up(settings: "Settings", as_json: bool) -> None:
    from service import checkup

    failed = False
    for found in checkup.examine(settings):
        failed |= found.state == "failed"
        if as_json:
            say_json(found.to_json())
        else:
            typer.echo(f"{found.state:<7}{found.name:<10} {found.text}")
    if failed:
        raise typer.Exit(1)


def _examine(db: "Database", study: str, as_json: bool) -> None:
    from service import doctor

    with db.read() as session:
        found = doctor.examine(session, study)
    if as_json:
        say_json(found.to_json())
        return
    console().print(_table(found))
    console().print(
        f"{found.finished} trials of {found.study} have finished, {found.completed} with a result; "
        f"{found.infeasible_share:.1%} are infeasible, "
        f"{found.over_limit_share:.1%} of the results are over a limit."
    )


def _table(found: "Examination") -> Table:
    inside = [f"in {share}" for share in found.judgements[0].inside]
    heads = ("model", "results", "Kendall", "Spearman", *inside, "squares", "chance")
    table = Table("predicted", *heads, "shortest lengthscales", box=None)
    for judgement in found.judgements:
        table.add_row(*_row(judgement))
    return table


def _row(judged: "Judgement") -> list[str]:
    shortest = sorted(judged.lengthscales.items(), key=lambda pair: pair[1])[:SHORTEST]
    return [
        judged.name,
        judged.kind,
        str(judged.observations),
        _number(judged.kendall),
        _number(judged.spearman),
        *(f"{share:.0%}" for share in judged.inside.values()),
        _number(judged.squared),
        f"{judged.noise_share:.1%}",
        ", ".join(f"{name} {length:.3g}" for name, length in shortest),
    ]


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"
