"""The data dictionary: what each table and column holds, from the schema, which is the only place that says it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Boolean, Column, Connection, Date, Double, Executable, Integer, Numeric, Table, delete, insert

from warehouse.bulk import clear, insert_rows
from warehouse.tables import COMPUTED, LOADED, METADATA, OPERATIONAL
from warehouse.tables.computed import dates
from warehouse.tables.operational import data_dictionary
from warehouse.types import JsonText, UtcDateTime

KINDS = {"loaded": LOADED, "computed": COMPUTED, "operational": OPERATIONAL}
"""Kind → its tables, in order."""

_NAMED = re.compile(r"(\w+)\.(\w+)")


class Entry(NamedTuple):
    """A row of `data_dictionary`, in the order of its columns."""

    data_dictionary_id: str
    table_name: str
    column_name: str | None
    place: int
    kind: str
    data_type: str | None
    description: str


def entries() -> list[Entry]:
    """Of each table an entry for itself, then one for each column."""
    found = [entry for kind, tables in KINDS.items() for table in tables for entry in _of_table(kind, table)]
    return [entry._replace(place=place) for place, entry in enumerate(found, 1)]


def write_dictionary(connection: Connection) -> None:
    """Make the rows of `data_dictionary` those of the schema that this code has."""
    clear(connection, data_dictionary)
    insert_rows(connection, data_dictionary, Entry._fields, entries())


def dictionary_rows() -> list[Executable]:
    """The same as statements, for whoever prints them."""
    rows = [insert(data_dictionary).values(entry._asdict()) for entry in entries()]
    return [delete(data_dictionary), *rows]


def joined_table(column: Column[Any]) -> str | None:
    """The table whose key the column holds; None for columns that join to nothing.

    Its description begins with `table.column`, or it is called as the key of one loaded table, or of `dates`.
    """
    named = _NAMED.match(column.comment or "")
    if named is not None:
        table = METADATA.tables.get(named[1])
        return named[1] if table is not None and [*table.primary_key.columns.keys()] == [named[2]] else None
    owners = [] if column.primary_key else [name for name, key in _own_keys() if key == column.name]
    return owners[0] if len(owners) == 1 else None


def _own_keys() -> Iterator[tuple[str, str]]:
    """Each such table with its key, but for keys that are ids of another table's rows."""
    for table in (*LOADED, dates):
        (key,) = table.primary_key
        if _NAMED.match(key.comment or "") is None:
            yield table.name, key.name


def data_type(column: Column[Any]) -> str:
    """The kind of values, in words."""
    if isinstance(column.type, (Integer, Double)) and column.name.endswith("seconds"):
        return "seconds"
    words = {
        JsonText: "JSON",
        UtcDateTime: "instant",
        Date: "day",
        Boolean: "flag",
        Integer: "whole number",
        Double: "decimal number",  # before Numeric, whose kind it is
        Numeric: "points",
    }
    return next((word for type_, word in words.items() if isinstance(column.type, type_)), "text")


def _of_table(kind: str, table: Table) -> Iterator[Entry]:
    yield Entry(table.name, table.name, None, 0, kind, None, table.comment or "")
    for column in table.columns:
        filled_by = "computed" if column.info.get("derived") and _is_computed(column) else kind
        name = f"{table.name}.{column.name}"
        yield Entry(name, table.name, column.name, 0, filled_by, data_type(column), column.comment or "")


def _is_computed(column: Column[Any]) -> bool:
    """Of `sources`, syncing fills what the loader leaves alone."""
    return column.table.name != "sources"
