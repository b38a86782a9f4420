"""Opens the configured warehouse: makes the tables of a new one, refuses one of another schema revision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

import migrations
from flowmart.errors import ApplicationError, JobFailed
from warehouse.blocking import holders
from warehouse.engine import open_warehouse, warehouse_exists

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from flowmart.config import Config


class SchemaMismatch(ApplicationError):  # noqa: N818 - a state, as the house names them
    """The warehouse has another schema than this version of flowmart works with."""


def opened(config: Config) -> Engine:
    """The warehouse at the newest schema revision; a warehouse without tables gets them first."""
    engine = connected(config)
    try:
        if migrations.current(engine) is None and migrations.is_empty(engine):
            migrations.upgrade(engine)
        require_newest(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def connected(config: Config) -> Engine:
    """The warehouse as it is."""
    return open_warehouse(config.warehouse_url, config.warehouse.schema_name, config.warehouse.limits)


@contextmanager
def standing(config: Config) -> Iterator[Engine]:
    """The warehouse at the newest revision, for who only reads it; where there is none, `JobFailed` is raised."""
    engine = connected(config)
    try:
        if not warehouse_exists(engine):
            raise JobFailed(f"warehouse {config.warehouse.shown}: there is none yet: run `flowmart run`")
        require_newest(engine)
        yield engine
    finally:
        engine.dispose()


def holds_tables(engine: Engine) -> bool:
    """Whether the warehouse is there and has tables of ours, of whatever revision; nothing is made by looking."""
    return warehouse_exists(engine) and not (migrations.current(engine) is None and migrations.is_empty(engine))


def lock_holders(config: Config) -> str:
    """Who has locks in the warehouse at this moment, in words."""
    engine = connected(config)
    try:
        with engine.connect() as connection:
            found = holders(connection)
    except SQLAlchemyError as error:
        return f"who it is cannot be told ({type(error).__name__})"
    finally:
        engine.dispose()
    return " and ".join(holder.told() for holder in found[:_TOLD]) or "it has ended meanwhile"


_TOLD = 3


def require_newest(engine: Engine) -> None:
    """Raise `SchemaMismatch` unless code and warehouse agree."""
    revision, newest = migrations.current(engine), migrations.head()
    if revision == newest:
        return
    if revision is None:
        raise SchemaMismatch(
            "the warehouse holds tables of ours but no schema revision; "
            "if an upgrade broke off, run `flowmart migrate`, else choose an empty database or schema"
        )
    if migrations.known(revision):
        raise SchemaMismatch(
            f"the warehouse is at schema revision {revision}, this flowmart needs {newest}; "
            "make a backup and run `flowmart migrate`"
        )
    raise SchemaMismatch(
        f"the warehouse is at schema revision {revision}, which this flowmart (at {newest}) does not "
        "know; upgrade flowmart"
    )
