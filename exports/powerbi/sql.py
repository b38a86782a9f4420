"""The SELECT that gives a table of the model from PostgreSQL, typed as Power BI wants it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Double, Numeric

from exports.model import Kind, ModelColumn, ModelTable, bi_model
from warehouse.types import JsonText

SCHEMA_MARK = "{schema}"
"""Stands in the text for the quoted name of the schema."""


def select_text(table: ModelTable) -> str:
    """One statement, a column a line; instants as UTC without a zone, points as doubles, JSON as text."""
    columns = ",\n    ".join(f'{_expression(column)} AS "{column.name}"' for column in table.columns)
    joins = "".join(f"\n{join}" for join in _joins(table))
    return f"SELECT\n    {columns}\nFROM {_place(table.name)} AS t{joins}"


def _expression(column: ModelColumn) -> str:
    if column.lookup is not None:
        return f'{column.lookup.by}_row."{column.lookup.take}"'
    if column.labels is not None:
        cases = " ".join(f"WHEN {number} THEN '{word}'" for number, word in sorted(column.labels.words.items()))
        return f'CASE t."{column.labels.of}" {cases} END'
    name = f't."{column.name}"'
    type_ = None if column.stored is None else column.stored.type
    if column.kind is Kind.INSTANT:
        return f"{name} AT TIME ZONE 'UTC'"
    if isinstance(type_, JsonText):
        return f"CAST({name} AS text)"
    if isinstance(type_, Numeric) and not isinstance(type_, Double):
        return f"CAST({name} AS double precision)"
    return name


def _joins(table: ModelTable) -> Iterator[str]:
    lookups = {(c.lookup.by, c.lookup.from_table): None for c in table.columns if c.lookup is not None}
    for by, from_table in lookups:
        key = bi_model().table(from_table).key
        yield f'LEFT JOIN {_place(from_table)} AS {by}_row ON {by}_row."{key}" = t."{by}"'


def _place(table: str) -> str:
    return f'{SCHEMA_MARK}."{table}"'
