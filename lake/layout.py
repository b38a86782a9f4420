"""Which tables a source has in the lake, and the columns of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import Column, Table

from warehouse.arrow import arrow_type
from warehouse.tables import LOADED
from warehouse.tables.operational import bookmarks, data_quality, erased_users, privacy, sync_runs

TABLES = "tables"
"""Folder of the Delta tables that hold what was pulled."""

PAGE, DELETED, SOURCE, MONTH = "_page", "_deleted", "source_id", "_month"
"""The columns that each of them has beside those of the warehouse; many have `source_id` as their own already."""

PUBLISHED: Sequence[Table] = (*LOADED, sync_runs, bookmarks, data_quality, privacy, erased_users)
"""What the next sync needs, wherever it runs, and what readers want; parents before children."""

MONTH_OF: Mapping[str, str] = {
    "comments": "created_at",
    "issue_changes": "changed_at",
    "link_events": "happened_at",
    "worklogs": "started_at",
}
"""Table → the column whose month decides where a row lies.

These grow with time and their rows seldom change. Those of `issues` change for as long as they live: by the month of
their creation, a night that touches two hundred of them would write a file for each month of some years.
"""


def kept_columns(table: Table) -> list[Column[Any]]:
    """The columns that the lake has: those that `compute` derives from the configuration are left out.

    All but those of `sources`, which say what the last census and the last sync found.
    """
    return [c for c in table.columns if table.name == "sources" or not c.info.get("derived")]


def key_of(table: Table) -> Column[Any]:
    """The one column of the primary key."""
    (key,) = table.primary_key
    return key


def lake_schema(table: Table) -> pa.Schema:
    """`_page` and `_deleted`, then the table's columns, then those that its files lie by.

    Of a deleted row there is the key alone, so all else may be NULL.
    """
    own = [pa.field(c.name, arrow_type(c), nullable=not c.primary_key) for c in kept_columns(table)]
    if not any(one.name == SOURCE for one in own):
        own.append(pa.field(SOURCE, pa.string()))
    if table.name in MONTH_OF:
        own.append(pa.field(MONTH, pa.string()))
    return pa.schema([pa.field(PAGE, pa.int64(), nullable=False), pa.field(DELETED, pa.bool_(), nullable=False), *own])


def partition_columns(table: Table) -> list[str]:
    """By what the files of the table lie in folders."""
    return [SOURCE, MONTH] if table.name in MONTH_OF else [SOURCE]
