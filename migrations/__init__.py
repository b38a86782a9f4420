"""The warehouse schema's revisions, and the commands that apply them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, Executable, inspect, text

from warehouse.postgresql import MIGRATION_LOCK
from warehouse.tables import METADATA

# Alembic is imported where revisions are run: looking whether a warehouse is at the newest, which every command does,
# needs nothing of it and would take twice the time

if TYPE_CHECKING:
    from alembic.config import Config

_HOME = Path(__file__).parent
VERSIONS = _HOME / "versions"


def revisions(folders: Sequence[Path] = (VERSIONS,)) -> list[str]:
    """All revisions that this code knows, oldest first: the numbers that the names of their files begin with.

    `folders`, here and below, are those with revisions.
    """
    return sorted(path.name.partition("_")[0] for folder in folders for path in folder.glob("[0-9]*_*.py"))


def head(folders: Sequence[Path] = (VERSIONS,)) -> str:
    """The newest revision that this code knows."""
    return revisions(folders)[-1]


def known(revision: str) -> bool:
    """Whether this code has that revision."""
    return revision in revisions()


def current(engine: Engine) -> str | None:
    """The revision of the warehouse; None when it has none."""
    with engine.connect() as connection:
        return _current(connection)


def is_empty(engine: Engine) -> bool:
    """Whether the warehouse holds no table of ours."""
    return not set(inspect(engine).get_table_names()) & set(METADATA.tables)


def upgrade(engine: Engine, to: str = "head", folders: Sequence[Path] = (VERSIONS,)) -> None:
    """Bring the warehouse to a revision, up or down, in one transaction. A schema that is missing is made.

    On Snowflake each statement commits, the schema has to be there, and what broke off is done by doing it again.

    At the newest revision `data_dictionary` is written anew, so that it describes the tables that are there.
    """
    from alembic import command

    from warehouse.dictionary import write_dictionary

    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            _prepare(connection)
        config = _config(folders)
        config.attributes["connection"] = connection
        goes_down = _goes_down(_current(connection), to, revisions(folders))
        (command.downgrade if goes_down else command.upgrade)(config, to)
        if _current(connection) == head(folders):
            write_dictionary(connection)


def sql(
    dialect: str, to: str = "head", *, since: str = "base", schema: str = "", folders: Sequence[Path] = (VERSIONS,)
) -> str:
    """The SQL that brings a warehouse of that dialect (such as `postgresql`) from one revision to another.

    It does all that `upgrade` does, in one transaction where DDL has one. `base` is an empty warehouse. On PostgreSQL
    `schema` is made if missing.
    """
    from alembic import command

    from warehouse.dictionary import dictionary_rows

    config, order = _config(folders), revisions(folders)
    becomes_newest = to in {"head", order[-1]} and since != order[-1]
    config.attributes["dialect"] = dialect
    config.attributes["before"] = _preparing(since, schema) if dialect == "postgresql" else []
    config.attributes["after"] = dictionary_rows() if becomes_newest else []
    config.output_buffer = io.StringIO()
    goes_down = _goes_down(None if since == "base" else since, to, order)
    (command.downgrade if goes_down else command.upgrade)(config, f"{since}:{to}", sql=True)
    return config.output_buffer.getvalue()


_ONE_AT_A_TIME = (
    text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"),
    # at most 10 s: a table that waits to be altered makes every reader after it wait too
    text(
        "SELECT set_config('lock_timeout', least(nullif(setting::int, 0), 10000)::text, true) "
        "FROM pg_settings WHERE name = 'lock_timeout'"
    ),
    text("SET LOCAL statement_timeout = 0"),  # a table that is written anew takes what it takes
)


def _preparing(since: str, schema: str) -> list[Executable]:
    """What comes first where nobody can be asked."""
    making = [text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')] if schema and since == "base" else []
    using = [text(f'SET LOCAL search_path TO "{schema}"')] if schema else []
    return [*using, *_ONE_AT_A_TIME, *making]


def _prepare(connection: Connection) -> None:
    """One migration at a time, in a schema that is there."""
    for statement in _ONE_AT_A_TIME:
        connection.execute(statement)
    schema = connection.execute(text("SHOW search_path")).scalar_one().split(",")[0].strip().strip('"')
    if schema in {"$user", "public"}:
        return
    # asked first: CREATE SCHEMA IF NOT EXISTS wants a right on the database even where there is nothing to create
    there = text("SELECT FROM pg_namespace WHERE nspname = :name")
    if connection.execute(there, {"name": schema}).first() is None:
        connection.execute(text(f'CREATE SCHEMA "{schema}"'))


def _current(connection: Connection) -> str | None:
    """What Alembic has noted in its own table."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return revision


def _goes_down(now: str | None, to: str, order: Sequence[str]) -> bool:
    if now is None or now not in order:
        return False
    return to == "base" or (to in order and order.index(to) < order.index(now))


def _config(folders: Sequence[Path] = (VERSIONS,)) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("path_separator", "newline")
    config.set_main_option("script_location", _plain(_HOME))
    config.set_main_option("version_locations", "\n".join(map(_plain, folders)))
    return config


def _plain(path: Path) -> str:
    return str(path).replace("%", "%%")
