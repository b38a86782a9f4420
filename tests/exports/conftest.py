"""A warehouse with awkward rows in every table."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Date, Engine, Float, Integer, Numeric, Table, Text, select

from exports.catalog import choose_tables
from tests.exports.titles import TITLES
from tests.warehouse.test_loader import an_issue
from warehouse.bulk import insert_rows
from warehouse.loader import Loader
from warehouse.types import JsonText, UtcDateTime

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1",
    "-2",
    "@x",
    "\tq",
    "\rq",
    "\nq",
    "\uff1d1",
    '"',
    'a "quoted" word, and more',
    "two\r\nlines\nand three",
    "",
    " ",
    "'",
    "a=b",
    "Größe 漢字 🙂",
    "007",
    "\ufffd",
    None,
]
KEYS = ["a:10", "a:9", "B:1", "ä:1", "_:1", "Z:2", "a-b:1", "z 1", "漢:1"]
LONG = "x=" * 16_384


def awkward_rows(table: Table) -> list[tuple[Any, ...]]:
    """Rows that show each hostile value in each column that takes it; keys in no order."""
    return [tuple(_value(column, number) for column in table.columns) for number in range(40)]


def _value(column: Column[Any], number: int) -> Any:
    if column.nullable and number >= len(HOSTILE) and number % 3 == 1:
        return None
    made = next((make for kind, make in _MADE.items() if isinstance(column.type, kind)), None)
    return made(number) if made else _text(column, number)


_MADE: dict[type, Callable[[int], Any]] = {
    UtcDateTime: lambda n: datetime(2026, 1 + n % 12, 1, 7, 15, 4, 123_000 * (n % 3), tzinfo=UTC),
    Date: lambda n: date(2026, 1, 1) + timedelta(days=(n * 7) % 40),
    Boolean: lambda n: n % 2 == 0,
    Integer: lambda n: n - 5,
    Float: lambda n: [0.0, -1.5, 1 / 3, 1e-7, 1e17, 3.0][n % 6],
    Numeric: lambda n: [0.0, 5.0, 0.5, -13.0, 0.1 + 0.2, 1e15][n % 6],
}


def _text(column: Column[Any], number: int) -> str | None:
    if column.primary_key:
        return f"{KEYS[number % 9]}:{number}"
    if isinstance(column.type, JsonText):
        return '{"Größe":"=1","a":[1,2.5,null,true],"z":{}}'
    if isinstance(column.type, Text) and number == len(HOSTILE) + 1:
        return LONG
    text = HOSTILE[number % len(HOSTILE)]
    return text if text is not None or column.nullable else "plain"


def _stored(engine: Engine, table: Table) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(select(table)).mappings()]
    for row in rows:
        for column in table.columns:
            if isinstance(column.type, JsonText) and isinstance(row[column.name], str):
                row[column.name] = json.loads(row[column.name])
    (key,) = table.primary_key
    return sorted(rows, key=lambda row: row[key.name])


@pytest.fixture
def fill() -> Callable[..., None]:
    """Puts awkward rows into tables of an engine; `backwards=True` in the opposite order."""

    def into(engine: Engine, tables: Sequence[Table], *, backwards: bool = False) -> None:
        with engine.begin() as connection:
            for table in tables:
                rows = awkward_rows(table)
                insert_rows(connection, table, [c.name for c in table.columns], rows[::-1] if backwards else rows)

    return into


@pytest.fixture
def filled(warehouse: Engine, fill: Callable[..., None]) -> Engine:
    """Each engine with awkward rows in all tables that people read."""
    fill(warehouse, choose_tables())
    return warehouse


@pytest.fixture
def stored(filled: Engine) -> Callable[[Table], list[dict[str, Any]]]:
    """A table's rows as the warehouse itself gives them, typed, by key as code points; JSON parsed."""
    return functools.partial(_stored, filled)


@pytest.fixture
def titled(warehouse: Engine) -> Engine:
    """Each engine with issues of awkward titles, loaded as a sync does."""
    with warehouse.begin() as connection:
        Loader(connection).upsert([an_issue(10 + n, summary=title) for n, title in enumerate(TITLES)])
    return warehouse
