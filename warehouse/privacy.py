"""What a warehouse notes of how people are stored in it, and of whom it must not store again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from warehouse import snowflake
from warehouse.bulk import insert_rows
from warehouse.tables.loaded import issues, users
from warehouse.tables.operational import erased_users, privacy

_ONLY = "warehouse"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyNote:
    """How people and texts are stored here; see the columns of `privacy`."""

    users: str
    key_check: str | None
    is_text_stored: bool
    salt: str


def read_note(connection: Connection) -> PrivacyNote | None:
    """What is noted; None in a warehouse that was never filled."""
    of = privacy.c
    row = connection.execute(select(of.users, of.key_check, of.is_text_stored, of.salt)).one_or_none()
    if row is None:
        return None
    return PrivacyNote(users=row.users, key_check=row.key_check, is_text_stored=row.is_text_stored, salt=row.salt)


def write_note(connection: Connection, note: PrivacyNote) -> None:
    """Note it in place of what was noted."""
    connection.execute(delete(privacy))
    connection.execute(
        privacy.insert().values(
            privacy_id=_ONLY,
            users=note.users,
            key_check=note.key_check,
            is_text_stored=note.is_text_stored,
            salt=note.salt,
        )
    )


def is_filled(connection: Connection) -> bool:
    """Whether anything is here that people could be named in."""
    return any(
        connection.execute(select(column).limit(1)).first() is not None
        for column in (issues.c.issue_id, users.c.user_id)
    )


def read_erased(connection: Connection) -> frozenset[str]:
    """The hashes of those who were erased."""
    return frozenset(connection.scalars(select(erased_users.c.erased_user_id)))


def note_erased(connection: Connection, source_id: str, hashes: Iterable[str], at: datetime) -> None:
    """Note the hashes; those that are noted already stay."""
    if connection.dialect.name == snowflake.NAME:
        new = sorted(set(hashes) - read_erased(connection))
        columns = ["erased_user_id", "source_id", "erased_at"]
        insert_rows(connection, erased_users, columns, [(one, source_id, at) for one in new])
        return
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    for one in hashes:
        statement = insert(erased_users).values(erased_user_id=one, source_id=source_id, erased_at=at)
        connection.execute(statement.on_conflict_do_nothing(index_elements=["erased_user_id"]))
