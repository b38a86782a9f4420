"""The warehouse schema's revisions, and the commands that apply them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from warehouse.tables import METADATA

# Alembic is imported where revisions are run: looking whether a warehouse is at the newest, which every command does,
# needs nothing of it and would take twice the time

if TYPE_CHECKING:
    from alembic.config import Config

_HOME = Path(__file__).parent


def revisions() -> list[str]:
    """All revisions that this code knows, the oldest first: the numbers that the names of their files begin with."""
    return sorted(path.name.partition("_")[0] for path in (_HOME / "versions").glob("[0-9]*_*.py"))


def head() -> str:
    """The newest revision that this code knows."""
    return revisions()[-1]


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


def upgrade(engine: Engine, to: str = "head") -> None:
    """Bring the warehouse to a revision, up or down, in one transaction. A schema that is missing is made.

    At the newest revision `data_dictionary` is written anew, so that it describes the tables that are there.
    """
    from alembic import command

    from warehouse.dictionary import write_dictionary

    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            schema = connection.execute(text("SHOW search_path")).scalar_one().split(",")[0].strip().strip('"')
            if schema not in {"$user", "public"}:
                connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('flowmart migrations'))"))
        config = _config()
        config.attributes["connection"] = connection
        now, order = _current(connection), revisions()
        goes_down = now is not None and (to == "base" or (to in order and order.index(to) < order.index(now)))
        (command.downgrade if goes_down else command.upgrade)(config, to)
        if _current(connection) == head():
            write_dictionary(connection)


def sql(dialect: str, to: str = "head") -> str:
    """The SQL that makes an empty warehouse of that dialect (`sqlite` or `postgresql`) reach a revision."""
    from alembic import command

    config = _config()
    config.attributes["dialect"] = dialect
    config.output_buffer = io.StringIO()
    command.upgrade(config, to, sql=True)
    return config.output_buffer.getvalue()


def _current(connection: Connection) -> str | None:
    """What Alembic has noted in its own table."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return revision


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HOME).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
