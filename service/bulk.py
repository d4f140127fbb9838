"""Writes the changed rows of a session by one statement for each table and set of columns.

SQLAlchemy's flush sorts every object by what it depends on and writes updates row by row; for the
trials and attempts of twenty workers that is two fifths of what their transaction costs. On
PostgreSQL, where a server has many workers, arrays go over the wire instead. SQLite keeps the
flush.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    Insert,
    Table,
    Update,
    bindparam,
    column,
    func,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy import insert as insert_into
from sqlalchemy.orm import InstanceState, Session
from sqlalchemy.sql.selectable import TableValuedAlias

from service.models import Base

Row = Mapping[str, Any]
Keys = tuple[str, ...]
PLACES = {table: place for place, table in enumerate(Base.metadata.sorted_tables)}


def flush(session: Session) -> None:
    """Write what was added and changed, and let go of it: all objects are detached afterwards.

    Changes come before additions, so that what ends makes room for what begins. Nothing may be
    deleted in the session, and what was added must have its primary key.
    """
    if session.get_bind().dialect.name == "postgresql":
        _write(session)
    else:
        session.flush()
    session.expunge_all()


def numbers(session: Session, model: type[Base], count: int) -> list[int]:
    """Return identities for new rows of a table, which are then nobody else's."""
    name = table(model).name
    if session.get_bind().dialect.name == "postgresql":
        sequence = func.nextval(func.pg_get_serial_sequence(name, "id"))
        return list(session.scalars(select(sequence).select_from(func.generate_series(1, count))))
    # What is inserted with an identity of its own moves the sequence on. There is one writer.
    last = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    first = 1 + (session.scalar(last, {"name": name}) or 0)
    return list(range(first, first + count))


def arrays(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Turn rows, one at least, into a list for each of their keys, for a statement on `given`."""
    return {f"all_{key}": _alike([row[key] for row in rows]) for key in rows[0]}


@cache
def given(model: type[Base], keys: Keys) -> TableValuedAlias:
    """Return as a table what `arrays` of these attributes make up."""
    columns = inspect(model).column_attrs
    types = [columns[key].columns[0].type for key in keys]
    names = [column(key, kind) for key, kind in zip(keys, types, strict=True)]
    # Of one dimension, else a list that is the JSON of one row would be taken for several.
    values = [bindparam(f"all_{name.key}", type_=ARRAY(name.type, dimensions=1)) for name in names]
    return func.unnest(*values).table_valued(*names, name="given").render_derived()


def _alike(values: list[Any]) -> list[Any]:
    """Return values of one type, as an array needs them: 3 beside 0.5 becomes 3.0."""
    mixed = {type(value) for value in values} >= {int, float}
    return [float(v) if isinstance(v, int) else v for v in values] if mixed else values


def table(model: type[Base]) -> Table:
    """Return the table of a model."""
    found = model.__table__
    assert isinstance(found, Table)
    return found


def _write(session: Session) -> None:
    changed: dict[tuple[type[Base], Keys], list[Row]] = defaultdict(list)
    each: Base
    for each in session.dirty:
        if keys := _changed(inspect(each)):
            row = {key: getattr(each, key) for key in (*_identity(type(each)), *keys)}
            changed[type(each), keys].append(row)
    added: dict[type[Base], list[Row]] = defaultdict(list)
    for each in session.new:
        said = inspect(each).dict
        row = {key: said.get(key, default) for key, default in _defaults(type(each)).items()}
        added[type(each)].append(row)
    connection = session.connection()
    for (model, keys), rows in changed.items():
        connection.execute(_update(model, keys), arrays(rows))
    for model in sorted(added, key=lambda model: PLACES[table(model)]):
        connection.execute(_insert(model), arrays(added[model]))


def _changed(state: InstanceState[Base]) -> Keys:
    """Return which attributes differ from what was read, in their order in the table."""
    now, before = state.dict, state.committed_state
    return tuple(k for k in _defaults(state.class_) if k in before and now[k] != before[k])


@cache
def _identity(model: type[Base]) -> Keys:
    mapper = inspect(model)
    return tuple(mapper.get_property_by_column(each).key for each in mapper.primary_key)


@cache
def _defaults(model: type[Base]) -> Row:
    """Return for each attribute that is a column what a new row has if nobody says it."""
    columns = {each.key: each.columns[0] for each in inspect(model).column_attrs}
    return {key: each.default.arg if each.default else None for key, each in columns.items()}


@cache
def _update(model: type[Base], keys: Keys) -> Update:
    identity = _identity(model)
    rows = given(model, (*identity, *keys)).c
    columns = {key: inspect(model).column_attrs[key].columns[0] for key in (*identity, *keys)}
    same = [columns[key] == rows[key] for key in identity]
    return update(table(model)).where(*same).values({columns[key]: rows[key] for key in keys})


@cache
def _insert(model: type[Base]) -> Insert:
    keys = tuple(_defaults(model))
    columns = [inspect(model).column_attrs[key].columns[0] for key in keys]
    return insert_into(table(model)).from_select(columns, select(*given(model, keys).c))
