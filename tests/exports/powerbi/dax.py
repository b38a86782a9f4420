"""DAX taken to pieces."""

from __future__ import annotations

import re
from typing import NamedTuple


class References(NamedTuple):
    """What a piece of DAX names."""

    tables: set[str]
    columns: set[tuple[str, str]]
    measures: set[str]
    functions: set[str]


_COLUMN = re.compile(r"'((?:[^']|'')+)'\[((?:[^\]]|\]\])+)\]")
_TABLE = re.compile(r"'((?:[^']|'')+)'")
_MEASURE = re.compile(r"\[((?:[^\]]|\]\])+)\]")
_FUNCTION = re.compile(r"\b([A-Z][A-Z.]*)\s*\(")


def references(dax: str) -> References:
    """The names in DAX whose tables are all in quotes; texts in it are not looked into."""
    code = re.sub(r'"(?:[^"]|"")*"', '""', dax)
    columns = {(table, column) for table, column in _COLUMN.findall(code)}
    rest = _COLUMN.sub("column", code)
    tables = set(_TABLE.findall(rest)) | {table for table, _ in columns}
    rest = _TABLE.sub("table", rest)
    return References(tables, columns, set(_MEASURE.findall(rest)), set(_FUNCTION.findall(rest)))
