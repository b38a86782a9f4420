"""The manifest of a folder: which tables lie in which files, of which instant, with what types and checksums.

It is written after all files. So a reader who finds each file's checksum equal to the manifest's has one whole export.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import Table

from exports.base import ExportError, Order
from exports.increments import changed_by
from exports.rows import arrow_schema
from warehouse.dictionary import data_type

MANIFEST = "manifest.json"


class FileEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A file; `path` counts from the folder. Of a file with several tables, `rows` are the table's."""

    path: str
    rows: int
    bytes: int
    sha256: str


class ColumnEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A column: `type` in the data dictionary's words, `arrow` as Parquet files have it."""

    name: str
    type: str
    arrow: str
    nullable: bool
    description: str


class Increment(msgspec.Struct, frozen=True, kw_only=True):
    """What tells that a row belongs into an increment, and how many rows the whole table had at that instant."""

    changed_by: Sequence[str]
    rows_in_warehouse: int


class TableEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A table in one format. `increment` is None where the files hold the whole table."""

    name: str
    format: str
    made_at: datetime | None
    schema_revision: str | None
    rows: int
    key: str
    description: str
    increment: Increment | None
    columns: Sequence[ColumnEntry]
    files: Sequence[FileEntry]
    notes: Sequence[str] = ()


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """All that lies in a folder. The first fields are those of the newest export there."""

    flowmart_manifest: int = 1
    made_at: datetime | None
    schema_revision: str | None
    synced_until: datetime | None
    since: datetime | None
    tables: Sequence[TableEntry]
    documents: Sequence[FileEntry] = ()
    """Files without rows, such as a data source that reads the warehouse live."""

    def paths(self) -> frozenset[str]:
        """Of all files."""
        files = [*self.documents, *(file for table in self.tables for file in table.files)]
        return frozenset(file.path for file in files)


def read_manifest(content: bytes | None, where: object) -> Manifest | None:
    """The manifest that an export left. Raises `ExportError` for a file of that name that is another program's."""
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ExportError("it is no manifest of ours", where, "move it away or name another folder") from error


def manifest_bytes(manifest: Manifest) -> bytes:
    """The content of the file."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def table_entry(
    table: Table, format_: str, order: Order, files: Sequence[FileEntry], total: int | None, notes: Sequence[str] = ()
) -> TableEntry:
    """What the manifest says of a table. `total`: rows of the table in the warehouse, for an increment."""
    schema = arrow_schema(table)
    return TableEntry(
        name=str(table.name),  # SQLAlchemy's own kind of text
        format=format_,
        made_at=order.made_at,
        schema_revision=order.revision,
        rows=sum(file.rows for file in files),
        key=",".join(column.name for column in table.primary_key),
        description=table.comment or "",
        increment=None if total is None else Increment(changed_by=changed_by(table), rows_in_warehouse=total),
        columns=[
            ColumnEntry(
                name=str(column.name),
                type=data_type(column),
                arrow=str(schema.field(column.name).type),
                nullable=bool(column.nullable),
                description=column.comment or "",
            )
            for column in table.columns
        ],
        files=files,
        notes=notes,
    )


def file_entry(name: str, rows: int, path: Path) -> FileEntry:
    """The entry of a file that lies, complete, at `path`."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileEntry(path=name, rows=rows, bytes=path.stat().st_size, sha256=digest)


def succeeding(
    old: Manifest | None, order: Order, new: Sequence[TableEntry], documents: Sequence[FileEntry] = ()
) -> Manifest:
    """The manifest after an export: tables and documents of other exports into the folder keep their entries.

    An entry goes when its table was written anew in its format, or when one of its files was.
    """
    written = {(entry.name, entry.format) for entry in new}
    paths = {file.path for entry in new for file in entry.files}
    kept = [
        entry
        for entry in (old.tables if old else ())
        if (entry.name, entry.format) not in written and not any(file.path in paths for file in entry.files)
    ]
    paths |= {file.path for file in documents}
    others = [file for file in (old.documents if old else ()) if file.path not in paths]
    return Manifest(
        made_at=order.made_at,
        schema_revision=order.revision,
        synced_until=order.synced_until,
        since=order.since,
        tables=sorted([*kept, *new], key=lambda entry: (entry.format, entry.name)),
        documents=sorted([*others, *documents], key=lambda file: file.path),
    )
