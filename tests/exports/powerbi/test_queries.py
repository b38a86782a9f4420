"""What Power BI is to read: the statements give the model's columns from a real PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime

import pytest
from sqlalchemy import Connection, Engine, text

from exports.catalog import choose_tables
from exports.model import Kind, ModelTable, bi_model
from exports.powerbi.source import Source, SourceKind
from exports.powerbi.sql import SCHEMA_MARK, select_text

MODEL = bi_model()
TYPES: dict[Kind, type | tuple[type, ...]] = {
    Kind.KEY: str,
    Kind.TEXT: str,
    Kind.FLAG: bool,
    Kind.DATE: date,
    Kind.INSTANT: datetime,
    Kind.COUNT: int,
    Kind.SECONDS: (int, float),
}

each_table = pytest.mark.parametrize("table", MODEL.tables, ids=lambda table: table.name)


@pytest.fixture
def connection(postgres_warehouse: Engine, fill: Callable[..., None]) -> Iterator[Connection]:
    """PostgreSQL with awkward rows in all tables, and no search path, as Power BI comes to it."""
    fill(postgres_warehouse, choose_tables())
    with postgres_warehouse.connect() as opened:
        opened.execute(text("SET search_path TO pg_catalog"))
        yield opened
        opened.rollback()


def test_every_statement_gives_the_columns_of_its_table_typed(connection: Connection, postgres_schema: str) -> None:
    for table in MODEL.tables:
        statement = select_text(table).replace(SCHEMA_MARK, f'"{postgres_schema}"')
        result = connection.exec_driver_sql(statement)
        assert list(result.keys()) == [column.name for column in table.columns], table.name
        rows = result.fetchall()
        assert len(rows) == 40, table.name
        for place, column in enumerate(table.columns):
            wanted = TYPES.get(column.kind, float)
            values = [row[place] for row in rows if row[place] is not None]
            assert all(isinstance(value, wanted) for value in values), f"{table.name}.{column.name}"
            if column.kind is Kind.INSTANT:
                assert all(value.tzinfo is None for value in values)


def test_labels_and_lookups_are_those_of_their_rows(connection: Connection, postgres_schema: str) -> None:
    def rows(name: str) -> list[dict[str, object]]:
        statement = select_text(MODEL.table(name)).replace(SCHEMA_MARK, f'"{postgres_schema}"')
        return [dict(row) for row in connection.exec_driver_sql(statement).mappings()]

    connection.exec_driver_sql(f'SET LOCAL search_path TO "{postgres_schema}"')
    connection.exec_driver_sql("UPDATE dates SET month = 5, weekday = 7, quarter = 2")
    assert {(r["month_of_year"], r["weekday_name"], r["quarter_of_year"]) for r in rows("dates")} == {
        ("May", "Sunday", "Q2")
    }
    one, other, *_ = sorted(str(row["issue_id"]) for row in rows("issues"))
    board = next(iter(rows("boards")))
    connection.exec_driver_sql(
        "UPDATE issues SET epic_id = %s, board_id = %s WHERE issue_id = %s",
        (other, board["board_id"], one),
    )
    by_id = {row["issue_id"]: row for row in rows("issues")}
    assert by_id[one]["epic_key"] == by_id[other]["key"]
    assert by_id[one]["epic_summary"] == by_id[other]["summary"]
    assert by_id[one]["home_board"] == board["name"]


@each_table
def test_the_query_in_m_holds_the_statement_with_the_schema_as_a_parameter(table: ModelTable) -> None:
    query = "\n".join(Source(kind=SourceKind.POSTGRESQL).query(table))
    found = re.search(r"Source,\n\s*(\".*\"),\n\s*null,\n\s*\[EnableFolding=true\]", query, re.DOTALL)
    assert found is not None
    parts = re.split(r" & Schema & ", found[1])
    assert all(part[0] == part[-1] == '"' and part[1:-1].count('"') % 2 == 0 for part in parts)
    statement = '"public"'.join(part[1:-1].replace('""', '"') for part in parts).replace('""public""', '"public"')
    expected = select_text(table).replace(SCHEMA_MARK, '"public"')
    assert " ".join(statement.split()) == " ".join(expected.split())


@each_table
def test_the_query_of_files_reads_the_table_and_makes_what_the_schema_has_not(table: ModelTable) -> None:
    query = "\n".join(Source(kind=SourceKind.PARQUET).query(table))
    assert f'File.Contents(DataFolder & "\\{table.name}.parquet")' in query
    for column in table.columns:
        if column.labels is not None:
            assert f'"{column.name}", each {{' in query
        if column.lookup is not None:
            assert f'"{column.name}"' in query
            assert f'"\\{column.lookup.from_table}.parquet"' in query
        if column.kind is Kind.INSTANT:
            assert f'{{"{column.name}", ToUtc, type nullable datetime}}' in query
    steps = re.findall(r"^    (\w+) = ", query, re.MULTILINE)
    assert len(steps) == len(set(steps))
    assert query.endswith(f"in\n    {steps[-1]}")
