"""Where each stream goes on: saved in the transaction of the page that it stands behind."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select

from warehouse.tables.operational import bookmarks


def read_bookmark(connection: Connection, source_id: str, stream: str) -> str | None:
    """The stream's bookmark; None when it has none."""
    content: str | None = connection.execute(
        select(bookmarks.c.content).where(bookmarks.c.bookmark_id == f"{source_id}:{stream}")
    ).scalar()
    return content


def save_bookmark(connection: Connection, source_id: str, stream: str, content: str, now: datetime) -> None:
    """Set the stream's bookmark."""
    forget_bookmark(connection, source_id, stream)
    connection.execute(
        bookmarks.insert().values(
            bookmark_id=f"{source_id}:{stream}", source_id=source_id, stream=stream, content=content, saved_at=now
        )
    )


def forget_bookmark(connection: Connection, source_id: str, stream: str) -> None:
    """Let the stream begin anew."""
    connection.execute(delete(bookmarks).where(bookmarks.c.bookmark_id == f"{source_id}:{stream}"))
