"""The model as Tableau has it: logical tables, and all their fields in one flat namespace.

A table that another one looks up by a second key is in it twice: the epic of an issue is a row of a logical table of
its own, with nothing but the columns that are looked up.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Boolean, Date, Double, Integer, Numeric

from exports.model import Kind, Model, ModelColumn, ModelTable, Role, bi_model
from exports.model_choices import LOOKUPS
from exports.tableau.calculation import Calculation
from exports.tableau.calculations import CALCULATIONS
from warehouse.types import UtcDateTime

_NUMERIC = frozenset({Kind.COUNT, Kind.POINTS, Kind.NUMBER, Kind.SECONDS, Kind.DAYS, Kind.PERCENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column of a logical table. Its name is unique in the data source, and so is its caption."""

    name: str
    caption: str
    column: ModelColumn
    datatype: str
    is_measure: bool
    is_hidden: bool

    @property
    def remote(self) -> str:
        """The name of the column in the warehouse and in the extract."""
        return self.column.name


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicalTable:
    """A table on Tableau's canvas: one of the warehouse, under its own name or under that of a part that it plays."""

    name: str
    caption: str
    table: ModelTable
    fields: Sequence[Field]

    @property
    def id(self) -> str:
        """The same in every export, so that workbooks find it again."""
        return f"{self.name}_{hashlib.sha256(f'flowmart/{self.name}'.encode()).hexdigest()[:32].upper()}"

    def field(self, remote: str) -> Field:
        """The field of this column of the warehouse; raises `KeyError`."""
        for field in self.fields:
            if field.remote == remote:
                return field
        raise KeyError(f"{self.name}.{remote}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Many rows of `table` to at most one of `to_table`, by the values of two fields."""

    table: LogicalTable
    field: Field
    to_table: LogicalTable
    to_field: Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """All logical tables, and how they relate: from each table there is at most one way to any other."""

    tables: Sequence[LogicalTable]
    edges: Sequence[Edge]

    def table(self, name: str) -> LogicalTable:
        """The logical table of that name; raises `KeyError`."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A logical table before its fields have names."""

    name: str
    caption: str
    table: ModelTable
    columns: Sequence[ModelColumn]


@cache
def canvas() -> Canvas:
    """The canvas of the model. Reference tables relate to nothing and are not on it."""
    model = bi_model()
    plans = [*_own(model), *_looked_up(model)]
    names = Counter(column.name for plan in plans for column in plan.columns)
    captions = Counter(
        [*(c.display.casefold() for p in plans for c in p.columns), *(_caption(one) for one in CALCULATIONS)]
        + [column.display.casefold() for table in model.tables for column in table.columns if column.labels]
    )
    tables = tuple(_table(plan, names, captions) for plan in plans)
    by_name = {table.name: table for table in tables}
    return Canvas(tables=tables, edges=tuple(_edges(model, by_name)))


def local_name(table: str, column: str) -> str:
    """The name in Tableau of a column of the warehouse. Raises `KeyError`."""
    return canvas().table(table).field(column).name


def datatype_of(column: ModelColumn) -> str:
    """Tableau's type of a stored column."""
    if column.stored is None:
        raise ValueError(f"{column.name} is not stored")
    types = {
        UtcDateTime: "datetime",
        Date: "date",
        Boolean: "boolean",
        Integer: "integer",
        Double: "real",
        Numeric: "real",
    }
    return next((name for type_, name in types.items() if isinstance(column.stored.type, type_)), "string")


def _caption(calculation: Calculation) -> str:
    return calculation.name.casefold()


def _own(model: Model) -> Iterator[_Plan]:
    for table in model.tables:
        if table.role is not Role.REFERENCE:
            stored = [column for column in table.columns if column.stored is not None]
            yield _Plan(name=table.name, caption=table.display, table=table, columns=stored)


def _looked_up(model: Model) -> Iterator[_Plan]:
    """One for each key that is looked up and that no active relationship follows."""
    active = {(one.table, one.column) for one in model.relationships if one.is_active}
    parts: dict[str, list[str]] = {}
    captions: dict[str, str] = {}
    sources: dict[str, str] = {}
    for lookup in LOOKUPS:
        if (lookup.table, lookup.by) in active:
            continue
        name = _part(lookup.table, lookup.by)
        parts.setdefault(name, [model.table(lookup.from_table).key]).append(lookup.take)
        captions.setdefault(name, f"{lookup.display} of {model.table(lookup.table).display.lower()}")
        sources[name] = lookup.from_table
    for name, columns in parts.items():
        table = model.table(sources[name])
        yield _Plan(name=name, caption=captions[name], table=table, columns=[table.column(one) for one in columns])


def _part(table: str, by: str) -> str:
    return f"{table}_{by.removesuffix('_id')}"


def _table(plan: _Plan, names: Counter[str], captions: Counter[str]) -> LogicalTable:
    fields = tuple(
        Field(
            name=column.name if names[column.name] == 1 else f"{column.name} ({plan.name})",
            caption=column.display
            if captions[column.display.casefold()] == 1
            else f"{column.display} ({plan.caption})",
            column=column,
            datatype=datatype_of(column),
            is_measure=_is_measure(column, plan.table),
            is_hidden=column.is_hidden,
        )
        for column in plan.columns
    )
    return LogicalTable(name=plan.name, caption=plan.caption, table=plan.table, fields=fields)


def _is_measure(column: ModelColumn, table: ModelTable) -> bool:
    """Whole numbers of dimensions (a year, a position) are not to be added up."""
    return column.kind in _NUMERIC and (table.role is Role.FACT or column.kind is not Kind.COUNT)


def _edges(model: Model, tables: dict[str, LogicalTable]) -> Iterator[Edge]:
    for one in model.relationships:
        if one.is_active:
            yield _edge(tables[one.table], one.column, tables[one.to_table], one.to_column)
    for table, by in dict.fromkeys((lookup.table, lookup.by) for lookup in LOOKUPS):
        part = tables.get(_part(table, by))
        if part is not None:
            yield _edge(tables[table], by, part, part.table.key)


def _edge(table: LogicalTable, column: str, to_table: LogicalTable, to_column: str) -> Edge:
    return Edge(table=table, field=table.field(column), to_table=to_table, to_field=to_table.field(to_column))
