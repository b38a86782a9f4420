"""Names that issues repeat for the sake of BI, kept equal to those of the things that they name."""

from __future__ import annotations

from sqlalchemy import Connection, exists, select, update

from warehouse.tables.loaded import issues, statuses


def follow_status_names(connection: Connection, source_id: str) -> int:
    """Give issues the names that their statuses have now; returns how many had another one.

    A tracker renames a status without touching the issues that are in it, so no increment brings them.
    """
    is_own = statuses.c.status_id == issues.c.status_id
    name = select(statuses.c.name).where(is_own).scalar_subquery()
    changed = exists().where(is_own, statuses.c.name != issues.c.status)
    statement = update(issues).where(issues.c.source_id == source_id, changed).values(status=name)
    return connection.execute(statement).rowcount
