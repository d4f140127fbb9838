"""What all tables have in common."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, ForeignKey, MetaData, Text
from sqlalchemy.orm import DeclarativeBase

from service.columns import UtcDateTime

# Plain JSON text, not PostgreSQL's JSONB: that one rewrites numbers (1e20 comes back as an integer)
# and forgets the order of keys.
Json = JSON(none_as_null=True)
# Identities are never reused, so a stale link or token cannot reach a younger row.
NEVER_REUSED = {"sqlite_autoincrement": True}


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        datetime: UtcDateTime(),
        str: Text(),
        dict[str, Any]: Json,
        list[Any]: Json,
    }


def belongs_to(parent: str) -> ForeignKey:
    """A reference to a row without which this one has no meaning: it is deleted with it."""
    return ForeignKey(parent, ondelete="CASCADE")
