"""The views of docs/lake.md, asked of another engine, give what a restored source has."""

from __future__ import annotations

import random
import re
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from sqlalchemy import delete

from lake.compacting import compact
from lake.computed import publish
from lake.layout import kept_columns
from lake.opening import Lake, opened
from tests.lake.test_compacting import make
from tests.lake.workings import NOON, a_working, publishing, put, rows_of, stir
from warehouse.tables.loaded import issues

DOCS = Path(__file__).parents[2] / "docs" / "lake.md"
VIEWS = re.findall(r"```sql\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)


def asked(lake: Lake, statement: str, **tables: tuple[str, ...]) -> list[tuple[object, ...]]:
    """What DuckDB answers, with the views and these tables of the lake."""
    with duckdb.connect() as engine:
        for name, place in tables.items():
            handle = opened(lake, *place)
            assert handle is not None
            engine.register(name, handle.to_pyarrow_dataset())
        for views in VIEWS:
            if all(name in tables for name in re.findall(r"\blake_\w+", views)):
                engine.execute(views)
        return engine.execute(statement).fetchall()


@pytest.mark.parametrize("compacted", [pytest.param(False, marks=pytest.mark.thorough), True])
def test_the_view_of_a_loaded_table_has_the_rows_of_all_sources(lake: Lake, tmp_path: Path, *, compacted: bool) -> None:
    chance, ours, theirs = random.Random(5), a_working(tmp_path / "ours.db"), a_working(tmp_path / "theirs.db")
    put(theirs, issues, "contoso:1", "contoso:2")
    with publishing(lake, theirs, "contoso") as publisher:
        publisher.publish()
    with publishing(lake, ours) as publisher:
        for _ in range(4):
            with ours.begin() as connection:
                stir(connection, chance, [issues], 12)
            publisher.publish()
        with theirs.begin() as connection:
            connection.execute(delete(issues).where(issues.c.issue_id == "contoso:2"))
    if compacted:
        compact(lake, "acme", lambda: NOON, make)
    with publishing(lake, theirs, "contoso") as publisher:
        publisher.publish()
    found = asked(
        lake,
        "SELECT issue_id, summary, story_points FROM issues ORDER BY issue_id",
        lake_pages=("pages",),
        lake_issues=("tables", "issues"),
    )
    names = [column.name for column in kept_columns(issues)]
    wanted = [names.index(name) for name in ("issue_id", "summary", "story_points")]
    assert found == [
        tuple(row[place] for place in wanted) for engine in (ours, theirs) for row in rows_of(engine)["issues"]
    ]


def test_the_view_of_a_computed_table_has_the_last_rows_of_each_source(lake: Lake) -> None:
    for version, (source, name) in enumerate([("acme", "old"), ("acme", "new"), ("", "all")]):
        publish(lake, source, version, {"issue_flow": [pa.RecordBatch.from_pylist([{"issue_id": name}])]})
    found = asked(
        lake,
        "SELECT issue_id, _source FROM issue_flow ORDER BY issue_id",
        lake_computations=("computations",),
        lake_issue_flow=("computed", "issue_flow"),
    )
    assert found == [("all", "(all)"), ("new", "acme")]
