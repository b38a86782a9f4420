"""Alembic's entry: runs revisions on the connection, or for the dialect, that `migrations/__init__.py` hands over."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

import migrations.snowflake_ddl  # noqa: F401 - tells Alembic what Snowflake does otherwise
from warehouse.tables import METADATA
from warehouse.types import JsonText, UtcDateTime

attributes: dict[str, Any] = context.config.attributes


def render_item(kind: str, item: object, autogen_context: Any) -> str | Literal[False]:  # noqa: ANN401 - Alembic's type
    """Autogenerate writes our own column types by their name and imports them."""
    if kind == "type" and isinstance(item, (UtcDateTime, JsonText)):
        autogen_context.imports.add("from warehouse.types import JsonText, UtcDateTime")
        return f"{type(item).__name__}()"
    return False


def run() -> None:
    """Online with a connection, offline (SQL as text) without one."""
    options: dict[str, Any] = {
        "target_metadata": METADATA,
        "render_item": render_item,
        "render_as_batch": True,  # SQLite alters a table by making it anew
        "compare_type": True,
        "transactional_ddl": True,
    }
    if context.is_offline_mode():
        # with the driver's own style of parameters every % in a comment would be doubled
        dialect = {"dialect_name": attributes["dialect"], "dialect_opts": {"paramstyle": "named"}}
        context.configure(**dialect, literal_binds=True, **options)
    else:
        context.configure(connection=attributes["connection"], **options)
    with context.begin_transaction():
        for statement in attributes.get("before", ()):
            context.execute(statement)
        context.run_migrations()
        for statement in attributes.get("after", ()):
            context.execute(statement)


run()
