"""`flowmart migrate`."""

from __future__ import annotations

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

Check = Annotated[bool, typer.Option("--check", help="Change nothing; exit 1 if the schema is not the newest.")]
To = Annotated[str, typer.Option("--to", metavar="REVISION", help="Go to this revision, up or down.")]
Sql = Annotated[bool, typer.Option("--sql", help="Print the SQL for an empty warehouse instead of running it.")]


def command(context: typer.Context, check: Check = False, to: To = "head", sql: Sql = False) -> None:  # noqa: FBT002 - Typer's shape
    """Bring the warehouse's schema to the newest revision.

    Make a backup first. An empty warehouse needs no migrate: sync makes its tables.
    """
    session = session_of(context)
    config = session.config()
    if check and (sql or to != "head"):
        raise UsageError("--check stands alone")
    if check:
        _require_newest(session, config)
        return
    try:
        _print_sql(session, config, to) if sql else _migrate(session, config, to)
    except CommandError as error:
        raise UsageError(f"--to {to}: {one_line(error)}") from None


def _require_newest(session: Session, config: Config) -> None:
    revision, newest = _revision(config), migrations.head()
    if revision != newest:
        raise JobFailed(
            f"the warehouse is at revision {revision or 'none'}, the newest is {newest}: `flowmart migrate`"
        )
    session.print(f"the warehouse is at the newest revision, {newest}")


def _revision(config: Config) -> str | None:
    engine = connected(config)
    try:
        return migrations.current(engine) if warehouse_exists(engine) else None
    finally:
        engine.dispose()


def _print_sql(session: Session, config: Config, to: str) -> None:
    session.print(migrations.sql(connected(config).dialect.name, to))


def _migrate(session: Session, config: Config, to: str) -> None:
    before = _revision(config)
    engine = connected(config)
    migrations.upgrade(engine, to)
    engine.dispose()
    after = _revision(config)
    same = "already " if before == after else ""
    was = "" if before == after else f" (was at {before or 'none'})"
    session.print(f"the warehouse is {same}at revision {after or 'none'}{was}")
