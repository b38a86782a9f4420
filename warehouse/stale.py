"""Which issues the next compute has to renew: what loads or marks something of an issue says so in its transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Select, String, bindparam, delete, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from warehouse import snowflake
from warehouse.bulk import execute_many
from warehouse.fetching import portions
from warehouse.tables.operational import stale_issues

_SQLITE = sqlite.dialect(paramstyle="qmark")
_MARK = str(
    sqlite.insert(stale_issues).values(issue_id=bindparam("issue_id")).on_conflict_do_nothing().compile(dialect=_SQLITE)
)


def mark_stale(connection: Connection, issue_ids: Iterable[str]) -> None:
    """Note the issues; those that are noted already stay so."""
    wanted = sorted(set(issue_ids))  # in one order, so that sources that write side by side cannot wait in a ring
    if not wanted:
        return
    if connection.dialect.name == "sqlite":
        execute_many(connection, _MARK, ((one,) for one in wanted))
        return
    if connection.dialect.name == snowflake.NAME:
        _mark_anew(connection, wanted)
        return
    given = bindparam("wanted", wanted, type_=postgresql.ARRAY(String))
    connection.execute(
        postgresql.insert(stale_issues)
        .from_select(["issue_id"], select(func.unnest(given)))
        .on_conflict_do_nothing(index_elements=["issue_id"])
    )


def mark_stale_where(connection: Connection, found: Select[tuple[str]]) -> None:
    """Note the issues that the statement selects (one column, ids; NULL is passed over)."""
    ids = found.subquery()
    (column,) = ids.c
    if connection.dialect.name == snowflake.NAME:
        noted = select(stale_issues.c.issue_id)
        new = select(column).distinct().where(column.is_not(None), column.not_in(noted))
        connection.execute(stale_issues.insert().from_select(["issue_id"], new))
        return
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    # without a WHERE, SQLite takes ON CONFLICT for a join
    statement = insert(stale_issues).from_select(
        ["issue_id"], select(column).distinct().where(column.is_not(None), literal(1) == 1)
    )
    connection.execute(statement.on_conflict_do_nothing(index_elements=["issue_id"]))


def _mark_anew(connection: Connection, issue_ids: Sequence[str]) -> None:
    """The same where nothing keeps a key from being there twice: what is noted is taken away first."""
    for some in portions(issue_ids):
        connection.execute(delete(stale_issues).where(stale_issues.c.issue_id.in_(some)))
        connection.execute(stale_issues.insert().values([{"issue_id": one} for one in some]))


def read_stale(connection: Connection) -> list[str]:
    """The issues noted, by id."""
    return list(connection.scalars(select(stale_issues.c.issue_id).order_by(stale_issues.c.issue_id)))


def forget_stale(connection: Connection) -> None:
    """Take all notes away: everything was renewed."""
    connection.execute(delete(stale_issues))
