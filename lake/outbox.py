"""What a working file notes beside its tables: which rows are still to be published, and which page was the last.

Triggers write the notes, in the transaction of whatever changes a row. They stand in working files only.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    inspect,
    select,
)

from lake.layout import MONTH_OF, PUBLISHED, kept_columns, key_of

_OWN = MetaData()

outbox = Table(
    "lake_outbox",
    _OWN,
    Column("id", Integer, primary_key=True),
    Column("table_name", String, nullable=False),
    Column("key", String, nullable=False),
    Column("month", String),
    sqlite_autoincrement=True,  # a number that was published is not given again
)
"""One row per insert, change or deletion of a row; of a deleted one with the month that it lay in."""

state = Table(
    "lake_state",
    _OWN,
    Column("work", String, nullable=False),
    Column("page", BigInteger),
    Column("origin", String),
    Column("pending", BigInteger),
    Column("upto", BigInteger),
)
"""One row: this file's name in the lake, its last page there, and a page that may or may not have been committed."""


@dataclass(frozen=True, slots=True)
class State:
    """How a working file stands to the lake."""

    work: str
    """This file's name in the lake."""
    page: int | None
    """The last page of this file that was committed, or that it was restored from."""
    origin: str | None
    """The file that this page came from."""
    pending: int | None
    """A page that was begun."""
    upto: int | None
    """The last note that it has the rows of."""


def prepare(connection: Connection, page: int | None = None, origin: str | None = None) -> None:
    """Make the notes' tables, and the triggers anew for the columns of today.

    A file that is prepared for the first time holds the rows of `page`, which the file `origin` published.
    """
    _OWN.create_all(connection)
    for table in PUBLISHED:
        for name, statement in _triggers(connection, table):
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
            connection.exec_driver_sql(statement)
    if connection.execute(select(state)).first() is None:
        connection.execute(insert(state).values(work=uuid.uuid4().hex, page=page, origin=origin))


def _triggers(connection: Connection, table: Table) -> Iterator[tuple[str, str]]:
    quote = connection.dialect.identifier_preparer.quote
    key = quote(key_of(table).name)
    names = [quote(column.name) for column in kept_columns(table) if not column.primary_key]
    month = f"substr(OLD.{quote(MONTH_OF[table.name])}, 1, 7)" if table.name in MONTH_OF else "NULL"
    differs = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in names)
    note = f"INSERT INTO {outbox.name} (table_name, key, month) VALUES ('{table.name}', "  # noqa: S608 - our own names
    for word, when, row in (
        ("insert", "", f"NEW.{key}, NULL"),
        # the same page twice changes nothing, and then there is nothing to publish
        ("update", f"WHEN {differs or '0'}", f"NEW.{key}, NULL"),
        ("delete", "", f"OLD.{key}, {month}"),
    ):
        name = f"lake_{table.name}_{word}"
        yield name, f"CREATE TRIGGER {name} AFTER {word} ON {quote(table.name)} {when} BEGIN {note}{row}); END"


def read_state(connection: Connection) -> State | None:
    """The file's state; None when it was never prepared."""
    if not inspect(connection).has_table(state.name):
        return None
    row = connection.execute(
        select(state.c.work, state.c.page, state.c.origin, state.c.pending, state.c.upto)
    ).one_or_none()
    return None if row is None else State(*row)


def waiting(connection: Connection) -> int:
    """How many notes wait, roughly: some rows have several."""
    first, last = connection.execute(
        select(select(func.min(outbox.c.id)).scalar_subquery(), select(func.max(outbox.c.id)).scalar_subquery())
    ).one()
    return 0 if last is None else int(last - first + 1)


def last_note(connection: Connection) -> int | None:
    """The newest note."""
    newest: int | None = connection.execute(select(func.max(outbox.c.id))).scalar()
    return newest


def begin(connection: Connection, page: int, upto: int) -> None:
    """Note that the page may be committed from now on, with the rows noted so far."""
    connection.execute(state.update().values(pending=page, upto=upto))


def settle(connection: Connection, page: int, upto: int) -> None:
    """Note that the page was committed."""
    connection.execute(delete(outbox).where(outbox.c.id <= upto))
    connection.execute(state.update().values(page=page, origin=state.c.work, pending=None, upto=None))
