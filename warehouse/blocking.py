"""Who keeps a PostgreSQL warehouse locked, for the person whose command could not wait any longer."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

from warehouse.postgresql import MIGRATION_LOCK

_WHO = text(
    f"""
    SELECT held.pid, activity.usename, activity.application_name, activity.state, activity.xact_start, held.tables
    FROM (
        SELECT locks.pid, bool_or(locks.mode <> 'AccessShareLock') AS writes,
            string_agg(DISTINCT class.relname, ', ' ORDER BY class.relname) AS tables
        FROM pg_locks AS locks
        LEFT JOIN pg_class AS class ON class.oid = locks.relation AND class.relkind IN ('r', 'p')
            AND class.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
        WHERE locks.granted AND locks.pid <> pg_backend_pid()
            AND locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND (
                class.relname IS NOT NULL
                OR (locks.locktype = 'advisory'
                    AND (locks.classid::bigint << 32) | locks.objid::bigint = {MIGRATION_LOCK}::bigint)
            )
        GROUP BY locks.pid
    ) AS held
    LEFT JOIN pg_stat_activity AS activity ON activity.pid = held.pid
    ORDER BY held.writes DESC, activity.xact_start NULLS LAST, held.pid
    """  # noqa: S608 - text of ours
)


class Holder(NamedTuple):
    """A session that has locks in the warehouse. What the server does not tell this user is None."""

    pid: int
    user: str | None
    application: str | None
    state: str | None
    since: datetime | None
    tables: str | None
    """Names with commas between; None for a migration that has made its tables only now."""

    def told(self) -> str:
        """In words: `process 4711 (anna, psql, idle in transaction, since 2026-10-02 07:15:04 UTC) holds issues`."""
        about = [part for part in (self.user, self.application, self.state) if part]
        if self.since is not None:
            about.append(f"since {self.since:%Y-%m-%d %H:%M:%S} UTC")
        who = f"process {self.pid} ({', '.join(about)})" if about else f"process {self.pid}"
        return f"{who} holds {self.tables or 'the lock of migrations'}"


def holders(connection: Connection) -> list[Holder]:
    """The sessions that hold tables of the warehouse's schema: those that do more than read first, then the oldest."""
    return [Holder(*row) for row in connection.execute(_WHO)]
