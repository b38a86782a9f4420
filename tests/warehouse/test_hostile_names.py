"""Names in SQL are those of the schema: a hostile one is refused, and what a tracker says is a value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from warehouse.bookmarks import read_bookmark, save_bookmark
from warehouse.engine import open_warehouse
from warehouse.loader import Loader
from warehouse.records import Project
from warehouse.roles import Place, Roles, role_statements
from warehouse.tables import METADATA, table

if TYPE_CHECKING:
    from sqlalchemy import Engine

HOSTILE = [
    'x"; DROP SCHEMA public CASCADE; --',
    "x'; DROP TABLE issues; --",
    "x y",
    "x;y",
    "x\ny",
    "x\n",
    "x.y",
    "ü",
    "1x",
    "x" * 64,
    "$user",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_threat_hostile_schema_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no plain name"):
        open_warehouse("postgresql+psycopg://host/db", schema=name)


@pytest.mark.parametrize("name", HOSTILE)
def test_threat_hostile_role_stays_a_quoted_name(name: str) -> None:
    """The command refuses it; here is what would happen if it did not."""
    sql = "\n".join(role_statements(Roles(writer=name, reader="r"), Place(database="d", schema=name)))
    outside = "".join(sql.replace("''", "").split("'")[::2])
    outside = "".join(outside.replace('""', "").split('"')[::2])
    assert "DROP" not in outside


def test_threat_sql_in_a_tracker_s_words_is_text(warehouse: Engine) -> None:
    words = """Robert'); DROP TABLE issues; --"; DELETE FROM projects; :name %s ? $1 {x} \\"""
    project = Project(project_id=f"acme:{words}", source_id="acme", key=words, name=words)
    with warehouse.begin() as connection:
        Loader(connection).upsert([project])
        save_bookmark(connection, "acme", words, words, datetime(2026, 3, 1, tzinfo=UTC))
    with warehouse.connect() as connection:
        rows = connection.execute(select(table("projects"))).mappings().all()
        assert [(row["key"], row["name"]) for row in rows] == [(words, words)]
        assert read_bookmark(connection, "acme", words) == words
        assert {connection.scalar(select(func.count()).select_from(each)) for each in METADATA.tables.values()} == {
            0,
            1,
        }
