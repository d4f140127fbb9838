"""All trials of a study as one file, written while it is sent."""

import csv
import io
import json
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from service import studies, trials
from service.api.parts import DbDep, StudyRef
from service.api.schemas.trials import Purpose, TrialOut
from service.api.spool import spooled
from service.api.trial_answers import trial_outs
from service.confirmed import TEST_ERROR
from service.db import Database
from service.models import Study
from service.states import CONFIRM
from service.transfer import writing

router = APIRouter(prefix="/studies/{study}", tags=["fronts"])

PAGE = 500
LINES = 100  # sent at once
# The order of columns; the point and the values follow, a column for each name.
PLAIN = (
    "number",
    "id",
    "status",
    "finish_no",
    "on_front",
    "feasible",
    "verified",
    "designer",
    "origin",
    "worker",
    "attempts",
    "created_at",
    "finished_at",
    "reason",
)
# What tells confirm runs of one network apart.
CONFIRMING = ("confirms_id", "replicate")


@router.get("/export", response_class=StreamingResponse)
def export(
    study: StudyRef,
    db: DbDep,
    format: Annotated[
        Literal["csv", "jsonl", "study"],
        Query(description="A table, JSON lines, or the whole study as POST /studies/import takes."),
    ] = "csv",
    purpose: Annotated[
        Purpose, Query(description="The trials of the search, or those that confirm its front.")
    ] = "search",
) -> StreamingResponse:
    """Download every trial of a study's search, or every confirm run; or the study as a whole."""
    with db.read() as session:
        found = studies.get(session, study)
        if format == "study":
            return _whole(db, found)
        pages = _pages(db, found.id, purpose)
        if format == "csv":
            body, media_type = _csv(pages, _columns(found, purpose)), "text/csv; charset=utf-8"
        else:
            body, media_type = _json_lines(pages), "application/jsonl"
        headers = {"Content-Disposition": f'attachment; filename="{found.name}.{format}"'}
    return StreamingResponse(body, media_type=media_type, headers=headers)


def _whole(db: Database, study: Study) -> StreamingResponse:
    body = spooled(_pieces(db, study.id))
    headers = {"Content-Disposition": f'attachment; filename="{study.name}.jsonl"'}
    return StreamingResponse(body, media_type="application/jsonl", headers=headers)


def _pieces(db: Database, study_id: int) -> Generator[bytes]:
    with closing(writing.lines(db, study_id)) as lines:
        while some := [f"{_json(line)}\n" for line in islice(lines, LINES)]:
            yield "".join(some).encode()


def _json(line: writing.Line) -> str:
    return json.dumps(line, allow_nan=False, separators=(",", ":"), default=datetime.isoformat)


def _pages(db: Database, study_id: int, purpose: Purpose) -> Iterator[list[TrialOut]]:
    """Read page by page, so that no transaction is open while a slow client reads."""
    after, more = 0, True
    while more:
        with db.read() as session:
            page = trials.listing(session, study_id, trials.Wanted(purpose), after, PAGE)
            shown = trial_outs(session, page.trials)
        after, more = (shown[-1].number if shown else after), page.more
        yield shown


def _json_lines(pages: Iterator[list[TrialOut]]) -> Iterator[str]:
    for page in pages:
        yield "".join(f"{trial.model_dump_json()}\n" for trial in page)


Column = tuple[str, Callable[[dict[str, Any]], Any]]


def _columns(study: Study, purpose: Purpose) -> list[Column]:
    """Name the columns of a study's table, and say where each finds its value."""
    confirm = purpose == CONFIRM
    plain = (*PLAIN, *CONFIRMING) if confirm else PLAIN
    columns: list[Column] = [(name, _plain(name)) for name in plain]
    told = [*study.problem["objectives"], *study.problem.get("constraints", ())]
    values = [*([TEST_ERROR] if confirm else []), *(each["name"] for each in told)]
    columns += [(f"values.{name}", _inside("values", name)) for name in values]
    if study.kind == "parameters":
        names = [parameter["name"] for parameter in study.definition["space"]["parameters"]]
        return columns + [(f"point.{name}", _inside("point", name)) for name in names]
    return [*columns, ("point", lambda trial: json.dumps(trial["point"]))]


def _plain(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda trial: trial[name]


def _inside(field: str, name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda trial: trial[field].get(name)


def _csv(pages: Iterator[list[TrialOut]], columns: Sequence[Column]) -> Iterator[str]:
    yield _table([[name for name, _ in columns]])
    for page in pages:
        rows = [trial.model_dump(mode="json") for trial in page]
        yield _table([[value_of(row) for _, value_of in columns] for row in rows])


def _table(rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
