"""Writes docs/data-dictionary.md and docs/entities.svg from the schema; --check only says if they are in step."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import entities

from warehouse.dictionary import KINDS, Entry
from warehouse.dictionary import entries as all_entries

_HEAD = """# Data dictionary

Made from the schema by `./dev python tools/dictionary.py`: change the descriptions in `warehouse/tables/`, not here.
The same rows are in the table `data_dictionary`, and PostgreSQL has them as comments on tables and columns.

Each table has one key column, the first. A description that begins with `table.column` names the row that an id joins
to. SQLite and PostgreSQL have the same tables. The types are **text**, **JSON** (text in SQLite, `jsonb` in
PostgreSQL), **instant** (UTC; ISO 8601 text in SQLite), **day**, **flag** (true or false), **whole number**,
**decimal number**, **points** (story points) and **seconds**. Columns marked *required* are never NULL.

![Each table with its key and the columns that join it to others](entities.svg)

The picture shows keys (underlined) and joining columns. A line has the colour of the table that it leads to: it joins
that table's key, at the arrow, with every column that holds it, at the dots.
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
    by_table = [list(rows) for _, rows in groupby(all_entries(), key=lambda entry: entry.table_name)]
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


DOCUMENTS = {Path("docs/data-dictionary.md"): document, Path("docs/entities.svg"): entities.drawing}
"""File → what makes it."""


def main(arguments: list[str]) -> int:
    """Write the files, or compare them; 1 if one differs."""
    if arguments != ["--check"]:
        for path, made in DOCUMENTS.items():
            path.write_text(made(), encoding="utf-8")
        return 0
    behind = [
        path for path, made in DOCUMENTS.items() if not path.is_file() or path.read_text(encoding="utf-8") != made()
    ]
    for path in behind:
        print(f"{path}: is not what the schema says: run `./dev python tools/dictionary.py`")
    return 1 if behind else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
