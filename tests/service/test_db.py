from sqlalchemy import text

from service.db import Database


def test_a_reader_cannot_write(db: Database) -> None:
    with db.read() as session:
        session.execute(text("select 1"))
