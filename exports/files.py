"""Puts a set of files into a folder so that readers see each whole or not at all, and the manifest last."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import msgspec
from sqlalchemy import Table

from exports.base import PLAIN, Order, Place, Written
from exports.folders import explained
from exports.manifest import (
    MANIFEST,
    FileEntry,
    Manifest,
    TableEntry,
    file_entry,
    manifest_bytes,
    read_manifest,
    succeeding,
    table_entry,
)
from exports.staging import Staging, Target, target_of

WriteTable = Callable[[Table, BinaryIO], int]
"""Writes a table's content and returns its rows."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a set: its name, its rows of each of its tables, and what its reader should know of them.

    One without tables is a document.
    """

    name: str
    rows: Mapping[str, int]
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


WriteSet = Callable[[Staging], Sequence[Part]]
"""Makes all files of an export."""


def write_files(
    tables: Sequence[Table],
    to: Place,
    suffix: str,
    write: WriteTable,
    order: Order = PLAIN,
    *,
    totals: Mapping[str, int] | None = None,
) -> list[Written]:
    """Write `<table>.<suffix>` for each table by `write`; see `write_set`."""

    def write_all(staging: Staging) -> list[Part]:
        return [_write_one(staging, table, f"{table.name}.{suffix}", write) for table in tables]

    return write_set(tables, to, suffix, write_all, order, totals=totals)


def _write_one(staging: Staging, table: Table, name: str, write: WriteTable) -> Part:
    with staging.new(name) as file:
        return Part(name, {table.name: write(table, file)})


def write_set(
    tables: Sequence[Table],
    to: Place,
    format_: str,
    write: WriteSet,
    order: Order = PLAIN,
    *,
    totals: Mapping[str, int] | None = None,
    instead_of: Collection[str] = (),
) -> list[Written]:
    """Let `write` make the files of an export. They get their names when the last is complete, the manifest after them.

    What an earlier export left of these tables in this format, and this one does not have, is removed at the end. So
    are the files `instead_of` which these stand, where an export wrote them.
    `totals` are the rows of whole tables, for those of which there is an increment only. Raises `ExportError` for what
    cannot be written; then the files of before are as they were.
    """
    target = target_of(to, order)
    staging = Staging(target)
    try:
        target.prepare()
        old = read_manifest(target.read(MANIFEST), target.address(MANIFEST))
        parts = write(staging)
        made = {part.name: _entry(part.name, staging, target) for part in parts}
        entries = _entries(tables, format_, parts, made, order, totals or {})
        documents = [made[part.name] for part in parts if not part.rows]
        manifest = succeeding(_present(target, old, instead_of), order, entries, documents)
        with staging.new(MANIFEST) as file:
            file.write(manifest_bytes(manifest))
        target.publish([(name, staging.paths[name]) for name in [*(part.name for part in parts), MANIFEST]])
        replaced = old.paths().intersection(instead_of) if old else frozenset()
        target.remove(sorted((_superseded(old, tables, format_) | replaced) - manifest.paths()))
    finally:
        staging.forget()
        target.close()
    return [
        Written(table=table, path=target.address(part.name), rows=rows, notes=part.notes.get(table, ()))
        for part in parts
        for table, rows in part.rows.items()
    ]


def _entry(name: str, staging: Staging, target: Target) -> FileEntry:
    """The manifest's entry of a complete file, rows not told."""
    with explained(target.address(name)):
        return file_entry(name, 0, staging.paths[name])


def _entries(
    tables: Sequence[Table],
    format_: str,
    parts: Sequence[Part],
    made: Mapping[str, FileEntry],
    order: Order,
    totals: Mapping[str, int],
) -> list[TableEntry]:
    files: dict[str, list[FileEntry]] = {table.name: [] for table in tables}
    notes: dict[str, tuple[str, ...]] = dict.fromkeys(files, ())
    for part in parts:
        for table, rows in part.rows.items():
            files[table].append(msgspec.structs.replace(made[part.name], rows=rows))
            notes[table] += part.notes.get(table, ())
    return [
        table_entry(table, format_, order, files[table.name], totals.get(table.name), notes[table.name])
        for table in tables
    ]


def _present(target: Target, old: Manifest | None, leaving: Collection[str]) -> Manifest | None:
    """The manifest without the files `leaving`, and without those that somebody took away."""
    if old is None:
        return None

    def stays(file: FileEntry) -> bool:
        return file.path not in leaving and target.has(file.path)

    there = [entry for entry in old.tables if all(map(stays, entry.files))]
    return msgspec.structs.replace(old, tables=there, documents=list(filter(stays, old.documents)))


def _superseded(old: Manifest | None, tables: Sequence[Table], format_: str) -> frozenset[str]:
    """Files of the same tables in the same format."""
    names = {table.name for table in tables}
    entries = [entry for entry in (old.tables if old else ()) if entry.format == format_ and entry.name in names]
    return frozenset(file.path for entry in entries for file in entry.files)
