"""Opening a warehouse: what is accepted, and that readers are not shut out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, select

from warehouse.bookmarks import forget_bookmark, read_bookmark, save_bookmark
from warehouse.engine import keeping_connections, open_warehouse
from warehouse.tables import METADATA, table
from warehouse.types import UtcDateTime

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_other_databases_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no warehouse on mysql"):
        open_warehouse("mysql://host/db")


def test_a_schema_must_be_a_plain_name() -> None:
    with pytest.raises(ValueError, match="no plain name"):
        open_warehouse("postgresql+psycopg://host/db", schema='x"; DROP SCHEMA public')


def test_analysts_read_while_a_sync_writes(tmp_path: Path) -> None:
    engine = open_warehouse(f"sqlite:///{tmp_path / 'w.db'}")
    METADATA.create_all(engine)
    with engine.begin() as writer:
        save_bookmark(writer, "acme", "issues", "1", NOON)
        with engine.connect() as reader:
            assert reader.execute(select(table("bookmarks"))).all() == []
    with engine.connect() as reader:
        assert len(reader.execute(select(table("bookmarks"))).all()) == 1


def test_bookmarks_are_kept_per_source_and_stream(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        save_bookmark(connection, "acme", "issues", "old", NOON)
        save_bookmark(connection, "acme", "issues", "new", NOON)
        save_bookmark(connection, "contoso", "issues", "other", NOON)
        forget_bookmark(connection, "contoso", "issues")
        assert read_bookmark(connection, "acme", "issues") == "new"
        assert read_bookmark(connection, "contoso", "issues") is None


def test_naive_instants_are_refused() -> None:
    naive = datetime(2026, 3, 1)  # noqa: DTZ001 - what is refused
    with pytest.raises(ValueError, match="needs a time zone"):
        UtcDateTime().process_bind_param(naive, create_engine("sqlite://").dialect)


def test_many_transactions_share_a_connection_that_is_kept(warehouse: Engine) -> None:
    with keeping_connections(warehouse) as kept:
        with kept.begin() as first:
            save_bookmark(first, "acme", "issues", "1", NOON)
            used = first.connection.driver_connection
        with kept.begin() as second:
            assert second.connection.driver_connection is used
            assert read_bookmark(second, "acme", "issues") == "1"


def test_a_sqlite_file_is_whole_once_its_connections_are_not_kept_any_more(tmp_path: Path) -> None:
    engine = open_warehouse(f"sqlite:///{tmp_path / 'w.db'}")
    METADATA.create_all(engine)
    with keeping_connections(engine) as kept:
        with kept.begin() as connection:
            save_bookmark(connection, "acme", "issues", "1", NOON)
        assert (tmp_path / "w.db-wal").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["w.db"]
