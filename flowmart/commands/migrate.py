"""`flowmart migrate`."""

from __future__ import annotations

import re
from typing import Annotated

import typer
from alembic.util import CommandError

import migrations
from flowmart.commands.options import session_of
from flowmart.config import Config
from flowmart.errors import JobFailed, UsageError
from flowmart.failures import one_line
from flowmart.session import Session
from flowmart.store import connected
from warehouse.engine import warehouse_exists
from warehouse.roles import Place, Roles, make_roles, printed

Check = Annotated[bool, typer.Option("--check", help="Change nothing; exit 1 if the schema is not the newest.")]
To = Annotated[str, typer.Option("--to", metavar="REVISION", help="Go to this revision, up or down.")]
Sql = Annotated[bool, typer.Option("--sql", help="Print the SQL instead of running it; asks nothing of the warehouse.")]
Since = Annotated[
    str | None, typer.Option("--from", metavar="REVISION", help="With --sql: where it begins [default: empty].")
]
MakeRoles = Annotated[
    bool, typer.Option("--roles", help="PostgreSQL: make a role that writes and one that reads; safe to repeat.")
]
Writer = Annotated[str, typer.Option("--writer", metavar="NAME", help="With --roles: name of the role that writes.")]
Reader = Annotated[str, typer.Option("--reader", metavar="NAME", help="With --roles: name of the role that reads.")]

_ROLE = re.compile(r"(?!pg_)[A-Za-z_][A-Za-z0-9_$-]{0,62}")
_NAMES = Roles()


def command(
    context: typer.Context,
    check: Check = False,  # noqa: FBT002 - Typer's shape
    to: To = "head",
    sql: Sql = False,  # noqa: FBT002
    since: Since = None,
    roles: MakeRoles = False,  # noqa: FBT002
    writer: Writer = _NAMES.writer,
    reader: Reader = _NAMES.reader,
) -> None:
    """Bring the warehouse's schema to the newest revision.

    Make a backup first. An empty warehouse needs no migrate: sync makes its tables. --roles is for the owner of the
    tables: it makes two roles on PostgreSQL that may do just what a run and an analyst need.
    """
    session = session_of(context)
    config = session.config()
    if check and (sql or roles or to != "head"):
        raise UsageError("--check stands alone")
    if since is not None and not sql:
        raise UsageError("--from is for --sql: a warehouse knows its own revision")
    if check:
        session.print(f"the warehouse is at the newest revision, {_require_newest(config)}")
    elif roles:
        _roles(session, config, _named(writer, reader), sql=sql)
    else:
        _go(session, config, to, since or "base", sql=sql)


def _go(session: Session, config: Config, to: str, since: str, *, sql: bool) -> None:
    try:
        _print_sql(session, config, to, since) if sql else _migrate(session, config, to)
    except CommandError as error:
        raise UsageError(f"--to {to}: {one_line(error)}") from None


def _named(writer: str, reader: str) -> Roles:
    for name in (writer, reader):
        if not _ROLE.fullmatch(name):
            raise UsageError(f"{name!r} is no name for a role: letters, digits, _ and -, not beginning with pg_")
    if writer == reader:
        raise UsageError("--writer and --reader must differ")
    return Roles(writer=writer, reader=reader)


def _roles(session: Session, config: Config, roles: Roles, *, sql: bool) -> None:
    engine = connected(config)
    if engine.dialect.name == "snowflake":
        raise UsageError("--roles is for PostgreSQL; docs/snowflake.md has the grants that Snowflake's roles need")
    if engine.dialect.name != "postgresql":
        raise UsageError("--roles is for PostgreSQL; in SQLite whoever may write the file may write the warehouse")
    if sql:
        place = Place(database=engine.url.database, schema=config.warehouse.schema_name or "public")
        session.put(f"-- to be run by the owner of the tables, with the right to make roles\n{printed(roles, place)}")
        return
    _require_newest(config)
    try:
        with engine.begin() as connection:
            notes = make_roles(connection, roles)
    finally:
        engine.dispose()
    session.print(f"{roles.writer} writes and {roles.reader} reads; GRANT them to the logins that need them")
    for note in notes:
        session.tell(note)


def _require_newest(config: Config) -> str:
    revision, newest = _revision(config), migrations.head()
    if revision != newest:
        raise JobFailed(
            f"the warehouse is at revision {revision or 'none'}, the newest is {newest}: `flowmart migrate`"
        )
    return newest


def _revision(config: Config) -> str | None:
    engine = connected(config)
    try:
        return migrations.current(engine) if warehouse_exists(engine) else None
    finally:
        engine.dispose()


def _print_sql(session: Session, config: Config, to: str, since: str) -> None:
    dialect, schema = connected(config).dialect.name, config.warehouse.schema_name
    session.put(migrations.sql(dialect, to, since=since, schema=schema))


def _migrate(session: Session, config: Config, to: str) -> None:
    before = _revision(config)
    engine = connected(config)
    try:
        migrations.upgrade(engine, to)
    finally:
        engine.dispose()
    after = _revision(config)
    same = "already " if before == after else ""
    was = "" if before == after else f" (was at {before or 'none'})"
    session.print(f"the warehouse is {same}at revision {after or 'none'}{was}")
