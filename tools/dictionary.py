"""Writes docs/data-dictionary.md from the schema; with --check it only says whether the file is in step with it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from warehouse.dictionary import KINDS, Entry, entries

DOCUMENT = Path("docs/data-dictionary.md")

_HEAD = """# Data dictionary

Made from the schema by `./dev python tools/dictionary.py`: change the descriptions in `warehouse/tables/`, not here.
The same rows are in the table `data_dictionary`, and PostgreSQL has them as comments on tables and columns.

Each table has one key column, the first. A description that begins with `table.column` names the row that an id joins
to. SQLite and PostgreSQL have the same tables. The types are **text**, **JSON** (text in SQLite, `jsonb` in
PostgreSQL), **instant** (UTC; ISO 8601 text in SQLite), **day**, **flag** (true or false), **whole number**,
**decimal number**, **points** (story points) and **seconds**. Columns marked *required* are never NULL.
"""

_CHAPTERS = {
    "loaded": "Loaded tables\n\nFrom the trackers. Columns marked *computed* follow from the config or from several "
    "tables: `flowmart compute` fills them.",
    "computed": "Computed tables\n\nFilled by `flowmart compute` from the loaded ones. "
    "The definitions of all figures are in metrics.md.",
    "operational": "Operational tables\n\nAbout the runs themselves.",
}


def document() -> str:
    """The whole file."""
    required = {
        f"{table.name}.{column.name}"
        for tables in KINDS.values()
        for table in tables
        for column in table.columns
        if not column.nullable
    }
    by_table = [list(rows) for _, rows in groupby(entries(), key=lambda entry: entry.table_name)]
    parts = [_HEAD]
    for kind, title in _CHAPTERS.items():
        parts.append(f"\n## {title}\n")
        parts.extend(
            part for table, *columns in by_table if table.kind == kind for part in _section(table, columns, required)
        )
    return "".join(parts)


def _section(table: Entry, columns: list[Entry], required: set[str]) -> Iterator[str]:
    yield f"\n### `{table.table_name}`\n\n{escaped(table.description)}\n\n| column | type | holds |\n|---|---|---|\n"
    for column in columns:
        marks = [column.data_type or ""]
        if column.data_dictionary_id in required:
            marks.append("*required*")
        if column.kind != table.kind:
            marks.append(f"*{column.kind}*")
        yield f"| `{column.column_name}` | {', '.join(marks)} | {escaped(column.description)} |\n"


def escaped(text: str) -> str:
    """The text as Markdown shows it in a cell: `<source>` is no tag, and a bar ends no cell."""
    outside = [part.replace("<", "\\<") if place % 2 == 0 else part for place, part in enumerate(text.split("`"))]
    return "`".join(outside).replace("|", "\\|")


def main(arguments: list[str]) -> int:
    """Write the file, or compare it; 1 if it differs."""
    wanted = document()
    if arguments != ["--check"]:
        DOCUMENT.write_text(wanted, encoding="utf-8")
        return 0
    if DOCUMENT.is_file() and DOCUMENT.read_text(encoding="utf-8") == wanted:
        return 0
    print(f"{DOCUMENT}: is not what the schema says: run `./dev python tools/dictionary.py`")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
