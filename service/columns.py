"""Column types of our own: UTC times, enumerations that the database checks, identities."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, DateTime, Dialect, Enum, Integer
from sqlalchemy.types import TypeDecorator

# SQLite numbers rows by itself only if the type is exactly INTEGER (64 bits there).
Id = BigInteger().with_variant(Integer(), "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time. Refuses naive values, returns UTC on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into UTC for the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"need a time with a zone, got the naive {value.isoformat()}.")
        value = value.astimezone(UTC)
        # SQLite has no zones: every time in it is UTC, so texts compare like times.
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored time as UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _values(kind: type[StrEnum]) -> Sequence[str]:
    return [member.value for member in kind]


def one_of(kind: type[StrEnum], name: str) -> Enum:
    """Return a text column type whose CHECK constraint `name` admits the members of `kind` only."""
    return Enum(
        kind,
        name=name,
        values_callable=_values,
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        length=16,
    )
