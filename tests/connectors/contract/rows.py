"""What a connector's pages leave behind: rows by table, as the loader would write them, and in words that compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from connectors.base import Connector, Page
from warehouse.records import RECORD_TABLES, Record
from warehouse.tables import table

Row = dict[str, Any]
Tables = dict[str, dict[str, Row]]
"""Name of the record type → primary key → row."""


def rows_of(connector: Connector) -> Tables:
    """All streams from their beginning, page by page."""
    tables: Tables = {}
    for stream in connector.streams():
        for page in stream.pages(None):
            apply(tables, page)
    return tables


def apply(tables: Tables, page: Page) -> None:
    """Upserts, then replacements, then marks."""
    _upsert(tables, page.records)
    for replacement in page.replacements:
        table = tables.setdefault(replacement.record_type.__name__, {})
        scope = frozenset(replacement.values)
        for key in [key for key, row in table.items() if row[replacement.scope] in scope]:
            del table[key]
        _upsert(tables, replacement.records)
    for mark in page.marks:
        table = tables.get(mark.record_type.__name__, {})
        for key, moment in mark.at.items():
            if key in table and table[key][mark.column] is None:
                table[key][mark.column] = moment


def _upsert(tables: Tables, records: Iterable[Record]) -> None:
    for record in records:
        row = msgspec.structs.asdict(record)
        rows = tables.setdefault(type(record).__name__, {})
        key = next(iter(row.values()))
        before = rows.get(key, {})
        kept = {name: before.get(name) for name in _kept_columns(type(record)) if row[name] is None}
        rows[key] = {**row, **kept}


@cache
def _kept_columns(record_type: type[Record]) -> tuple[str, ...]:
    """Columns in which a value that is there is not overwritten by NULL."""
    return tuple(c.name for c in table(RECORD_TABLES[record_type]).columns if c.info.get("keep"))


def in_words(rows: Iterable[Row], words: Mapping[str, str], left_out: Iterable[str] = ()) -> list[Row]:
    """The rows without some columns; ids that are `words` are said so."""
    dropped = frozenset(left_out)
    return [
        {
            column: words.get(value, value) if isinstance(value, str) else value
            for column, value in row.items()
            if column not in dropped
        }
        for row in rows
    ]


def differing(
    mine: Mapping[str, Iterable[Row]], other: Mapping[str, Iterable[Row]], shown: int = 3
) -> dict[str, tuple[list[str], list[str]]]:
    """Table → rows only here, rows only there; a few each."""
    found = {}
    for name in sorted({*mine, *other}):
        here, there = Counter(map(repr, mine.get(name, ()))), Counter(map(repr, other.get(name, ())))
        if here != there:
            found[name] = (sorted(here - there)[:shown], sorted(there - here)[:shown])
    return found
