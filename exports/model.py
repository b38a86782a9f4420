"""The model that BI tools get: which tables are what, their names for people, and how they relate.

Derived from the schema: foreign keys from what the columns' comments begin with (`issues.issue_id …`), days by their
type. What the schema does not say is in `exports/model_choices.py`. Formats such as Power BI's or Tableau's make
their files from this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Boolean, Column, Date, Double, Integer, Numeric, Table

from exports import model_choices as choices
from warehouse.tables import COMPUTED, LOADED, OPERATIONAL
from warehouse.types import UtcDateTime

_REFERENCE = re.compile(r"(\w+)\.(\w+)\b")
_NAMED_BY_PEOPLE = {"id": "ID", "ids": "IDs", "url": "URL", "iso": "ISO", "sd": "SD"}


class Role(StrEnum):
    """What a table is for in a model."""

    DIMENSION = "dimension"
    FACT = "fact"
    BRIDGE = "bridge"
    REFERENCE = "reference"
    INTERNAL = "internal"


class Kind(StrEnum):
    """What the values of a column are, which says how they are shown."""

    KEY = "key"
    TEXT = "text"
    FLAG = "flag"
    DATE = "date"
    INSTANT = "instant"
    COUNT = "count"
    POINTS = "points"
    NUMBER = "number"
    SECONDS = "seconds"
    DAYS = "days"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelColumn:
    """A column: of the warehouse, or made beside them (`labels`, `lookup`)."""

    name: str
    display: str
    kind: Kind
    description: str
    nullable: bool = True
    is_hidden: bool = False
    is_summed: bool = False
    sort_by: str | None = None
    """Name of the column of the table that sorts it."""
    folder: str | None = None
    stored: Column[Any] | None = None
    labels: choices.Labels | None = None
    lookup: choices.Lookup | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """Columns of one table from the coarsest to the finest."""

    display: str
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTable:
    """A table of the warehouse as people see it."""

    name: str
    display: str
    role: Role
    description: str
    key: str
    columns: tuple[ModelColumn, ...]
    hierarchies: tuple[Hierarchy, ...]
    stored: Table

    def column(self, name: str) -> ModelColumn:
        """The column of that name in the warehouse; raises `KeyError`."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name}.{name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relationship:
    """Many rows of `table` to one of `to_table`, which filters them; all by one column."""

    table: str
    column: str
    to_table: str
    to_column: str
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """All tables that people read, and how they relate. No table filters another by two active ways."""

    tables: tuple[ModelTable, ...]
    relationships: tuple[Relationship, ...]

    def table(self, name: str) -> ModelTable:
        """The table of that name in the warehouse; raises `KeyError`."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)


@cache
def bi_model() -> Model:
    """The model of the schema that this code has. Internal tables are not in it."""
    stored = {table.name: table for table in (*LOADED, *COMPUTED, *OPERATIONAL)}
    tables = [
        _table(stored[name], Role(role))
        for role, names in choices.ROLES.items()
        for name in names
        if Role(role) is not Role.INTERNAL
    ]
    return Model(tables=tuple(tables), relationships=tuple(_relationships(tables)))


def _table(stored: Table, role: Role) -> ModelTable:
    foldered = len(stored.columns) >= choices.FOLDERED_FROM and role is Role.FACT
    (key,) = stored.primary_key
    return ModelTable(
        name=stored.name,
        display=choices.TABLE_NAMES.get(stored.name, _words(stored.name)),
        role=role,
        description=stored.comment or "",
        key=key.name,
        columns=(*(_column(c, foldered=foldered) for c in stored.columns), *_made_beside(stored.name)),
        hierarchies=tuple(
            Hierarchy(display=display, levels=tuple(levels))
            for display, levels in choices.HIERARCHIES.get(stored.name, ())
        ),
        stored=stored,
    )


def _column(stored: Column[Any], *, foldered: bool) -> ModelColumn:
    name, table = stored.name, stored.table.name
    kind = kind_of(stored)
    return ModelColumn(
        name=name,
        display=choices.COLUMN_NAMES.get(f"{table}.{name}", _words(name)),
        kind=kind,
        description=stored.comment or "",
        nullable=bool(stored.nullable),
        is_hidden=kind is Kind.KEY,
        is_summed=name in choices.SUMMED.get(table, ()),
        folder=_folder(name) if foldered and kind is not Kind.KEY else None,
        stored=stored,
    )


def kind_of(column: Column[Any]) -> Kind:
    """What the values of a column are. Raises `LookupError` for a double of which nothing says what it measures."""
    if isinstance(column.type, Date):
        return Kind.DATE
    if column.name not in choices.READABLE_KEYS and (column.primary_key or column.name.endswith(("_id", "_ids"))):
        return Kind.KEY
    if isinstance(column.type, (Integer, Double)) and column.name.endswith("seconds"):
        return Kind.SECONDS
    if isinstance(column.type, Double):
        return _kind_of_double(column)
    kinds = {UtcDateTime: Kind.INSTANT, Boolean: Kind.FLAG, Integer: Kind.COUNT, Numeric: Kind.POINTS}
    return next((kind for type_, kind in kinds.items() if isinstance(column.type, type_)), Kind.TEXT)


def _kind_of_double(column: Column[Any]) -> Kind:
    if column.name.endswith("_days"):
        return Kind.DAYS
    groups = {
        Kind.PERCENT: choices.PERCENT,
        Kind.POINTS: choices.POINTS_IN_DOUBLES,
        Kind.NUMBER: choices.NUMBERS,
    }
    for kind, names in groups.items():
        if column.name in names:
            return kind
    raise LookupError(f"{column.table.name}.{column.name}: exports/model_choices.py does not say what it measures")


def _made_beside(table: str) -> Iterator[ModelColumn]:
    for labels in choices.LABELS:
        if labels.table == table:
            yield ModelColumn(
                name=labels.name,
                display=labels.display,
                kind=Kind.TEXT,
                description=labels.description,
                sort_by=labels.of,
                labels=labels,
            )
    for lookup in choices.LOOKUPS:
        if lookup.table == table:
            yield ModelColumn(
                name=lookup.name,
                display=lookup.display,
                kind=Kind.TEXT,
                description=lookup.description,
                lookup=lookup,
            )


def _words(name: str) -> str:
    """`is_working_day` → `Is working day`."""
    spaced = " ".join(_NAMED_BY_PEOPLE.get(word, word) for word in name.split("_"))
    return spaced[0].upper() + spaced[1:]


def _folder(name: str) -> str | None:
    for folder, marks in choices.FOLDERS.items():
        if any(name.startswith(mark) or name.endswith(mark) for mark in marks):
            return folder
    return None


def _relationships(tables: list[ModelTable]) -> Iterator[Relationship]:
    keys = {table.name: table.key for table in tables if table.role is Role.DIMENSION}
    for table in tables:
        for column in table.columns:
            to_table = None if column.stored is None else _referred(column.stored)
            if to_table is not None and to_table in keys and to_table != table.name:
                yield Relationship(
                    table=table.name,
                    column=column.name,
                    to_table=to_table,
                    to_column=keys[to_table],
                    is_active=f"{table.name}.{column.name}" not in choices.INACTIVE,
                )


def _referred(column: Column[Any]) -> str | None:
    """The table whose key a column holds."""
    table = column.table.name
    if isinstance(column.type, Date):
        starts_of_periods = {"week_start", "month_start", "quarter_start", "day"} if table == "dates" else frozenset()
        return None if column.name in starts_of_periods else "dates"
    if f"{table}.{column.name}" == "sync_runs.source_id":  # a source that was never reached has runs, and no row
        return "sources"
    found = _REFERENCE.match(column.comment or "")
    return found[1] if found and found[2].endswith("_id") else None
