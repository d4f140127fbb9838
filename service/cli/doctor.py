"""`tinyfront-server doctor`: how far the models of a study can be trusted."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from service.cli.edge import AsJson, DatabaseUrl, console, opened, say_json

if TYPE_CHECKING:
    from optimizer.leave_one_out import Judgement
    from service.doctor import Examination

SHORTEST = 4  # lengthscales that are named
NOTHING = "-"


def doctor(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="Name or number of the study.")],
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Predict each result of a study from all others, and say how well that goes.

    Kendall and Spearman: rank correlation of predicted and told results, 1 is best. In 50, 80,
    95 %: how many results lie within these intervals of their predictions; the same numbers are
    best. Squares: above 1 the model is too sure of itself. Chance: the share of the variance that
    it takes for noise.
    """
    from service import doctor

    with opened(database) as db, db.read() as session:
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
