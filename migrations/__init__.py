"""The warehouse schema's revisions, and the commands that apply them."""

from __future__ import annotations

import io
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from warehouse.dictionary import write_dictionary
from warehouse.tables import METADATA


def head() -> str:
    """The newest revision that this code knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise LookupError("there are no revisions")
    return revision


def known(revision: str) -> bool:
    """Whether this code has that revision."""
    return any(script.revision == revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def current(engine: Engine) -> str | None:
    """The revision of the warehouse; None when it has none."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_empty(engine: Engine) -> bool:
    """Whether the warehouse holds no table of ours."""
    return not set(inspect(engine).get_table_names()) & set(METADATA.tables)


def upgrade(engine: Engine, to: str = "head") -> None:
    """Bring the warehouse to a revision, up or down, in one transaction. A schema that is missing is made.

    At the newest revision `data_dictionary` is written anew, so that it describes the tables that are there.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            schema = connection.execute(text("SHOW search_path")).scalar_one().split(",")[0].strip().strip('"')
            if schema not in {"$user", "public"}:
                connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('flowmart migrations'))"))
        config = _config()
        config.attributes["connection"] = connection
        now = MigrationContext.configure(connection).get_current_revision()
        order = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]
        goes_down = now is not None and (to == "base" or (to in order and order.index(to) < order.index(now)))
        (command.downgrade if goes_down else command.upgrade)(config, to)
        if MigrationContext.configure(connection).get_current_revision() == head():
            write_dictionary(connection)


def sql(dialect: str, to: str = "head") -> str:
    """The SQL that makes an empty warehouse of that dialect (`sqlite` or `postgresql`) reach a revision."""
    config = _config()
    config.attributes["dialect"] = dialect
    config.output_buffer = io.StringIO()
    command.upgrade(config, to, sql=True)
    return config.output_buffer.getvalue()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
